package io.github.tapeloop.loss;

import io.github.tapeloop.measure.Norms;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * Minus the cosine of the angle between target and prediction, averaged over the batch: -1 where they point the same way,
 * 0 where they are orthogonal or one of them is zero, 1 where they are opposite. Targets are shaped like the predictions,
 * float32 [batch, …, n]. Keras' metric of this name has the other sign: that is {@code MeanCosineSimilarity} here.
 *
 * <p>Vectors of any length have their cosine, be they so long or short that their squares have no number. A prediction that is not
 * longer than 1e-7 has no slope, which would be one over its length; Keras takes what is shorter than that for nearly zero.
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
        int along = Axes.fromFront(this, axis, prediction);
        Norms y = Norms.ofDirections(tf, Targets.like(tf, this, target, prediction), Formula.EPSILON, along);
        Norms p = Norms.ofDirections(tf, prediction, Formula.EPSILON, along);
        Operand<TFloat32> product = tf.sum(tf.math.mul(y.scaled(), p.scaled()), tf.constant(along), Sum.keepDims(true));
        Operand<TFloat32> cosine = tf.math.mul(product, tf.math.mul(y.inverse(tf), p.inverse(tf)));
        return tf.math.neg(tf.squeeze(cosine, Squeeze.axis(List.of((long) along))));
    }
}
