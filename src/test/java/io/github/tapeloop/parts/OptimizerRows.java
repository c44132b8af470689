package io.github.tapeloop.parts;

import io.github.tapeloop.optimizer.Adadelta;
import io.github.tapeloop.optimizer.Adafactor;
import io.github.tapeloop.optimizer.Adagrad;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.AdamW;
import io.github.tapeloop.optimizer.Adamax;
import io.github.tapeloop.optimizer.Ftrl;
import io.github.tapeloop.optimizer.Lamb;
import io.github.tapeloop.optimizer.Lion;
import io.github.tapeloop.optimizer.Muon;
import io.github.tapeloop.optimizer.Nadam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.RmsProp;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.optimizer.WeightDecay;
import io.github.tapeloop.runtime.TapeSession;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Optimizers, each over 30 steps. */
final class OptimizerRows {

    private static final String TORCH = "Keras, NumPy, torch.optim";
    private static final String NUMPY = "Keras, NumPy";

    private OptimizerRows() {}

    static List<PartRow> rows() {
        return Stream.of(descents(), adams(), accumulators(), others(), recent())
                .flatMap(List::stream)
                .toList();
    }

    private static List<PartRow> descents() {
        String sgd = "learning_rate=0.01, momentum=0.0, nesterov=False";
        String rms = "learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False";
        return List.of(
                row("Sgd", "", "SGD", sgd, TORCH, "sgd", Sgd::new),
                row("Sgd", "momentum", "SGD", sgd, TORCH, "sgd_momentum", () -> new Sgd().momentum(0.9)),
                row("Sgd", "nesterov", "SGD", sgd, TORCH, "sgd_nesterov", () -> new Sgd()
                        .momentum(0.9)
                        .nesterov(true)),
                row("RmsProp", "", "RMSprop", rms, TORCH, "rmsprop", RmsProp::new),
                row("RmsProp", "momentum", "RMSprop", rms, TORCH, "rmsprop_momentum", () -> new RmsProp(0.005)
                        .momentum(0.9)),
                row("RmsProp", "centered", "RMSprop", rms, NUMPY, "rmsprop_centered", () -> new RmsProp(0.01)
                        .rho(0.8)
                        .momentum(0.5)
                        .epsilon(1e-3)
                        .centered(true)));
    }

    private static List<PartRow> adams() {
        String moments = "learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7";
        String adam = moments + ", amsgrad=False";
        String adamW = "learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False";
        return List.of(
                row("Adam", "", "Adam", adam, TORCH, "adam", Adam::new),
                row("Adam", "amsgrad", "Adam", adam, NUMPY, "adam_amsgrad", () -> new Adam(0.05)
                        .betas(0.5, 0.7)
                        .epsilon(0.01)
                        .amsgrad(true)),
                row("AdamW", "", "AdamW", adamW, TORCH, "adamw", AdamW::new),
                row("AdamW", "decay 0.3, not of b", "AdamW", adamW, NUMPY, "adamw_excluded", () -> new AdamW(0.05)
                        .betas(0.5, 0.7)
                        .epsilon(0.01)
                        .with(WeightDecay.of(0.3).excluding(name -> name.endsWith("/b")))),
                row("Adamax", "", "Adamax", moments, TORCH, "adamax", Adamax::new),
                row("Adamax", "betas, epsilon", "Adamax", moments, NUMPY, "adamax_fast", () -> new Adamax(0.05)
                        .betas(0.5, 0.7)
                        .epsilon(0.01)),
                row("Nadam", "", "Nadam", moments, NUMPY, "nadam", Nadam::new),
                row("Nadam", "betas, epsilon", "Nadam", moments, NUMPY, "nadam_fast", () -> new Nadam(0.05)
                        .betas(0.5, 0.7)
                        .epsilon(0.01)));
    }

    private static List<PartRow> accumulators() {
        String adadelta = "learning_rate=0.001, rho=0.95, epsilon=1e-7";
        String adagrad = "learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7";
        String ftrl = "learning_rate=0.001, learning_rate_power=-0.5, initial_accumulator_value=0.1,"
                + " l1_regularization_strength=0.0, l2_regularization_strength=0.0,"
                + " l2_shrinkage_regularization_strength=0.0, beta=0.0";
        return List.of(
                row("Adadelta", "", "Adadelta", adadelta, TORCH, "adadelta", Adadelta::new),
                row("Adadelta", "learning rate 1", "Adadelta", adadelta, TORCH, "adadelta_paper", () -> new Adadelta(1)
                        .rho(0.8)
                        .epsilon(1e-3)),
                row("Adagrad", "", "Adagrad", adagrad, TORCH, "adagrad", Adagrad::new),
                row("Adagrad", "initial value, epsilon", "Adagrad", adagrad, NUMPY, "adagrad_other", () -> new Adagrad(
                                0.1)
                        .initialAccumulatorValue(0.5)
                        .epsilon(0.1)),
                row("Ftrl", "", "Ftrl", ftrl, NUMPY, "ftrl", Ftrl::new),
                row("Ftrl", "regularized", "Ftrl", ftrl, NUMPY, "ftrl_regularized", () -> new Ftrl(0.1)
                        .learningRatePower(-0.7)
                        .initialAccumulatorValue(0.3)
                        .l1(0.05)
                        .l2(0.02)
                        .l2Shrinkage(0.03)
                        .beta(0.1)));
    }

