package io.github.tapeloop.parts;

import io.github.tapeloop.optimizer.Adadelta;
import io.github.tapeloop.optimizer.Adafactor;
import io.github.tapeloop.optimizer.Adagrad;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.AdamW;
import io.github.tapeloop.optimizer.Adamax;
import io.github.tapeloop.optimizer.ByVariable;
import io.github.tapeloop.optimizer.Clip;
import io.github.tapeloop.optimizer.Ftrl;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.Lamb;
import io.github.tapeloop.optimizer.Lion;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Muon;
import io.github.tapeloop.optimizer.Nadam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.RmsProp;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.optimizer.WeightDecay;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Configurations of optimizers, what goes with them, and schedules whose figures are Keras' own. */
final class KerasOptimizers {

    /** Of settings that are the same numbers in float32, of which Keras' constants are. */
    private static final double EXACT = 1e-11;

    private static final double ROUNDED = 1e-5;

    private static final double SLOW = 0x1p-20;
    private static final double FINE = 0x1p-10;
    private static final double COARSE = 0x1p-6;

    /**
     * @param part its name in the table of parts
     * @param figure its name in keras_optimizers.txt
     * @param tolerance in float64
     */
    record Case(String part, String figure, Supplier<? extends Optimizer> optimizer, double tolerance) {}

    /**
     * @param part its name in the table of parts
     * @param figure its name in keras_optimizers.txt
     */
    record Rates(String part, String figure, Schedule schedule) {}

    private final List<Case> cases = new ArrayList<>();

    private KerasOptimizers() {}

    static List<Case> cases() {
        KerasOptimizers all = new KerasOptimizers();
        all.descents();
        all.adams();
        all.accumulators();
        all.recent();
        all.byVariable();
        all.transforms();
        return all.cases;
    }

    private void add(String part, String figure, Supplier<? extends Optimizer> optimizer) {
        boolean rounded = figure.endsWith("default") || figure.startsWith("muon");
        cases.add(new Case(part, figure, optimizer, rounded ? ROUNDED : EXACT));
    }

    private static Schedule halving() {
        return Schedule.staircaseDecay(0.125, 8, 0.5);
    }

    private static Adam fastAdam() {
        return new Adam(0.0625).betas(0.5, 0.75).epsilon(COARSE);
    }

    private void descents() {
        add("Sgd", "sgd.default", Sgd::new);
        add("Sgd", "sgd.momentum", () -> new Sgd(0.03125).momentum(0.75));
        add("Sgd", "sgd.nesterov", () -> new Sgd(halving()).momentum(0.875).nesterov(true));
        add("RmsProp", "rmsprop.default", RmsProp::new);
        add(
                "RmsProp",
                "rmsprop.momentum",
                () -> new RmsProp(0.015625).rho(0.75).momentum(0.5).epsilon(FINE));
        add(
                "RmsProp",
                "rmsprop.centered",
                () -> new RmsProp(0.015625).rho(0.875).epsilon(COARSE).centered(true));
        add("RmsProp", "rmsprop.centered_momentum", () -> new RmsProp(halving())
                .rho(0.5)
                .momentum(0.5)
                .epsilon(0.25)
                .centered(true));
    }

