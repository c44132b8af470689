package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.warning.Warnings;
import java.util.function.UnaryOperator;
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
 * (1 - momentum) · batch, with the variance over n, not n - 1. Steps that a mask of the input leaves out count for neither;
 * a batch of which nothing counts leaves the averages as they are.
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
    private boolean saidAlone;

    /** Creates a layer that normalizes along the last axis. */
    public BatchNormalization() {}

    /**
     * The axis of the channels; the last unless set.
     *
     * @param channels counted from the back if negative
     * @return this
     */
    public BatchNormalization axis(int channels) {
        requireUnused("axis");
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
        requireUnused("momentum");
        this.momentum = Require.probability("BatchNormalization momentum", kept);
        return this;
    }

    /**
     * Says how the moving mean, float32 [channels], starts, and what holds it. Zeros unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public BatchNormalization movingMean(UnaryOperator<WeightSpec> change) {
        this.movingMean = changed("movingMean", movingMean, change).trainable(false);
        return this;
    }

    /**
     * Says how the moving variance, float32 [channels], starts, and what holds it. Ones unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public BatchNormalization movingVariance(UnaryOperator<WeightSpec> change) {
        this.movingVariance = changed("movingVariance", movingVariance, change).trainable(false);
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
                x, FullPrecision.compute(pass, pass.tf(this, x), x, (tf, wide) -> normalized(pass, tf, wide, mask)));
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
        if (!pass.training() || !pass.trains(this) || Tensors.shape(x).size() == 0) {
            Moments moving = new Moments(mean.read(tf), variance.read(tf));
            return normalize(tf, x, moving, scale, channel);
        }
        warnOfOneValue(Tensors.shape(x), size);
        boolean fused = mask == null && channel == Tensors.rank(x) - 1 && x.type() == TFloat32.class;
        Normalized normalized =
                fused ? fused(tf, x, size, unlessOutgrown(tf, scale, variance)) : plain(tf, x, mask, channel, scale);
        if (!pass.repeats()) {
            move(tf, mean, normalized.moments().mean(), normalized.counts());
            move(tf, variance, normalized.moments().variance(), normalized.counts());
        }
        return normalized.y();
    }

    /** One value is its own mean: 0 comes out of it, whatever it was. */
    private void warnOfOneValue(Shape x, Shape channels) {
        if (!saidAlone && !x.hasUnknownDimension() && x.size() == channels.size()) {
            saidAlone = true;
            Warnings.warn(
                    BatchNormalization.class,
                    "Layer '" + path() + "' (BatchNormalization) is given one value for each channel, " + x
                            + ", which is its own mean: what comes out says nothing of it. Make batches of 2 examples at"
                            + " least, the last one too by dropRemainder, or take a LayerNormalization");
        }
    }

    /** Gamma and beta, null where there is none. */
    private record Scale(Operand<TFloat32> gamma, Operand<TFloat32> beta) {}

    /**
     * The output, and the moments of the batch.
     *
     * @param moments [channels]
     * @param counts whether there was an element to find them from, [] or of the channels; null if there was for sure
     */
    private record Normalized(Operand<TFloat32> y, Moments moments, Operand<TBool> counts) {}

    /**
     * Gamma, or NaN where the moving variance is no number any more: the kernel makes zeros of what has outgrown float32, without a
     * word, and to look at all of y would cost a pass. So it is heard of in the step after.
     */
    private static Scale unlessOutgrown(Ops tf, Scale scale, Variable<TFloat32> variance) {
        Operand<TFloat32> moving = variance.read(tf);
        Operand<TFloat32> gamma = scale.gamma() == null ? tf.onesLike(moving) : scale.gamma();
        Operand<TFloat32> none = Tensors.constant(tf, Double.NaN, TFloat32.class);
        return new Scale(tf.select(tf.math.isFinite(moving), gamma, none), scale.beta());
    }

    /** By one kernel, which takes images: all axes but the channels are one to it. */
    private Normalized fused(Ops tf, Operand<TFloat32> x, Shape size, Scale scale) {
        boolean image = Tensors.rank(x) == 4;
        Operand<TFloat32> pixels = image ? x : tf.reshape(x, Tensors.constant(tf, new long[] {-1, 1, 1, size.get(0)}));
        int rank = Tensors.rank(pixels);
        Operand<TFloat32> count = Dimensions.count(tf, pixels, Dimensions.others(rank, rank - 1), TFloat32.class);
        Operand<TBool> counts = Tensors.shape(x).hasUnknownDimension() ? isAboveZero(tf, count) : null;
        Operand<TFloat32> none = tf.constant(new float[0]);
        FusedBatchNorm<TFloat32, TFloat32> op = tf.nn.fusedBatchNorm(
                pixels,
                scale.gamma(),
                scale.beta() == null ? constant(tf, size) : scale.beta(),
                none,
                none,
                FusedBatchNorm.epsilon((float) epsilon()),
                FusedBatchNorm.isTraining(true));
        Operand<TFloat32> one = Tensors.constant(tf, 1f);
        // The kernel gives the variance over n - 1, or over 1 where n is 1.
        Operand<TFloat32> biased = tf.math.mul(op.batchVariance(), tf.math.div(tf.math.sub(count, one), count));
        return new Normalized(
                image ? op.y() : tf.reshape(op.y(), Dimensions.of(tf, x)), new Moments(op.batchMean(), biased), counts);
    }

    private static Operand<TFloat32> constant(Ops tf, Shape size) {
        return tf.constant(new float[(int) size.get(0)]);
    }

    private Normalized plain(Ops tf, Operand<TFloat32> x, Operand<TBool> mask, int channel, Scale scale) {
        int[] others = Dimensions.others(Tensors.rank(x), channel);
        Operand<TBool> data = mask == null ? null : Masks.expanded(tf, mask, Tensors.rank(x));
        // A mean of a mask's zeros and ones is the share that counts, also where it broadcasts.
        Operand<TFloat32> share = data == null ? null : mean(tf, tf.dtypes.cast(data, x.type()), others);
        Moments kept = data == null ? moments(tf, x, others) : moments(tf, x, data, share, others);
        Operand<? extends TNumber> flat = Tensors.constant(tf, new long[] {-1});
        boolean open = Tensors.shape(x).hasUnknownDimension();
        Operand<TBool> counts = null;
        if (share != null) {
            counts = isAboveZero(tf, tf.reshape(share, flat));
        } else if (open) {
            counts = isAboveZero(tf, Dimensions.count(tf, x, others, x.type()));
        }
        Operand<TBool> some = open ? counts : null; // Where it is known that there is none, it does not come to this.
        Moments moments = new Moments(
                orZero(tf, tf.reshape(kept.mean(), flat), some), orZero(tf, tf.reshape(kept.variance(), flat), some));
        return new Normalized(normalize(tf, x, moments, scale, channel), moments, counts);
    }

    private static Operand<TBool> isAboveZero(Ops tf, Operand<TFloat32> count) {
        return tf.math.greater(count, Tensors.constant(tf, 0, count.type()));
    }

    /** Moments of what a mask leaves in: of the data, and the share of the elements that are. */
    private static Moments moments(
            Ops tf, Operand<TFloat32> x, Operand<TBool> data, Operand<TFloat32> share, int... axes) {
        Operand<TFloat32> zero = Tensors.constant(tf, 0, x.type());
        Operand<TFloat32> mean = tf.math.divNoNan(mean(tf, tf.select(data, x, zero), axes), share);
        Operand<TFloat32> squares = tf.select(data, tf.math.squaredDifference(x, mean), zero);
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

    /** A value and its gradient if something counts, else zeros: the moments of nothing are not numbers. */
    private static Operand<TFloat32> orZero(Ops tf, Operand<TFloat32> value, Operand<TBool> counts) {
        return counts == null ? value : tf.select(counts, value, Tensors.constant(tf, 0, value.type()));
    }

    private void move(Ops tf, Variable<TFloat32> average, Operand<TFloat32> batch, Operand<TBool> counts) {
        Operand<TFloat32> distance = tf.math.sub(average.read(tf), batch);
        Operand<TFloat32> step = orZero(tf, distance, counts);
        average.assignSub(tf, tf.math.mul(step, Tensors.constant(tf, 1 - momentum, distance.type())));
    }
}
