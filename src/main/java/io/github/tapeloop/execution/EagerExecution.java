package io.github.tapeloop.execution;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.step.StepRun;
import java.util.function.Consumer;
import org.tensorflow.op.Ops;

/** The eager execution: runs a step op by op, inside a scope that frees what it made. */
final class EagerExecution extends Execution {

    EagerExecution(Step step) {
        super(step);
    }

    @Override
    int take(Batch batch, Undo undo, Consumer<Bundle> result) {
        Ops tf = session.tf();
        try (TensorScope scope = session.scope();
                StepRun run = StepRun.begin(
                        tf, scope, () -> tf.constant(step.counter().taken()), step.seams(), undo::prepare)) {
            result.accept(ops(run, batch));
        }
        step.counter().add(1);
        return 1;
    }
}
