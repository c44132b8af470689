package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * Runs a step as one native call: it is traced for the first batch it sees, and again, with an open batch dimension, when
 * a batch of another size comes. Works on the same variables as {@link EagerStep}, with the same seeds.
 */
final class CompiledStep implements StepFunction {

    private static final Logger LOG = LoggerFactory.getLogger(CompiledStep.class);
    private static final int MANY_TRACES = 5;

    private final TapeSession session;
    private final String name;
    private final Step step;
    private final Map<BatchKind, StepTrace> traces = new HashMap<>();
    private final boolean jit;
    private final StepCounter counter;

    /** @param jit whether XLA makes machine code of the step */
    CompiledStep(TapeSession session, String name, Step step, boolean jit, StepCounter counter) {
        this.jit = jit;
        this.session = session;
        this.name = name;
        this.step = step;
        this.counter = counter;
    }

    @Override
    public int run(Batch batch, Consumer<Map<String, Operand<TFloat32>>> result) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            List<Operand<?>> arguments = batch.operands(tf);
            BatchKind kind = BatchKind.of(batch, arguments);
            StepTrace trace = traces.get(kind);
            if (trace == null) {
                trace = traceFor(kind, batch);
            }
            result.accept(trace.call(tf, arguments, counter.taken()));
        }
        counter.add(1);
        return 1;
    }

    /** The exact function for the first kind of batch, one with an open batch dimension for others. */
    private StepTrace traceFor(BatchKind kind, Batch names) {
        boolean sizeOnly =
                traces.keySet().stream().anyMatch(traced -> traced.open().equals(kind.open()));
        BatchKind key = sizeOnly ? kind.open() : kind;
        StepTrace trace = traces.get(key);
        if (trace == null) {
            trace = trace(key, names);
            traces.put(key, trace);
            if (traces.size() == MANY_TRACES) {
                LOG.warn(
                        "{} was traced {} times, which is slow: its batches keep changing, {}",
                        name,
                        MANY_TRACES,
                        traces.keySet());
            }
        }
        return trace;
    }

    private StepTrace trace(BatchKind kind, Batch names) {
        int columns = kind.specs().size();
        List<Spec> inputs = new ArrayList<>(kind.specs());
        inputs.add(new Spec(DataType.DT_INT64, Shape.scalar()));
        StepTrace.Body body = (tf, placeholders) -> {
            Operand<TInt64> stepNumber = typed(placeholders.get(columns));
            Batch batch = names.withOperands(placeholders.subList(0, columns));
            return step.run(tf, batch, () -> stepNumber);
        };
        return StepTrace.of(
                ops -> jit
                        ? TracedFunction.jitCompiled(session, name, inputs, ops)
                        : TracedFunction.trace(session, name, inputs, ops),
                body);
    }

    @SuppressWarnings("unchecked") // The types are those of the specs and of the step.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
    }
}
