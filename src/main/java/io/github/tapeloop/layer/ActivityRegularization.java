package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * Passes its input on and adds (l1 Σ|x| + l2 Σx²) / batch to the loss: divided by the size of the batch as in Keras 3, so
 * that the penalty weighs the same in batches of any size.
 */
public final class ActivityRegularization extends Layer {

    private final Regularizer regularizer;

    /**
     * Creates a layer.
     *
     * @param l1 factor of the sum of absolute values, 0 for none
     * @param l2 factor of the sum of squares, 0 for none
     */
    public ActivityRegularization(double l1, double l2) {
        Regularizer both = Regularizer.l1l2(l1, l2);
        this.regularizer = l1 == 0 && l2 == 0 ? null : both;
    }

    /**
     * Adds the penalty.
     *
     * @param pass collects the penalty
     * @param x float32 [batch, …]
     * @return x
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        pass.tf(this, x);
        return penalized(pass, x, regularizer);
    }
}