    private void adams() {
        add("Adam", "adam.default", Adam::new);
        add("Adam", "adam.fast", KerasOptimizers::fastAdam);
        add("Adam", "adam.scheduled", () -> new Adam(halving())
                .betas(0.75, 0.96875)
                .epsilon(SLOW));
        add("Adam", "adam.amsgrad", () -> fastAdam().amsgrad(true));
        add("AdamW", "adamw.default", AdamW::new);
        // Keras' own decay of 0.004 is rounded to float32.
        cases.add(new Case(
                "AdamW", "adamw.fast", () -> new AdamW(0.0625).betas(0.5, 0.75).epsilon(COARSE), ROUNDED));
        cases.add(new Case(
                "AdamW",
                "adamw.scheduled",
                () -> new AdamW(halving()).betas(0.75, 0.96875).epsilon(SLOW),
                ROUNDED));
        add("AdamW", "adamw.decay", () -> new AdamW(0.0625)
                .betas(0.5, 0.75)
                .epsilon(COARSE)
                .amsgrad(true)
                .with(WeightDecay.of(0.25)));
        add("Adamax", "adamax.default", Adamax::new);
        add("Adamax", "adamax.fast", () -> new Adamax(0.0625).betas(0.5, 0.75).epsilon(COARSE));
        add("Adamax", "adamax.scheduled", () -> new Adamax(halving())
                .betas(0.75, 0.96875)
                .epsilon(SLOW));
        add("Nadam", "nadam.default", Nadam::new);
        // Keras' 0.96 is rounded to float32.
        cases.add(new Case(
                "Nadam", "nadam.fast", () -> new Nadam(0.0625).betas(0.5, 0.75).epsilon(COARSE), ROUNDED));
        cases.add(new Case(
                "Nadam",
                "nadam.scheduled",
                () -> new Nadam(halving()).betas(0.75, 0.96875).epsilon(SLOW),
                ROUNDED));
        add("Lamb", "lamb.default", Lamb::new);
        add("Lamb", "lamb.fast", () -> new Lamb(0.0625).betas(0.5, 0.75).epsilon(COARSE));
        add("Lamb", "lamb.scheduled", () -> new Lamb(halving())
                .betas(0.75, 0.96875)
                .epsilon(SLOW));
    }

    private void accumulators() {
        add("Adadelta", "adadelta.default", Adadelta::new);
        add("Adadelta", "adadelta.paper", () -> new Adadelta(1).rho(0.75).epsilon(FINE));
        add("Adadelta", "adadelta.scheduled", () -> new Adadelta(halving())
                .rho(0.5)
                .epsilon(COARSE));
        add("Adagrad", "adagrad.default", Adagrad::new);
        add("Adagrad", "adagrad.other", () -> new Adagrad(0.125)
                .initialAccumulatorValue(0.5)
                .epsilon(0.125));
        add("Adagrad", "adagrad.scheduled", () -> new Adagrad(halving())
                .initialAccumulatorValue(0)
                .epsilon(FINE));
        add("Ftrl", "ftrl.default", Ftrl::new);
        add("Ftrl", "ftrl.sparse", () -> new Ftrl(0.125)
                .initialAccumulatorValue(0.25)
                .l1(0.0625));
        add("Ftrl", "ftrl.regularized", () -> new Ftrl(0.125)
                .learningRatePower(-0.75)
                .initialAccumulatorValue(0.25)
                .l1(0.0625)
                .l2(0.03125)
                .l2Shrinkage(0.03125)
                .beta(0.125));
    }

    private void recent() {
        add("Lion", "lion.default", Lion::new);
        add("Lion", "lion.fast", () -> new Lion(0.015625).betas(0.5, 0.75));
        add("Lion", "lion.scheduled", () -> new Lion(halving())
                .betas(0.75, 0.875)
                .with(WeightDecay.of(0.125)));
        add("Adafactor", "adafactor.default", Adafactor::new);
        cases.add(new Case("Adafactor", "adafactor.fast", () -> new Adafactor(0.5).epsilons(1e-30, 0.25), ROUNDED));
        add("Adafactor", "adafactor.scheduled", () -> new Adafactor(halving())
                .beta2Decay(-0.5)
                .epsilons(COARSE, 0.75)
                .clipThreshold(0.5));
        add("Muon", "muon.default", Muon::new);
        add("Muon", "muon.plain", () -> new Muon(0.0625)
                .betas(0.5, 0.75)
                .epsilon(COARSE)
                .adamRatio(0.5)
                .momentum(0.75)
                .newtonSchulzSteps(3)
                .nesterov(false)
                .rmsRate(0.5)
                .with(WeightDecay.of(0.125)));
        add("Muon", "muon.excluded", () -> new Muon(0.03125)
                .excluding(name -> name.endsWith("/w"))
                .betas(0.5, 0.75)
                .epsilon(COARSE)
                .with(WeightDecay.of(0.25)));
        add("ScheduleFreeAdamW", "schedule_free_adamw.default", ScheduleFreeAdamW::new);
        add("ScheduleFreeAdamW", "schedule_free_adamw.warmup", () -> new ScheduleFreeAdamW(0.0625)
                .betas(0.75, 0.875)
                .epsilon(COARSE)
                .warmupSteps(8));
        add("ScheduleFreeAdamW", "schedule_free_adamw.scheduled", () -> new ScheduleFreeAdamW(halving())
                .betas(0.5, 0.75)
                .epsilon(COARSE)
                .with(WeightDecay.of(0.125)));
    }

