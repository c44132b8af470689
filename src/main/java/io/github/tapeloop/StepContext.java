package io.github.tapeloop;

import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.tape.GradientTape;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * The context of a {@link CustomStep}: ops, tapes, passes through models, random seeds, and the update of weights.
 * It serves one step, run at once or traced, and must not be kept.
 *
 * <p>What a step assigns to variables is held back until all of it has succeeded, so that a step that fails has changed
 * nothing; who reads a variable in the meantime sees what was assigned.
 */
public interface StepContext {

    /**
     * Makes ops.
     *
     * @return the ops of this step
     */
    Ops tf();

    /**
     * Opens a tape.
     *
     * @return a tape that gives gradients once, to be closed by the caller before the step ends
     */
    GradientTape tape();

    /**
     * Opens a tape that gives gradients as often as it is asked.
     *
     * @return a tape, to be closed by the caller before the step ends
     */
    GradientTape persistentTape();

    /**
     * A pass that trains, in the trainer's precision. Each has random numbers of its own; the losses that layers add are
     * collected in it.
     *
     * @return a new pass
     */
    ForwardPass training();

    /**
     * A pass that evaluates or predicts, in the trainer's precision.
     *
     * @return a new pass
     */
    ForwardPass inference();

    /**
     * A seed for one stateless random op of the step itself, such as the noise that a generator starts from:
     * {@code tf.random.statelessRandomNormal(shape, step.randomSeed(), TFloat32.class)}. A function of the trainer's seed,
     * the step, and how many seeds this step has given before.
     *
     * @return int64 [2]
     */
    Operand<TInt64> randomSeed();

    /**
     * Makes a loss smaller: scales it if the optimizer does, takes the gradients from the tape, and updates the variables at
     * the end of the step, or when the step reads one of them again, whichever comes first. What a trainer does with
     * gradients, it does here, in its own step as in this one: guards against losses and gradients that are not finite, for
     * {@link Fit#onNonFinite}.
     *
     * <p>In {@code MIXED_FLOAT16} an optimizer without a loss scale gets {@code LossScale.dynamic()} in its first step.
     *
     * @param optimizer updates the variables; the trainer knows it from then on as if {@link TrainerBuilder#includes} had
     *     named it
     * @param tape has recorded how the loss came about; it gives its gradients now
     * @param loss a float32 scalar, not scaled
     * @param variables what to change, usually {@code model.trainableVariables()}
     */
    void minimize(Optimizer optimizer, GradientTape tape, Operand<TFloat32> loss, Parameters variables);
}