    private static List<PartRow> others() {
        String lion = "learning_rate=0.001, beta_1=0.9, beta_2=0.99";
        String lamb = "learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7";
        return List.of(
                row("Lion", "", "Lion", lion, NUMPY, "lion", Lion::new),
                row("Lion", "betas", "Lion", lion, NUMPY, "lion_fast", () -> new Lion(0.01).betas(0.5, 0.7)),
                row("Lamb", "", "Lamb", lamb, NUMPY, "lamb", Lamb::new),
                row("Lamb", "betas, epsilon", "Lamb", lamb, NUMPY, "lamb_fast", () -> new Lamb(0.05)
                        .betas(0.5, 0.7)
                        .epsilon(0.01)));
    }

    private static List<PartRow> recent() {
        String adafactor =
                "learning_rate=0.001, beta_2_decay=-0.8, epsilon_1=1e-30, epsilon_2=0.001, clip_threshold=1.0,"
                        + " relative_step=True";
        String muon = "learning_rate=0.001, adam_beta_1=0.9, adam_beta_2=0.999, adam_weight_decay=0.004, epsilon=1e-7,"
                + " weight_decay=0.004, adam_lr_ratio=1, momentum=0.95, ns_steps=5, nesterov=True, rms_rate=0.2";
        String free = "learning_rate=0.0025, beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0";
        return List.of(
                row("Adafactor", "", "Adafactor", adafactor, NUMPY, "adafactor", Adafactor::new),
                row(
                        "Adafactor",
                        "rate 0.5",
                        "Adafactor",
                        adafactor,
                        NUMPY,
                        "adafactor_relative",
                        () -> new Adafactor(0.5)),
                row(
                        "Adafactor",
                        "schedule, threshold",
                        "Adafactor",
                        adafactor,
                        NUMPY,
                        "adafactor_fixed",
                        () -> new Adafactor(Schedule.exponentialDecay(0.1, 10, 0.5))
                                .beta2Decay(-0.5)
                                .epsilons(1e-2, 0.7)
                                .clipThreshold(0.5)),
                row("Muon", "", "Muon", muon, NUMPY, "muon", Muon::new),
                row("Muon", "not scaled, no Nesterov", "Muon", muon, NUMPY, "muon_other", () -> new Muon(0.05)
                        .momentum(0.8)
                        .newtonSchulzSteps(3)
                        .nesterov(false)
                        .rmsRate(0)
                        .betas(0.5, 0.7)
                        .epsilon(0.01)
                        .adamRatio(0.5)
                        .with(WeightDecay.of(0.1))),
                row("Muon", "excluding", "Muon", muon, NUMPY, "muon_excluded", () -> new Muon(0.01)
                        .excluding(name -> name.endsWith("/w"))),
                row(
                        "ScheduleFreeAdamW",
                        "",
                        "ScheduleFreeAdamW",
                        free,
                        NUMPY,
                        "schedule_free_adamw",
                        ScheduleFreeAdamW::new),
                row(
                        "ScheduleFreeAdamW",
                        "warm-up",
                        "ScheduleFreeAdamW",
                        free,
                        NUMPY,
                        "schedule_free_adamw_warmup",
                        () -> new ScheduleFreeAdamW(0.05)
                                .betas(0.7, 0.8)
                                .epsilon(0.01)
                                .warmupSteps(7)),
                row(
                        "ScheduleFreeAdamW",
                        "weight decay",
                        "ScheduleFreeAdamW",
                        free,
                        NUMPY,
                        "schedule_free_adamw_decay",
                        () -> new ScheduleFreeAdamW().with(WeightDecay.of(10))));
    }

    private static PartRow row(
            String part,
            String variant,
            String keras,
            String defaults,
            String oracle,
            String figure,
            Supplier<? extends Optimizer> optimizer) {
        return new PartRow(PartRow.Kind.OPTIMIZER, part, variant, "optimizers." + keras, defaults, oracle, run -> {
            try (TapeSession session = run.open()) {
                OptimizerRun problem = new OptimizerRun(run, session);
                problem.train(optimizer.get());
                problem.assertAt(figure);
            }
        });
    }
}
