package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import java.util.Map;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** Runs a {@link Step} on batches. How, only the trainer's builder knows; the loop does not. */
@FunctionalInterface
interface StepFunction {

    /**
     * Runs the step and frees all it made.
     *
     * @param result takes the (last) step's result, which is valid during the call only
     * @return how many steps were taken: more than one if the batch was several in one
     */
    int run(Batch batch, Consumer<Map<String, Operand<TFloat32>>> result);
}