    private void byVariable() {
        add("ByVariable", "by_variable.adam", () -> ByVariable.otherwise(new Sgd(0.0625))
                .use(new Adam(0.03125).betas(0.5, 0.75).epsilon(COARSE), name -> name.endsWith("/w")));
        add("ByVariable", "by_variable.decay", () -> ByVariable.otherwise(
                        new AdamW(0.0625).betas(0.5, 0.75).epsilon(COARSE).with(WeightDecay.of(0.125)))
                .use(new Sgd(halving()).momentum(0.75), name -> name.endsWith("/w")));
        add("ByVariable", "by_variable.three", () -> ByVariable.otherwise(new Sgd(0.5))
                .use(new Lion(0.015625).betas(0.5, 0.75), name -> name.endsWith("/w"))
                .use(new RmsProp(halving()).rho(0.75).epsilon(COARSE), name -> name.endsWith("/b")));
    }

    private void transforms() {
        add("Clip.norm", "clip.norm", () -> new Sgd(0.0625).with(Clip.norm(1.5)));
        add("Clip.norm", "clip.norm_adam", () -> fastAdam().with(Clip.norm(0.25)));
        add("Clip.norm", "clip.norm_loose", () -> new Sgd(0.0625).with(Clip.norm(64)));
        add("Clip.value", "clip.value", () -> new Sgd(0.0625).with(Clip.value(0.5)));
        add("Clip.value", "clip.value_momentum", () -> new Sgd(0.0625)
                .momentum(0.5)
                .with(Clip.value(0.25)));
        add("Clip.value", "clip.value_loose", () -> new Sgd(0.0625).with(Clip.value(64)));
        add("Clip.globalNorm", "clip.global_norm", () -> new Sgd(0.0625).with(Clip.globalNorm(2)));
        add("Clip.globalNorm", "clip.global_norm_adam", () -> fastAdam().with(Clip.globalNorm(0.5)));
        add("Clip.globalNorm", "clip.global_norm_loose", () -> new Sgd(0.0625).with(Clip.globalNorm(64)));
        add("MovingAverage", "ema.plain", () -> new Sgd(0.0625).with(MovingAverage.of(0.75)));
        add("MovingAverage", "ema.adam", () -> fastAdam().with(MovingAverage.of(0.96875)));
        add("MovingAverage", "ema.overwrite", () -> new Sgd(0.0625)
                .with(MovingAverage.of(0.875).overwriteFrequency(4)));
        add("GradientAccumulation", "accumulate.sgd", () -> new Sgd(0.0625).with(GradientAccumulation.of(2)));
        add("GradientAccumulation", "accumulate.adam", () -> fastAdam().with(GradientAccumulation.of(3)));
        add("GradientAccumulation", "accumulate.scheduled", () -> new Adam(halving())
                .betas(0.75, 0.96875)
                .epsilon(SLOW)
                .with(GradientAccumulation.of(5), Clip.norm(0.75)));
        add("WeightDecay", "decay.momentum", () -> new Sgd(0.03125)
                .momentum(0.75)
                .with(WeightDecay.of(0.5)));
        add("WeightDecay", "decay.adam", () -> fastAdam().with(WeightDecay.of(0.25)));
        add(
                "WeightDecay",
                "decay.scheduled",
                () -> new RmsProp(halving()).rho(0.75).epsilon(COARSE).with(WeightDecay.of(0.125)));
        add("Optimizer.with", "all.clip_decay_ema", () -> new Adam(halving())
                .betas(0.5, 0.75)
                .epsilon(COARSE)
                .with(
                        Clip.globalNorm(1),
                        WeightDecay.of(0.125),
                        MovingAverage.of(0.75).overwriteFrequency(3)));
        scale("scale.doubling", LossScale.dynamic(1024, 2), new Sgd(0.0625));
        scale("scale.steady", LossScale.dynamic(), fastAdam());
        scale("scale.skipping", LossScale.dynamic(64, 4), new Sgd(0.0625).momentum(0.75));
    }

