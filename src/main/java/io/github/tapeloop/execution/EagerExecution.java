package io.github.tapeloop.execution;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.step.StepRun;
import io.github.tapeloop.step.Witness;
import java.util.Optional;
import java.util.function.Consumer;

/** The eager execution: runs a step op by op, inside a scope that frees what it made. */
final class EagerExecution extends Execution {

    EagerExecution(Step step) {
        super(step);
    }

    @Override
    int take(Batch batch, Undo undo, Consumer<Bundle> result) {
        try (TensorScope scope = session.scope();
                StepRun run = begin(scope, undo)) {
            Optional<Witness> witness = step.look().take();
            if (witness.isEmpty()) {
                result.accept(ops(run, batch));
            } else {
                try (Witness sees = witness.get()) {
                    run.seenBy(sees, batch, false);
                    result.accept(ops(run, batch));
                }
            }
        }
        step.counter().add(1);
        return 1;
    }
}
