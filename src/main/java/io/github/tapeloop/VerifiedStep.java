package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Variable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TType;

/** Takes the first steps eager and compiled from the same state, and goes on compiled only if they agree. */
final class VerifiedStep implements StepFunction {

    private static final Logger LOG = LoggerFactory.getLogger(VerifiedStep.class);

    /** Of the largest value: both ways run the same kernels, but a graph may fuse and reorder. */
    private static final double TOLERANCE = 1e-4;

    private final TapeSession session;
    private final StepFunction eager;
    private final StepFunction compiled;
    private final Supplier<List<Variable<?>>> state;
    private final StepCounter counter;
    private int left;
    private boolean agreed = true;

    VerifiedStep(
            TapeSession session,
            StepFunction eager,
            StepFunction compiled,
            Supplier<List<Variable<?>>> state,
            int steps,
            StepCounter counter) {
        this.session = session;
        this.eager = eager;
        this.compiled = compiled;
        this.state = state;
        this.left = steps;
        this.counter = counter;
    }

    @Override
    public int run(Batch batch, Consumer<Map<String, Operand<TFloat32>>> result) {
        if (!agreed) {
            return eager.run(batch, result);
        }
        return left > 0 ? verify(batch, result) : compiled.run(batch, result);
    }

    private int verify(Batch batch, Consumer<Map<String, Operand<TFloat32>>> result) {
        try (TensorScope scope = session.scope();
                Snapshot before = Snapshot.withNewVariables(session, state.get())) {
            double[] losses = new double[2];
            int steps = eager.run(batch, loss -> {
                losses[0] = scalar(loss);
                result.accept(loss);
            });
            Map<Variable<?>, Operand<?>> after = values();
            before.restore();
            counter.add(-steps);
            Optional<String> difference;
            try {
                compiled.run(batch, loss -> losses[1] = scalar(loss));
                difference = difference(losses, after);
            } catch (TapeloopException | IllegalArgumentException e) {
                counter.add(steps);
                difference = Optional.of(e.getMessage());
            }
            difference.ifPresent(text -> {
                LOG.warn("The compiled step is not used, since it does not do what the eager one does: {}", text);
                agreed = false;
                after.forEach(this::assign);
            });
            left--;
            return steps;
        }
    }

    private double scalar(Map<String, Operand<TFloat32>> result) {
        return session.scalar(result.values().iterator().next());
    }

    private Map<Variable<?>, Operand<?>> values() {
        Map<Variable<?>, Operand<?>> values = new LinkedHashMap<>();
        state.get().forEach(variable -> values.put(variable, variable.read(session.tf())));
        return values;
    }

    @SuppressWarnings("unchecked") // A value read has its variable's type.
    private <T extends TType> void assign(Variable<?> variable, Operand<?> value) {
        ((Variable<T>) variable).assign(session.tf(), (Operand<T>) value);
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
