package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Passes its input on and adds l1 Σ|x| + l2 Σx² to the loss. */
public final class ActivityRegularization extends Layer {

    private final double l1;
    private final double l2;

    /**
     * Creates a layer.
     *
     * @param l1 factor of the sum of absolute values, 0 for none
     * @param l2 factor of the sum of squares, 0 for none
     */
    public ActivityRegularization(double l1, double l2) {
        if (!(l1 >= 0 && l2 >= 0)) {
            throw new IllegalArgumentException(
                    "ActivityRegularization needs factors of 0 or more, got l1 " + l1 + " and l2 " + l2);
        }
        this.l1 = l1;
        this.l2 = l2;
    }

    /**
     * Adds the penalty.
     *
     * @param pass collects the penalty
     * @param x float32 of any shape
     * @return x
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this);
        if (l1 > 0) {
            pass.addLoss(tf.math.mul(total(tf, tf.math.abs(x)), Tensors.constant(tf, l1, x.type())));
        }
        if (l2 > 0) {
            pass.addLoss(tf.math.mul(total(tf, tf.math.square(x)), Tensors.constant(tf, l2, x.type())));
        }
        return x;
    }

    private static Operand<TFloat32> total(Ops tf, Operand<TFloat32> x) {
        return tf.sum(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(0));
    }
}
