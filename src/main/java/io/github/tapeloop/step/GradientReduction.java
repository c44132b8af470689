package io.github.tapeloop.step;

import io.github.tapeloop.state.Gradients;
import org.tensorflow.op.Ops;

/** A seam between gradients and update: what makes one of the gradients that several workers have. */
@FunctionalInterface
public interface GradientReduction {

    /** Leaves gradients as they are. */
    GradientReduction NONE = (tf, gradients) -> gradients;

    /**
     * Reduces the gradients of one loss.
     *
     * @param tf ops of the step
     * @param gradients of the scaled loss, if the optimizer scales it
     * @return gradients of the same variables
     */
    Gradients reduce(Ops tf, Gradients gradients);
}
