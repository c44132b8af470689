package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * Minus the cosine of the angle between target and prediction, averaged over the batch: -1 where they point the same way,
 * 0 where they are orthogonal or one of them is zero, 1 where they are opposite. Targets are shaped like the predictions,
 * float32 [batch, …, n]. Keras' metric of this name has the other sign: that is {@code MeanCosineSimilarity} here.
 */
public final class CosineSimilarity extends StandardLoss {

    private int axis = -1;

    /** Creates the loss. */
    public CosineSimilarity() {}

    /**
     * Sets the axis along which vectors lie.
     *
     * @param vectorAxis an axis of the predictions, counted from the back if negative; -1 unless set
     * @return this
     */
    public CosineSimilarity axis(int vectorAxis) {
        settings.change(this, "axis");
        this.axis = vectorAxis;
        return this;
    }

    @Override
    protected int[] reducedAxes(Operand<TFloat32> prediction) {
        return new int[] {axis};
    }

    @Override
    public boolean isPerSample(Operand<TFloat32> prediction) {
        return Axes.fromFront(this, axis, prediction) > 0;
    }

    @Override
    Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        if (Tensors.rank(prediction) < 2) {
            throw new IllegalArgumentException(
                    "CosineSimilarity expects predictions [batch, …, n], got " + Tensors.describe(prediction));
        }
        Operand<TFloat32> y = Targets.like(tf, this, target, prediction);
        Operand<TInt32> along = tf.constant(Axes.fromFront(this, axis, prediction));
        Operand<TFloat32> product = tf.sum(tf.math.mul(y, prediction), along);
        Operand<TFloat32> lengths = tf.math.mul(inverseLength(tf, y, along), inverseLength(tf, prediction, along));
        return tf.math.neg(tf.math.mul(product, lengths));
    }

    /** 1 / |x|, at most 1e7; its gradient at 0 is 0. */
    private static Operand<TFloat32> inverseLength(Ops tf, Operand<TFloat32> x, Operand<TInt32> axis) {
        Operand<TFloat32> square = tf.sum(tf.math.square(x), axis);
        return tf.math.rsqrt(Formula.atLeast(tf, square, Formula.EPSILON * Formula.EPSILON));
    }
}
