package io.github.tapeloop.execution;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.step.Guard;
import io.github.tapeloop.warning.Warnings;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** The verified execution: takes the first steps eager and compiled from the same state, and goes on compiled if they agree. */
final class VerifiedExecution extends Execution {

    /** Of the largest value: both ways run the same kernels, but a graph may fuse and reorder. */
    private static final double TOLERANCE = 1e-4;

    private final Execution eager;
    private final Execution compiled;
    private int left;
    private boolean agreed = true;

    VerifiedExecution(Step step, Execution eager, Execution compiled, int steps) {
        super(step);
        this.eager = eager;
        this.compiled = compiled;
        this.left = steps;
    }

    /** How many steps are still to be taken both ways. */
    int left() {
        return left;
    }

    /** Whether both ways have agreed until now. */
    boolean agreed() {
        return agreed;
    }

    /** Goes on where another process was. */
    void goOn(int stepsLeft, boolean haveAgreed) {
        left = stepsLeft;
        agreed = haveAgreed;
    }

    @Override
    int take(Batch batch, Undo undo, Consumer<Bundle> result) {
        if (!agreed) {
            return eager.run(batch, result);
        }
        return left > 0 ? verify(batch, result) : compiled.run(batch, result);
    }

    private int verify(Batch batch, Consumer<Bundle> result) {
        Guard guard = step.seams().guard(); // Its counts are no part of the state: a run that goes back keeps them.
        Guard.Counts countsBefore = guard.counts();
        try (TensorScope scope = session.scope();
                Snapshot before = step.state().snapshot()) {
            double[] losses = new double[2];
            int steps = eager.run(batch, loss -> {
                losses[0] = scalar(loss);
                result.accept(loss);
            });
            Guard.Counts countsAfter = guard.counts();
            try (Snapshot after = step.state().snapshot()) {
                Map<Variable<?>, Operand<?>> values = values();
                before.restore();
                guard.count(countsBefore);
                Optional<String> difference;
                try {
                    compiled.run(batch, loss -> losses[1] = scalar(loss));
                    difference = difference(losses, values);
                } catch (RuntimeException e) { // Whatever the user's code throws where it is traced.
                    difference = Optional.of(String.valueOf(e.getMessage()));
                }
                if (difference.isPresent()) {
                    Warnings.warn(
                            VerifiedExecution.class,
                            "The compiled step is not used, since it does not do what the eager one does: "
                                    + difference.get());
                    agreed = false;
                    after.restore();
                    guard.count(countsAfter);
                }
            }
            left--;
            return steps;
        }
    }

    private double scalar(Bundle result) {
        return session.scalar(result.<TFloat32>get(Step.RESULT));
    }

    private Map<Variable<?>, Operand<?>> values() {
        Map<Variable<?>, Operand<?>> values = new LinkedHashMap<>();
        step.state().variables().values().forEach(variable -> values.put(variable, variable.read(session.tf())));
        return values;
    }

    private Optional<String> difference(double[] losses, Map<Variable<?>, Operand<?>> expected) {
        if (Math.abs(losses[0] - losses[1]) > TOLERANCE * Math.max(1, Math.abs(losses[0]))) {
            return Optional.of("the loss is " + losses[1] + ", eager " + losses[0]);
        }
        for (Map.Entry<Variable<?>, Operand<?>> entry : expected.entrySet()) {
            double distance = distance(entry.getKey().read(session.tf()), entry.getValue());
            if (!(distance <= TOLERANCE)) {
                return Optional.of(
                        "variable '" + entry.getKey().name() + "' differs by " + distance + " of its largest value");
            }
        }
        return Optional.empty();
    }

    @Override
    void close() {
        compiled.close();
    }

    /** The largest difference, relative to the largest value or to 1. */
    private double distance(Operand<?> actual, Operand<?> expected) {
        Ops tf = session.tf();
        Operand<TFloat64> wanted = flat(tf, expected);
        double largest = session.scalar(tf.max(tf.math.abs(wanted), tf.constant(0)));
        double difference = session.scalar(tf.max(tf.math.abs(tf.math.sub(flat(tf, actual), wanted)), tf.constant(0)));
        return difference / Math.max(1, largest);
    }

    private static Operand<TFloat64> flat(Ops tf, Operand<?> x) {
        return tf.reshape(Tensors.cast(tf, x, TFloat64.class), tf.constant(new int[] {-1}));
    }
}
