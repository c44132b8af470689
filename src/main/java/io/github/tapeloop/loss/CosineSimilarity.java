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
 * <p>Long vectors have their cosine also where their squares have no number. As in Keras, what is shorter than 1e-7 is taken
 * for as long as that: its cosine is nearly 0, and its slope is that at this length, so that a prediction of zeros can learn.
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
        Norms y = Norms.ofLarge(tf, Targets.like(tf, this, target, prediction), along);
        Norms p = Norms.ofLarge(tf, prediction, along);
        Operand<TFloat32> product = tf.sum(tf.math.mul(y.scaled(), p.scaled()), tf.constant(along), Sum.keepDims(true));
        Operand<TFloat32> cosine =
                tf.math.mul(product, tf.math.mul(y.inverse(tf, Formula.EPSILON), p.inverse(tf, Formula.EPSILON)));
        return tf.math.neg(tf.squeeze(cosine, Squeeze.axis(List.of((long) along))));
    }
}
