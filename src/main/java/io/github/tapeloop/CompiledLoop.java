package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * Takes several steps in one native call: a loop in the graph cuts a large batch into those of single steps. What is left
 * over, fewer examples than a step has, is left to the step compiled for single batches.
 */
final class CompiledLoop implements StepFunction {

    private static final Spec NUMBER = new Spec(DataType.DT_INT64, Shape.scalar());

    private final TapeSession session;
    private final String name;
    private final Step step;
    private final StepFunction single;
    private final int batchSize;
    private final StepCounter counter;
    private final Map<List<Spec>, TracedFunction> traces = new HashMap<>();

    CompiledLoop(TapeSession session, String name, Step step, StepFunction single, int batchSize, StepCounter counter) {
        this.session = session;
        this.name = name;
        this.step = step;
        this.single = single;
        this.batchSize = batchSize;
        this.counter = counter;
    }

    @Override
    public int run(Batch batch, Consumer<Operand<TFloat32>> result) {
        int whole = batch.size() / batchSize;
        if (whole <= 1 && batch.size() <= batchSize) {
            return single.run(batch, result);
        }
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Operand<TFloat32> input = batch.input(tf);
            Operand<? extends TNumber> target = batch.target(tf);
            Operand<TFloat32> last = loop(tf, whole, input, target);
            counter.add(whole);
            if (batch.size() == whole * batchSize) {
                result.accept(last);
                return whole;
            }
            long from = (long) whole * batchSize;
            Batch rest = Batch.ofOperands(rows(tf, input, from, -1), rows(tf, target, from, -1));
            return whole + single.run(rest, result);
        }
    }

    private Operand<TFloat32> loop(Ops tf, int steps, Operand<TFloat32> input, Operand<? extends TNumber> target) {
        List<Spec> specs = List.of(open(Spec.of(input)), open(Spec.of(target)), NUMBER);
        TracedFunction function = traces.computeIfAbsent(specs, this::trace);
        List<Operand<?>> arguments = List.of(tf.constant(steps), input, target, tf.constant(counter.taken()));
        return typed(function.call(arguments).get(0));
    }

    private TracedFunction trace(List<Spec> specs) {
        return TracedFunction.repeat(session, name, specs, (tf, given) -> {
            Operand<TInt32> round = typed(given.get(0));
            Operand<TInt64> first = typed(given.get(3));
            Operand<TInt64> from = tf.math.mul(Tensors.cast(tf, round, TInt64.class), tf.constant((long) batchSize));
            Batch batch =
                    Batch.ofOperands(rows(tf, given.get(1), from, batchSize), rows(tf, given.get(2), from, batchSize));
            return List.of(step.run(tf, batch, () -> tf.math.add(first, Tensors.cast(tf, round, TInt64.class))));
        });
    }

    private static <T extends TType> Operand<T> rows(Ops tf, Operand<T> all, long from, long count) {
        return rows(tf, all, tf.constant(from), count);
    }

    /** {@code count} rows from a place on, or all that follow for -1. */
    private static <T extends TType> Operand<T> rows(Ops tf, Operand<T> all, Operand<TInt64> from, long count) {
        Shape example = Tensors.shape(all).tail();
        List<Operand<TInt64>> begin = new ArrayList<>();
        begin.add(tf.reshape(from, tf.constant(new int[] {1})));
        begin.add(tf.constant(new long[example.numDimensions()]));
        Operand<TInt64> size = tf.constant(example.prepend(count).asArray());
        return tf.slice(all, tf.concat(begin, tf.constant(0)), size);
    }

    private static Spec open(Spec spec) {
        return new Spec(spec.type(), spec.shape().tail().prepend(Shape.UNKNOWN_SIZE));
    }

    @SuppressWarnings("unchecked") // The types are those of the specs.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
    }
}