    /** Made anew by each who asks. */
    private void scale(String figure, LossScale scale, Optimizer optimizer) {
        optimizer.setLossScale(scale);
        cases.add(new Case("LossScale", figure, () -> optimizer, EXACT));
    }

    static List<Rates> schedules() {
        return List.of(
                new Rates("Schedule.exponentialDecay", "exponential", Schedule.exponentialDecay(0.125, 16, 0.5)),
                new Rates("Schedule.exponentialDecay", "exponential_slow", Schedule.exponentialDecay(1, 100, 0.875)),
                new Rates(
                        "Schedule.exponentialDecay", "exponential_rising", Schedule.exponentialDecay(0.001, 64, 1.25)),
                new Rates("Schedule.staircaseDecay", "staircase", Schedule.staircaseDecay(0.125, 10, 0.5)),
                new Rates("Schedule.staircaseDecay", "staircase_slow", Schedule.staircaseDecay(1, 64, 0.875)),
                new Rates("Schedule.staircaseDecay", "staircase_short", Schedule.staircaseDecay(0.1, 3, 0.9)),
                new Rates(
                        "Schedule.piecewiseConstant",
                        "piecewise",
                        Schedule.piecewiseConstant(
                                new long[] {5, 20, 70}, new double[] {0.125, 0.0625, 0.25, 0.015625})),
                new Rates(
                        "Schedule.piecewiseConstant",
                        "piecewise_two",
                        Schedule.piecewiseConstant(new long[] {10}, new double[] {1, 0.1})),
                new Rates(
                        "Schedule.piecewiseConstant",
                        "piecewise_from_start",
                        Schedule.piecewiseConstant(new long[] {0, 1, 2}, new double[] {0.1, 0.2, 0.3, 0.4})),
                new Rates("Schedule.polynomialDecay", "polynomial", Schedule.polynomialDecay(0.125, 30)),
                new Rates(
                        "Schedule.polynomialDecay",
                        "polynomial_power",
                        Schedule.polynomialDecay(0.125, 70, 0.03125, 0.5, false)),
                new Rates(
                        "Schedule.polynomialDecay",
                        "polynomial_cycle",
                        Schedule.polynomialDecay(0.125, 10, 0.015625, 2, true)),
                new Rates(
                        "Schedule.polynomialDecay",
                        "polynomial_rising",
                        Schedule.polynomialDecay(0.01, 100, 0.1, 3, false)),
                new Rates("Schedule.inverseTimeDecay", "inverse_time", Schedule.inverseTimeDecay(0.125, 10, 0.5)),
                new Rates(
                        "Schedule.inverseTimeDecay",
                        "inverse_time_staircase",
                        Schedule.inverseTimeDecay(0.125, 10, 0.5, true)),
                new Rates("Schedule.inverseTimeDecay", "inverse_time_fast", Schedule.inverseTimeDecay(1, 1, 2)),
                new Rates("Schedule.cosineDecay", "cosine", Schedule.cosineDecay(0.125, 100)),
                new Rates("Schedule.cosineDecay", "cosine_alpha", Schedule.cosineDecay(0.125, 70, 0.25)),
                new Rates(
                        "Schedule.cosineDecay",
                        "cosine_warmup",
                        Schedule.cosineDecay(0.25, 100, 0.125).warmup(0.015625, 15)),
                new Rates(
                        "Schedule.warmup",
                        "cosine_warmup",
                        Schedule.cosineDecay(0.25, 100, 0.125).warmup(0.015625, 15)),
                new Rates(
                        "Schedule.warmup",
                        "cosine_warmup_long",
                        Schedule.cosineDecay(1, 30).warmup(0, 70)),
                new Rates(
                        "Schedule.warmup",
                        "cosine_warmup_short",
                        Schedule.cosineDecay(1, 150, 0.5).warmup(0.5, 1)),
                new Rates("Schedule.cosineDecayRestarts", "restarts", Schedule.cosineDecayRestarts(0.125, 10)),
                new Rates(
                        "Schedule.cosineDecayRestarts",
                        "restarts_equal",
                        Schedule.cosineDecayRestarts(0.125, 10, 1, 0.5, 0.125)),
                new Rates(
                        "Schedule.cosineDecayRestarts",
                        "restarts_threefold",
                        Schedule.cosineDecayRestarts(0.125, 2, 3, 0.875, 0.0625)));
    }
}
