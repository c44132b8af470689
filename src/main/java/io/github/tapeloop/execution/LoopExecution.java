package io.github.tapeloop.execution;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * The execution of several steps in one native call: a loop in the graph cuts a large batch into those of single steps. What is left
 * over, fewer examples than a step has, is left to the execution of single batches.
 */
final class LoopExecution extends Execution {

    private static final Spec NUMBER = new Spec(DataType.DT_INT64, Shape.scalar());

    private final Execution single;
    private final int batchSize;
    private final Traces traces;
    private final Rounds rounds;

    /**
     * @param single takes what is left over
     * @param batchSize of a single step
     * @param rounds counts in the graph, for all loops of a trainer
     */
    LoopExecution(Step step, Execution single, int batchSize, Rounds rounds) {
        super(step);
        this.single = single;
        this.batchSize = batchSize;
        this.rounds = rounds;
        this.traces = new Traces(step);
    }

    @Override
    void prepare(Batch batch) {
        if (batch.size() > batchSize) {
            try (TensorScope scope = session.scope()) {
                Ops tf = session.tf();
                show(batch.with(rows(tf, batch.columns(tf), tf.constant(0L), batchSize)));
            }
        }
        if (!step.isTraced() && batch.size() > batchSize) {
            try (TensorScope scope = session.scope()) {
                trace(batch, batch.columns(session.tf()));
            }
        }
    }

    @Override
    int take(Batch batch, Undo undo, Consumer<Bundle> result) {
        int whole = batch.size() / batchSize;
        if (batch.size() <= batchSize) {
            return single.run(batch, result);
        }
        if (step.tracedEarly() && step.seams().guard().limit() > 0) {
            return oneByOne(batch, result);
        }
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Bundle columns = batch.columns(tf);
            Bundle last = loop(tf, whole, batch, columns);
            if (batch.size() == whole * batchSize) {
                result.accept(last);
                return whole;
            }
            Operand<TInt64> from = tf.constant((long) whole * batchSize);
            return whole + single.run(batch.with(rows(tf, columns, from, -1)), result);
        }
    }

    /** What the guard refuses of a step that writes early can be undone after that step only. */
    private int oneByOne(Batch batch, Consumer<Bundle> result) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Bundle columns = batch.columns(tf);
            int steps = 0;
            for (int from = 0; from < batch.size(); from += batchSize) {
                int count = Math.min(batchSize, batch.size() - from);
                Batch part = batch.with(rows(tf, columns, tf.constant((long) from), count));
                steps += single.run(part, result);
            }
            return steps;
        }
    }

    private Bundle loop(Ops tf, int steps, Batch batch, Bundle columns) {
        TracedStep trace = trace(batch, columns);
        List<Operand<?>> arguments = columns.operands();
        arguments.add(0, tf.constant(steps));
        Bundle last;
        try {
            last = trace.call(tf, arguments, step.counter().taken());
        } catch (OpException e) {
            long taken = rounds.afterFailure();
            step.counter().add(taken);
            Operand<TInt64> from = tf.constant(taken * batchSize);
            RuntimeException told = opByOp(batch.with(rows(tf, columns, from, batchSize)), e);
            String whole = taken + " of the " + steps + " steps of this call were taken, and are whole";
            throw told instanceof OpException op ? new OpException(op, whole) : told;
        }
        rounds.expect(steps);
        step.counter().add(steps);
        return last;
    }

    /** Was explained where it happened. */
    @Override
    RuntimeException explained(Batch batch, OpException failure) {
        return failure;
    }

    private TracedStep trace(Batch like, Bundle columns) {
        return traces.getExactly(columns.signature().open(), signature -> trace(like, columns, signature.specs()));
    }

    private TracedStep trace(Batch like, Bundle columns, List<Spec> specs) {
        List<Spec> inputs = new ArrayList<>(specs);
        inputs.add(NUMBER);
        TracedStep.Body body = (tf, given) -> {
            Operand<TInt32> round = typed(given.get(0));
            Operand<TInt64> first = typed(given.get(specs.size() + 1));
            Operand<TInt64> from = tf.math.mul(Tensors.cast(tf, round, TInt64.class), tf.constant((long) batchSize));
            Bundle all = columns.with(given.subList(1, specs.size() + 1));
            Batch batch = like.with(rows(tf, all, from, batchSize));
            Bundle results = trace(tf, batch, () -> tf.math.add(first, Tensors.cast(tf, round, TInt64.class)));
            rounds.count(tf);
            return results.filter(Step.RESULT::equals);
        };
        return TracedStep.of(ops -> TracedFunction.repeat(session, step.name(), inputs, ops), body);
    }

    private static Bundle rows(Ops tf, Bundle columns, Operand<TInt64> from, long count) {
        List<Operand<?>> cut = new ArrayList<>();
        columns.operands().forEach(column -> cut.add(rows(tf, column, from, count)));
        return columns.with(cut);
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

    @Override
    void close() {
        traces.close();
    }
}
