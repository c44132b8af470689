package io.github.tapeloop.execution;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt64;

/**
 * The compiled execution: runs a step as one native call; it is traced for the first batch it sees, and again, with an open batch dimension, when
 * a batch of another size comes. Works on the same variables as {@link EagerExecution}, with the same seeds.
 */
final class CompiledExecution extends Execution {

    private static final Spec NUMBER = new Spec(DataType.DT_INT64, Shape.scalar());

    private final boolean jit;
    private final Traces traces;

    /** @param jit whether XLA makes machine code of the step */
    CompiledExecution(Step step, boolean jit) {
        super(step);
        this.jit = jit;
        this.traces = new Traces(step);
    }

    @Override
    void prepare(Batch batch) {
        show(batch);
        if (!step.isTraced()) {
            try (TensorScope scope = session.scope()) {
                trace(batch, batch.columns(session.tf()));
            }
        }
    }

    @Override
    int take(Batch batch, Undo undo, Consumer<Bundle> result) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Bundle columns = batch.columns(tf);
            TracedStep trace = trace(batch, columns);
            result.accept(trace.call(tf, columns.operands(), step.counter().taken()));
        }
        step.counter().add(1);
        return 1;
    }

    @Override
    RuntimeException explained(Batch batch, OpException failure) {
        return opByOp(batch, failure);
    }

    private TracedStep trace(Batch batch, Bundle columns) {
        return traces.get(columns, signature -> trace(batch, columns, signature.specs()));
    }

    private TracedStep trace(Batch like, Bundle columns, List<Spec> specs) {
        List<Spec> inputs = new ArrayList<>(specs);
        inputs.add(NUMBER);
        TracedStep.Body body = (tf, given) -> {
            Operand<TInt64> number = number(given.get(specs.size()));
            Batch batch = like.with(columns.with(given.subList(0, specs.size())));
            return trace(tf, batch, () -> number);
        };
        return TracedStep.of(
                ops -> jit
                        ? TracedFunction.jitCompiled(session, step.name(), inputs, ops)
                        : TracedFunction.trace(session, step.name(), inputs, ops),
                body);
    }

    @SuppressWarnings("unchecked") // The type is that of the spec.
    private static Operand<TInt64> number(Operand<?> operand) {
        return (Operand<TInt64>) operand;
    }

    @Override
    void close() {
        traces.close();
    }
}
