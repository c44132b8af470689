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
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The problem of optimizers.py: a matrix and a vector whose gradients are functions of both. */
final class OptimizerRun {

    static final Oracle ORACLE = Oracle.load("optimizers.txt");
    static final int STEPS = 30;

    private final PartRun run;
    private final TapeSession session;
    final Variable<TFloat32> w;
    final Variable<TFloat32> b;

    OptimizerRun(PartRun run, TapeSession session) {
        this.run = run;
        this.session = session;
        this.w = variable("layer/w", "start.w");
        this.b = variable("layer/b", "start.b");
    }

    private Variable<TFloat32> variable(String name, String figure) {
        Ops tf = session.tf();
        return Variable.create(tf, name, run.constant(tf, ORACLE.shape(figure), ORACLE.values(figure)), true);
    }

    /** Takes all steps, each as one op at a time or as one call. */
    void train(Optimizer optimizer) {
        if (!run.compiled()) {
            for (int i = 0; i < STEPS; i++) {
                try (TensorScope scope = session.scope()) {
                    optimizer.apply(session.tf(), gradients(session.tf()));
                }
            }
            return;
        }
        TracedFunction.Body step = (tf, none) -> {
            optimizer.apply(tf, gradients(tf));
            return List.of(tf.constant(0f));
        };
        try (TracedFunction function = TracedFunction.trace(session, "step", List.of(), step)) {
            for (int i = 0; i < STEPS; i++) {
                try (TensorScope scope = session.scope()) {
                    function.call(List.of());
                }
            }
        }
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
        return run.constant(tf, org.tensorflow.ndarray.Shape.scalar(), value);
    }

    /** Compares the variables with the figures of a case. */
    void assertAt(String figure) {
        assertAt(figure + ".w", w);
        assertAt(figure + ".b", b);
    }

    private void assertAt(String figure, Variable<TFloat32> variable) {
        try (TensorScope scope = session.scope()) {
            double[] actual = PartRun.read(session, variable.read(session.tf()));
            PartRun.assertClose(ORACLE.values(figure), actual, run.float64() ? 1e-11 : 1e-5, figure);
        }
    }
}
