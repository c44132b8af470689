package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.ByVariable;
import io.github.tapeloop.optimizer.Clip;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.GradientTransform;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Muon;
import io.github.tapeloop.optimizer.Nadam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.optimizer.Update;
import io.github.tapeloop.optimizer.WeightDecay;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** What goes with an optimizer's formula, each over 30 steps. */
final class TransformRows {

    private TransformRows() {}

    static List<PartRow> rows() {
        return List.of(
                row("Clip.norm", "", "clipnorm", "clipnorm=None", "clip_norm", p -> new Sgd(0.05).with(Clip.norm(1.5))),
                row("Clip.globalNorm", "", "global_clipnorm", "global_clipnorm=None", "clip_global_norm", p -> new Sgd(
                                0.05)
                        .with(Clip.globalNorm(2))),
                row("Clip.value", "", "clipvalue", "clipvalue=None", "clip_value", p -> new Sgd(0.05)
                        .with(Clip.value(0.5))),
                row("WeightDecay", "", "weight_decay", "weight_decay=None", "weight_decay", p -> new Sgd()
                        .momentum(0.9)
                        .with(WeightDecay.of(0.5))),
                row(
                        "WeightDecay",
                        "but of a variable",
                        "exclude_from_weight_decay",
                        "",
                        "weight_decay_excluded",
                        p -> new Sgd().momentum(0.9).with(WeightDecay.of(0.5).excluding(p.b))),
                row(
                        "MovingAverage",
                        "overwriting",
                        "use_ema, ema_overwrite_frequency",
                        "use_ema=False, ema_overwrite_frequency=None",
                        "ema_overwrite",
                        p -> new Sgd(0.05).with(MovingAverage.of(0.9).overwriteFrequency(4))),
                row(
                        "GradientAccumulation",
                        "",
                        "gradient_accumulation_steps",
                        "gradient_accumulation_steps=None",
                        "accumulate",
                        p -> new Adam(0.01).with(GradientAccumulation.of(4))),
                row("Variable.projection", "", "Variable.constraint", "constraint=None", "after_update", p -> {
                    p.w.projection(TransformRows::bound);
                    p.b.projection(TransformRows::bound);
                    return new Sgd(0.05);
                }),
                row("Optimizer.with", "all of them", "optimizers.Optimizer", "", "all", p -> {
                    p.w.projection(TransformRows::bound);
                    p.b.projection(TransformRows::bound);
                    return new Adam(Schedule.exponentialDecay(0.1, 10, 0.5))
                            .with(
                                    MovingAverage.of(0.8).overwriteFrequency(3),
                                    WeightDecay.of(0.3).excluding(name -> name.endsWith("b")),
                                    GradientAccumulation.of(2),
                                    Clip.globalNorm(2));
                }),
                row("GradientTransform", "clipping", "-: subclass the optimizer there", "", "clip_value", p -> new Sgd(
                                0.05)
                        .with(GradientTransform.of("clip", GradientTransform.each(TransformRows::clipped)))),
                row(
                        "GradientTransform",
                        "a momentum in slots",
                        "-: subclass the optimizer there",
                        "",
                        "sgd_momentum",
                        p -> new Sgd()
                                .with(GradientTransform.traceable(
                                        "heavy ball", GradientTransform.each(TransformRows::heavyBall)))),
                averageRow(),
                flushRow(),
                lossScaleRow(),
                byVariableRow(),
                swapRow());
    }

    /** Into [-0.5, 0.5]. */
    private static <T extends TNumber> Operand<T> bound(Ops tf, Operand<T> value) {
        Operand<T> half = tf.dtypes.cast(tf.constant(0.5), value.type());
        return tf.clipByValue(value, tf.math.neg(half), half);
    }

    /** {@link Clip#value}, as a user would write it. */
    private static Operand<TNumber> clipped(Update update, Variable<TNumber> variable, Operand<TNumber> gradient) {
        Class<TNumber> type = variable.type();
        return update.tf().clipByValue(gradient, update.constant(-0.5, type), update.constant(0.5, type));
    }

    /** m = 0.9 m + g in place of g. */
    private static Operand<TNumber> heavyBall(Update update, Variable<TNumber> variable, Operand<TNumber> gradient) {
        Ops tf = update.tf();
        Variable<TNumber> moment = update.slot("moment", variable, 0);
        Operand<TNumber> kept = tf.math.mul(moment.read(tf), update.constant(0.9, variable.type()));
        Operand<TNumber> next = tf.math.add(kept, gradient);
        moment.assign(tf, next);
        return next;
    }

