package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Constants;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Mean;
import org.tensorflow.op.nn.FusedBatchNorm;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * Gives each channel mean 0 and variance 1: gamma · (x - mean) / √(variance + epsilon) + beta (Ioffe and Szegedy 2015). In
 * training, mean and variance are those of the batch, and moving averages of them are kept: moving = momentum · moving +
 * (1 - momentum) · batch, with the variance over n, not n - 1. Steps that a mask of the input leaves out count for neither.
 * In inference, and if the layer is frozen by {@link
 * #trainable(boolean)}, they are the moving averages, which then stay as they are.
 *
 * <p>Gamma, beta and the averages have the size of the channels. The averages start at 0 and 1, are not trainable, and are
 * the one thing that a call of a layer changes: in training, a pass that is repeated updates them again. As in Keras 3, the
 * momentum is .99 and epsilon 1e-3.
 */
public final class BatchNormalization extends ScaledNormalization<BatchNormalization> {

    private int axis = -1;
    private double momentum = 0.99;
    private WeightSpec movingMean = WeightSpec.of(Initializer.zeros()).trainable(false);
    private WeightSpec movingVariance = WeightSpec.of(Initializer.ones()).trainable(false);

    /** Creates a layer that normalizes along the last axis. */
    public BatchNormalization() {}

    /**
     * The axis of the channels; the last unless set.
     *
     * @param channels counted from the back if negative
     * @return this
     */
    public BatchNormalization axis(int channels) {
        requireNotBuilt("axis");
        this.axis = channels;
        return this;
    }

    /**
     * How much of the moving averages stays in each step; .99 unless set.
     *
     * @param kept in [0, 1]
     * @return this
     */
    public BatchNormalization momentum(double kept) {
        if (!(kept >= 0 && kept <= 1)) {
            throw new IllegalArgumentException("BatchNormalization needs a momentum in [0, 1], got " + kept);
        }
        this.momentum = kept;
        return this;
    }

    /**
     * What the moving mean starts from; zeros unless set.
     *
     * @param initializer makes a value float32 [channels]
     * @return this
     */
    public BatchNormalization movingMeanInitializer(Initializer initializer) {
        requireNotBuilt("movingMeanInitializer");
        this.movingMean = movingMean.initializer(initializer);
        return this;
    }

    /**
     * What the moving variance starts from; ones unless set.
     *
     * @param initializer makes a value float32 [channels]
     * @return this
     */
    public BatchNormalization movingVarianceInitializer(Initializer initializer) {
        requireNotBuilt("movingVarianceInitializer");
        this.movingVariance = movingVariance.initializer(initializer);
        return this;
    }

    @Override
    BatchNormalization self() {
        return this;
    }

    /**
     * Normalizes, and in training updates the moving averages.
     *
     * @param pass says whether to train
     * @param x float32 [batch, …, channels]
     * @return float32 of the same shape
     * @throws IllegalArgumentException if x has fewer than 2 dimensions, or other channels than before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Operand<TBool> mask = pass.mask(x).orElse(null);
        return pass.keepMask(
                x, FullPrecision.compute(pass.tf(this), x, (tf, wide) -> normalized(pass, tf, wide, mask)));
    }

    private Operand<TFloat32> normalized(ForwardPass pass, Ops tf, Operand<TFloat32> x, Operand<TBool> mask) {
        if (Tensors.rank(x) < 2) {
            throw new IllegalArgumentException("Layer '" + path()
                    + "' (BatchNormalization) expects [batch, …, channels]," + " got " + Tensors.describe(x));
        }
        int channel = Dimensions.axes(this, x, axis)[0];
        Shape size = Dimensions.sizes(this, x, channel);
        Scale scale = new Scale(gamma(pass, tf, size, x.type()), beta(pass, tf, size, x.type()));
        Variable<TFloat32> mean = weight(pass, "moving_mean", size, x.type(), movingMean);
        Variable<TFloat32> variance = weight(pass, "moving_variance", size, x.type(), movingVariance);
        if (!pass.training() || !trainable()) {
            Moments moving = new Moments(mean.read(tf), variance.read(tf));
            return normalize(tf, x, moving, scale, channel);
        }
        boolean fused = mask == null && channel == Tensors.rank(x) - 1 && x.type() == TFloat32.class;
        Normalized normalized = fused ? fused(tf, x, size, scale) : plain(tf, x, mask, channel, scale);
        if (!pass.repeats()) {
            move(tf, mean, normalized.moments().mean());
            move(tf, variance, normalized.moments().variance());
        }
        return normalized.y();
    }

    /** Gamma and beta, null where there is none. */
    private record Scale(Operand<TFloat32> gamma, Operand<TFloat32> beta) {}

    /** The output, and the moments of the batch, [channels]. */
    private record Normalized(Operand<TFloat32> y, Moments moments) {}

    /** By one kernel, which takes images: all axes but the channels are one to it. */
    private Normalized fused(Ops tf, Operand<TFloat32> x, Shape size, Scale scale) {
        boolean image = Tensors.rank(x) == 4;
        Operand<TFloat32> pixels = image ? x : tf.reshape(x, Constants.of(tf, new long[] {-1, 1, 1, size.get(0)}));
        Operand<TFloat32> none = tf.constant(new float[0]);
        FusedBatchNorm<TFloat32, TFloat32> op = tf.nn.fusedBatchNorm(
                pixels,
                scale.gamma() == null ? tf.onesLike(constant(tf, size)) : scale.gamma(),
                scale.beta() == null ? constant(tf, size) : scale.beta(),
                none,
                none,
                FusedBatchNorm.epsilon((float) epsilon()),
                FusedBatchNorm.isTraining(true));
        int rank = Tensors.rank(pixels);
        Operand<TFloat32> count = Dimensions.count(tf, pixels, Dimensions.others(rank, rank - 1), TFloat32.class);
        Operand<TFloat32> one = Constants.of(tf, 1f);
        // The kernel gives the variance over n - 1, or over 1 where n is 1.
        Operand<TFloat32> biased = tf.math.mul(op.batchVariance(), tf.math.div(tf.math.sub(count, one), count));
        return new Normalized(
                image ? op.y() : tf.reshape(op.y(), Dimensions.of(tf, x)), new Moments(op.batchMean(), biased));
    }

    private static Operand<TFloat32> constant(Ops tf, Shape size) {
        return tf.constant(new float[(int) size.get(0)]);
    }

    private Normalized plain(Ops tf, Operand<TFloat32> x, Operand<TBool> mask, int channel, Scale scale) {
        int[] others = Dimensions.others(Tensors.rank(x), channel);
        Moments kept = mask == null ? moments(tf, x, others) : moments(tf, x, mask, others);
        Operand<? extends TNumber> flat = Constants.of(tf, new long[] {-1});
        Moments moments = new Moments(tf.reshape(kept.mean(), flat), tf.reshape(kept.variance(), flat));
        return new Normalized(normalize(tf, x, moments, scale, channel), moments);
    }

    /** Moments of what a mask leaves in. A mean of its zeros and ones is the share that counts, also where it broadcasts. */
    private static Moments moments(Ops tf, Operand<TFloat32> x, Operand<TBool> mask, int... axes) {
        Operand<TFloat32> counts = tf.dtypes.cast(Masks.expanded(tf, mask, Tensors.rank(x)), x.type());
        Operand<TFloat32> share = mean(tf, counts, axes);
        Operand<TFloat32> mean = tf.math.divNoNan(mean(tf, tf.math.mul(x, counts), axes), share);
        Operand<TFloat32> squares = tf.math.mul(tf.math.squaredDifference(x, mean), counts);
        return new Moments(mean, tf.math.divNoNan(mean(tf, squares, axes), share));
    }

    private static Operand<TFloat32> mean(Ops tf, Operand<TFloat32> x, int... axes) {
        return tf.math.mean(x, tf.constant(axes), Mean.keepDims(true));
    }

    /** x · factor + offset, where factor = gamma / √(variance + epsilon) and offset = beta - mean · factor. */
    private Operand<TFloat32> normalize(Ops tf, Operand<TFloat32> x, Moments moments, Scale scale, int channel) {
        int rank = Tensors.rank(x);
        Operand<TFloat32> factor = inverseDeviation(tf, moments.variance());
        if (scale.gamma() != null) {
            factor = tf.math.mul(factor, scale.gamma());
        }
        Operand<TFloat32> shift = tf.math.mul(moments.mean(), factor);
        Operand<TFloat32> offset = scale.beta() == null ? tf.math.neg(shift) : tf.math.sub(scale.beta(), shift);
        return affine(tf, x, Dimensions.along(tf, factor, rank, channel), Dimensions.along(tf, offset, rank, channel));
    }

    private void move(Ops tf, Variable<TFloat32> average, Operand<TFloat32> batch) {
        Operand<TFloat32> distance = tf.math.sub(average.read(tf), batch);
        average.assignSub(tf, tf.math.mul(distance, Tensors.constant(tf, 1 - momentum, distance.type())));
    }
}
