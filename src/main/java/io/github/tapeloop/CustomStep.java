package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * One step of training or evaluation in the user's own terms: any number of models, tapes and optimizers. It runs eager
 * or compiled unchanged, as long as it works through the {@code Ops} it is given.
 *
 * <pre>{@code
 * Trainer.of(model).step((step, batch) -> {
 *     Ops tf = step.tf();
 *     try (GradientTape tape = step.tape()) {
 *         Operand<TFloat32> prediction = step.training().call(model, batch.input(tf));
 *         Operand<TFloat32> loss = mse.call(tf, batch.target(tf), prediction);
 *         step.minimize(optimizer, tape, loss, model.trainableVariables());
 *         return Map.of("loss", loss);
 *     }
 * })
 * }</pre>
 */
@FunctionalInterface
public interface CustomStep {

    /**
     * Does the step.
     *
     * @param step makes ops, tapes and passes; valid during the call
     * @param batch the examples; stays the trainer's
     * @return what to log: scalars by name, the same names in every step. Each is averaged over the examples of an epoch
     *     and goes into logs, progress bar and {@link History}
     */
    Map<String, ? extends Operand<? extends TNumber>> run(StepContext step, Batch batch);

    /** How {@link Trainer#predict} computes its output, where that is not the model's own. */
    @FunctionalInterface
    interface Prediction {

        /**
         * Predicts.
         *
         * @param step makes ops and passes; valid during the call
         * @param batch the examples; stays the trainer's
         * @return float32 [batch, …]
         */
        Operand<TFloat32> run(StepContext step, Batch batch);
    }
}
