package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** How {@link Trainer#predict} computes its output, where that is not the model's own. */
@FunctionalInterface
public interface CustomPrediction {

    /**
     * Predicts.
     *
     * @param step makes ops and passes; valid during the call
     * @param batch the examples; stays the trainer's
     * @return float32 [batch, …]
     */
    Operand<TFloat32> run(StepContext step, Batch batch);
}
