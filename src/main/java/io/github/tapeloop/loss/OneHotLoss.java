package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * A loss between one-hot targets, or smoothed ones, and logits or probabilities of the same classes. Its setters are not
 * final, so that the compiler gives each loss, which is public, one of its own that reflection may call.
 *
 * @param <L> the loss itself, which its setters return
 */
abstract class OneHotLoss<L extends OneHotLoss<L>> extends StandardLoss {

    private final boolean logits;
    private double labelSmoothing;
    private int axis = -1;

    OneHotLoss(boolean logits) {
        this.logits = logits;
    }

    @SuppressWarnings("unchecked")
    private L self() {
        return (L) this;
    }

    /**
     * Moves targets towards equal probabilities: y (1 - s) + s / classes.
     *
     * @param smoothing s, in [0, 1]; 0 unless set
     * @return this
     */
    public L labelSmoothing(double smoothing) {
        settings.change(this, "labelSmoothing");
        this.labelSmoothing = Require.probability("labelSmoothing", smoothing);
        return self();
    }

    /**
     * Sets the axis of the classes.
     *
     * @param classAxis an axis of the predictions, counted from the back if negative; -1 unless set
     * @return this
     */
    public L axis(int classAxis) {
        settings.change(this, "axis");
        this.axis = classAxis;
        return self();
    }

    final boolean isOfLogits() {
        return logits;
    }

    @Override
    protected final int[] reducedAxes(Operand<TFloat32> prediction) {
        return new int[] {axis};
    }

    @Override
    public final boolean isPerSample(Operand<TFloat32> prediction) {
        return Axes.fromFront(this, axis, prediction) > 0;
    }

    @Override
    public final Scale predictionScale() {
        return logits ? Scale.CLASS_LOGITS : Scale.CLASS_PROBABILITIES;
    }

    @Override
    public final Scale targetScale() {
        return Scale.CLASS_PROBABILITIES;
    }

    @Override
    public final Operand<TFloat32> probabilities(Ops tf, Operand<TFloat32> prediction) {
        return logits ? Axes.softmax(tf, this, prediction, axis) : prediction;
    }

    @Override
    final Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> y = Axes.toLast(tf, this, Targets.oneHot(tf, this, target, prediction), axis);
        Operand<TFloat32> x = Axes.toLast(tf, this, prediction, axis);
        double share = 1.0 / Tensors.shape(x).get(-1);
        return ofSample(tf, Formula.smooth(tf, y, labelSmoothing, share), x);
    }

    /**
     * The value of each sample.
     *
     * @param y smoothed targets, the classes along the last axis
     * @param x predictions of the same shape
     */
    abstract Operand<TFloat32> ofSample(Ops tf, Operand<TFloat32> y, Operand<TFloat32> x);

    /** Probabilities normalised and clipped. */
    static Operand<TFloat32> normalised(Ops tf, Operand<TFloat32> p) {
        Operand<TFloat32> sum = tf.sum(p, Tensors.constant(tf, -1), Sum.keepDims(true));
        return Formula.clipProbabilities(tf, tf.math.divNoNan(p, sum));
    }
}
