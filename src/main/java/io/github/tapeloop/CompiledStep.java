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
    private final Map<List<Spec>, TracedFunction> traces = new HashMap<>();
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
    public int run(Batch batch, Consumer<Operand<TFloat32>> result) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            List<Operand<?>> arguments = new ArrayList<>();
            arguments.add(batch.input(tf));
            if (batch.hasTarget()) {
                arguments.add(batch.target(tf));
            }
            List<Spec> specs = arguments.stream().map(Spec::of).toList();
            TracedFunction function = traces.get(specs);
            if (function == null) {
                function = functionFor(specs);
            }
            arguments.add(tf.constant(counter.taken()));
            result.accept(typed(function.call(arguments).get(0)));
        }
        counter.add(1);
        return 1;
    }

    /** The exact function for the first kind of batch, one with an open batch dimension for others. */
    private TracedFunction functionFor(List<Spec> specs) {
        boolean sizeOnly =
                traces.keySet().stream().anyMatch(traced -> open(traced).equals(open(specs)));
        List<Spec> key = sizeOnly ? open(specs) : specs;
        TracedFunction function = traces.get(key);
        if (function == null) {
            function = trace(key);
            traces.put(key, function);
            if (traces.size() == MANY_TRACES) {
                LOG.warn(
                        "{} was traced {} times, which is slow: its batches keep changing, {}",
                        name,
                        MANY_TRACES,
                        traces.keySet());
            }
        }
        return function;
    }

    private TracedFunction trace(List<Spec> specs) {
        List<Spec> inputs = new ArrayList<>(specs);
        inputs.add(new Spec(DataType.DT_INT64, Shape.scalar()));
        TracedFunction.Body body = (tf, placeholders) -> {
            Batch batch = specs.size() > 1
                    ? Batch.ofOperands(placeholders.get(0), placeholders.get(1))
                    : Batch.ofOperands(placeholders.get(0));
            Operand<TInt64> stepNumber = typed(placeholders.get(specs.size()));
            return List.of(step.run(tf, batch, () -> stepNumber));
        };
        return jit
                ? TracedFunction.jitCompiled(session, name, inputs, body)
                : TracedFunction.trace(session, name, inputs, body);
    }

    private static List<Spec> open(List<Spec> specs) {
        return specs.stream().map(CompiledStep::open).toList();
    }

    private static Spec open(Spec spec) {
        long[] dimensions = spec.shape().asArray();
        dimensions[0] = Shape.UNKNOWN_SIZE;
        return new Spec(spec.type(), Shape.of(dimensions));
    }

    @SuppressWarnings("unchecked") // The types are those of the specs and of the step.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
    }
}
