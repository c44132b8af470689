package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.Map;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** Runs a step op by op, inside a scope that frees what it made. */
final class EagerStep implements StepFunction {

    private final TapeSession session;
    private final Step step;
    private final StepCounter counter;

    EagerStep(TapeSession session, Step step, StepCounter counter) {
        this.session = session;
        this.step = step;
        this.counter = counter;
    }

    @Override
    public int run(Batch batch, Consumer<Map<String, Operand<TFloat32>>> result) {
        try (TensorScope scope = session.scope()) {
            result.accept(step.run(session.tf(), batch, () -> session.tf().constant(counter.taken())));
        }
        counter.add(1);
        return 1;
    }
}
