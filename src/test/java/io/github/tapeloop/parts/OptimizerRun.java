package io.github.tapeloop.parts;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The problem of optimizers.py: a matrix and a vector whose gradients are functions of both. */
final class OptimizerRun {

    static final Oracle ORACLE = Oracle.load("optimizers.txt");
    static final int STEPS = 30;

    private final PartRun run;
    private final TapeSession session;
    private final Oracle figures;
    final Variable<TFloat32> w;
    final Variable<TFloat32> b;

    OptimizerRun(PartRun run, TapeSession session) {
        this(run, session, ORACLE);
    }

    /** @param figures what to compare with */
    OptimizerRun(PartRun run, TapeSession session, Oracle figures) {
        this.run = run;
        this.session = session;
        this.figures = figures;
        this.w = variable("layer/w", "start.w");
        this.b = variable("layer/b", "start.b");
    }

    private Variable<TFloat32> variable(String name, String figure) {
        Ops tf = session.tf();
        return Variable.create(tf, name, run.constant(tf, ORACLE.shape(figure), ORACLE.values(figure)), true);
    }

    /** Takes all steps, each as one op at a time or as one call. */
    void train(Optimizer optimizer) {
        if (run.compiled()) {
            call(TracedFunction.trace(session, "step", List.of(), step(optimizer)), STEPS, List.of());
            return;
        }
        for (int i = 0; i < STEPS; i++) {
            try (TensorScope scope = session.scope()) {
                optimizer.apply(session.tf(), gradients(session.tf(), optimizer));
            }
        }
    }

    /**
     * Takes all steps, each as one op at a time or as one call, some with infinite gradients.
     *
     * @param bad the numbers of these steps, from 0
     */
    void train(Optimizer optimizer, Set<Integer> bad) {
        TracedFunction.Body body = (tf, given) -> {
            optimizer.apply(
                    tf, gradients(tf, optimizer).map((variable, gradient) -> times(tf, gradient, given.get(0))));
            return List.of(tf.constant(0f));
        };
        try (PartRun.Prepared step = run.prepare(session, List.of(number(session.tf(), 1)), body)) {
            for (int i = 0; i < STEPS; i++) {
                step.run(List.of(number(session.tf(), bad.contains(i) ? Double.POSITIVE_INFINITY : 1)));
            }
        }
    }

    @SuppressWarnings("unchecked") // Both are of the type of this run.
    private static Operand<?> times(Ops tf, Operand<?> gradient, Operand<?> factor) {
        return tf.math.mul((Operand<TFloat32>) gradient, (Operand<TFloat32>) factor);
    }

    /** Takes all steps in one call, in a loop in the graph. */
    void trainInLoop(Optimizer optimizer) {
        TracedFunction loop = TracedFunction.repeat(session, "steps", List.of(), step(optimizer));
        call(loop, 1, List.of(session.tf().constant(STEPS)));
    }

    /** Takes all steps, each as a call of what XLA made of it. */
    void trainByXla(Optimizer optimizer) {
        call(TracedFunction.jitCompiled(session, "step", List.of(), step(optimizer)), STEPS, List.of());
    }

    private TracedFunction.Body step(Optimizer optimizer) {
        return (tf, given) -> {
            optimizer.apply(tf, gradients(tf, optimizer));
            return List.of(tf.constant(0f));
        };
    }

    private void call(TracedFunction traced, int times, List<Operand<?>> inputs) {
        try (TracedFunction function = traced) {
            for (int i = 0; i < times; i++) {
                try (TensorScope scope = session.scope()) {
                    function.call(inputs);
                }
            }
        }
    }

    /** The gradients of one step as the optimizer expects them. */
    private Gradients gradients(Ops tf, Optimizer optimizer) {
        Gradients gradients = gradients(tf);
        return optimizer.scalesLoss()
                ? gradients.map((variable, gradient) -> scaled(tf, optimizer, gradient))
                : gradients;
    }

    @SuppressWarnings("unchecked") // Gradients here are of the type of this run.
    private Operand<?> scaled(Ops tf, Optimizer optimizer, Operand<?> gradient) {
        return tf.math.mul((Operand<TFloat32>) gradient, optimizer.scaleLoss(tf, number(tf, 1)));
    }

    /** The gradients of one step. */
    Gradients gradients(Ops tf) {
        Operand<TFloat32> matrix = w.read(tf);
        Operand<TFloat32> vector = b.read(tf);
        Operand<TFloat32> ofMatrix = tf.math.add(
                tf.math.add(tf.math.sin(tf.math.mul(matrix, number(tf, 3))), tf.math.mul(matrix, number(tf, 0.3))),
                vector);
        Operand<TFloat32> ofVector =
                tf.math.add(tf.math.cos(tf.math.mul(vector, number(tf, 2))), tf.sum(matrix, tf.constant(0)));
        return Gradients.of(List.of(w, b), List.of(Optional.of(ofMatrix), Optional.of(ofVector)));
    }

    private Operand<TFloat32> number(Ops tf, double value) {
        return run.constant(tf, Shape.scalar(), value);
    }

    /** Compares the variables with the figures of a case. */
    void assertAt(String figure) {
        assertAt(figure, run.float64() ? 1e-11 : 1e-5);
    }

    void assertAt(String figure, double tolerance) {
        assertAt(figure + ".w", w, tolerance);
        assertAt(figure + ".b", b, tolerance);
    }

    private void assertAt(String figure, Variable<TFloat32> variable, double tolerance) {
        try (TensorScope scope = session.scope()) {
            double[] actual = PartRun.read(session, variable.read(session.tf()));
            PartRun.assertClose(figures.values(figure), actual, tolerance, figure);
        }
    }
}
