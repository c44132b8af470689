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
    private final Map<BatchKind, StepTrace> traces = new HashMap<>();

    CompiledLoop(TapeSession session, String name, Step step, StepFunction single, int batchSize, StepCounter counter) {
        this.session = session;
        this.name = name;
        this.step = step;
        this.single = single;
        this.batchSize = batchSize;
        this.counter = counter;
    }

    @Override
    public int run(Batch batch, Consumer<Map<String, Operand<TFloat32>>> result) {
        int whole = batch.size() / batchSize;
        if (whole <= 1 && batch.size() <= batchSize) {
            return single.run(batch, result);
        }
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            List<Operand<?>> columns = batch.operands(tf);
            Map<String, Operand<TFloat32>> last = loop(tf, whole, batch, columns);
            counter.add(whole);
            if (batch.size() == whole * batchSize) {
                result.accept(last);
                return whole;
            }
            Operand<TInt64> from = tf.constant((long) whole * batchSize);
            return whole + single.run(batch.withOperands(rows(tf, columns, from, -1)), result);
        }
    }

    private Map<String, Operand<TFloat32>> loop(Ops tf, int steps, Batch batch, List<Operand<?>> columns) {
        StepTrace trace = traces.computeIfAbsent(BatchKind.of(batch, columns).open(), kind -> trace(kind, batch));
        List<Operand<?>> arguments = new ArrayList<>(columns);
        arguments.add(0, tf.constant(steps));
        return trace.call(tf, arguments, counter.taken());
    }

    private StepTrace trace(BatchKind kind, Batch names) {
        int columns = kind.specs().size();
        List<Spec> inputs = new ArrayList<>(kind.specs());
        inputs.add(NUMBER);
        StepTrace.Body body = (tf, given) -> {
            Operand<TInt32> round = typed(given.get(0));
            Operand<TInt64> first = typed(given.get(columns + 1));
            Operand<TInt64> from = tf.math.mul(Tensors.cast(tf, round, TInt64.class), tf.constant((long) batchSize));
            Batch batch = names.withOperands(rows(tf, given.subList(1, columns + 1), from, batchSize));
            return step.run(tf, batch, () -> tf.math.add(first, Tensors.cast(tf, round, TInt64.class)));
        };
        return StepTrace.of(ops -> TracedFunction.repeat(session, name, inputs, ops), body);
    }

    private static List<Operand<?>> rows(Ops tf, List<Operand<?>> columns, Operand<TInt64> from, long count) {
        List<Operand<?>> cut = new ArrayList<>();
        columns.forEach(column -> cut.add(rows(tf, column, from, count)));
        return cut;
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

    @SuppressWarnings("unchecked") // The types are those of the specs.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
    }
}