    private static PartRow row(
            String part,
            String variant,
            String keras,
            String defaults,
            String figure,
            Function<OptimizerRun, Optimizer> optimizer) {
        boolean beside = !keras.startsWith("-") && !part.equals("Variable.projection");
        String oracle = beside ? "Keras, NumPy" : "NumPy";
        return new PartRow(PartRow.Kind.TRANSFORM, part, variant, keras, defaults, oracle, run -> {
            try (TapeSession session = run.open()) {
                OptimizerRun problem = new OptimizerRun(run, session);
                problem.train(optimizer.apply(problem));
                problem.assertAt(figure);
            }
        });
    }

    private static PartRow averageRow() {
        return new PartRow(
                PartRow.Kind.TRANSFORM,
                "MovingAverage",
                "",
                "use_ema, ema_momentum",
                "use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None",
                "Keras, NumPy",
                run -> {
                    try (TapeSession session = run.open()) {
                        OptimizerRun problem = new OptimizerRun(run, session);
                        Optimizer sgd = new Sgd(0.05).with(MovingAverage.of(0.9));
                        problem.train(sgd);
                        problem.assertAt("ema");
                        sgd.swapAverages();
                        problem.assertAt("ema.average");
                        sgd.swapAverages();
                        problem.assertAt("ema");
                        sgd.useAverages();
                        problem.assertAt("ema.average");
                    }
                });
    }

    private static PartRow flushRow() {
        return new PartRow(
                PartRow.Kind.TRANSFORM,
                "GradientAccumulation",
                "flushed",
                "-: steps left over wait there",
                "",
                "NumPy",
                run -> {
                    try (TapeSession session = run.open()) {
                        OptimizerRun problem = new OptimizerRun(run, session);
                        Optimizer nadam = new Nadam(0.01).with(GradientAccumulation.of(4));
                        problem.train(nadam);
                        nadam.flush();
                        problem.assertAt("accumulate_flushed");
                        nadam.flush();
                        problem.assertAt("accumulate_flushed");
                    }
                });
    }

    /** The scale, a power of two, doubles after every second step and divides out of each. */
    private static PartRow lossScaleRow() {
        return new PartRow(
                PartRow.Kind.TRANSFORM,
                "LossScale",
                "growthSteps 2",
                "optimizers.LossScaleOptimizer",
                "initial_scale=32768.0, dynamic_growth_steps=2000",
                "Keras, NumPy, and the closed form of the scale",
                run -> {
                    try (TapeSession session = run.open()) {
                        OptimizerRun problem = new OptimizerRun(run, session);
                        LossScale scale = LossScale.dynamic(1024, 2);
                        Sgd sgd = new Sgd();
                        sgd.setLossScale(scale);
                        problem.train(sgd);
                        problem.assertAt("sgd");
                        assertEquals(1024 * Math.pow(2, OptimizerRun.STEPS / 2), scale.value());
                    }
                });
    }

    private static PartRow byVariableRow() {
        return new PartRow(
                PartRow.Kind.OPTIMIZER, "ByVariable", "", "optimizers.MultiOptimizer", "", "Keras, NumPy", run -> {
                    try (TapeSession session = run.open()) {
                        OptimizerRun problem = new OptimizerRun(run, session);
                        problem.train(
                                ByVariable.otherwise(new Sgd(Schedule.exponentialDecay(0.1, 10, 0.5)).momentum(0.9))
                                        .use(new Muon(0.02), problem.w)
                                        .with(Clip.globalNorm(2), GradientAccumulation.of(3)));
                        problem.assertAt("by_variable");
                    }
                });
    }

    private static PartRow swapRow() {
        return new PartRow(
                PartRow.Kind.OPTIMIZER,
                "ScheduleFreeAdamW",
                "swapToEval",
                "-: no evaluation at the average there",
                "",
                "NumPy",
                run -> {
                    try (TapeSession session = run.open()) {
                        OptimizerRun problem = new OptimizerRun(run, session);
                        ScheduleFreeAdamW optimizer = new ScheduleFreeAdamW(0.05)
                                .betas(0.7, 0.8)
                                .epsilon(0.01)
                                .warmupSteps(7);
                        problem.train(optimizer);
                        optimizer.swapToEval();
                        optimizer.swapToEval();
                        problem.assertAt("schedule_free_adamw_warmup.average");
                        optimizer.swapToTrain();
                        optimizer.swapToTrain();
                        problem.assertAt("schedule_free_adamw_warmup");
                    }
                });
    }
}
