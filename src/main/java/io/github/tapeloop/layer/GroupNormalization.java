package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * Gives each group of channels of each example mean 0 and variance 1: gamma · (x - mean) / √(variance + epsilon) + beta (Wu
 * and He 2018), the same in training and inference. Gamma and beta have the size of the channels. As in Keras 3, there are
 * 32 groups unless said otherwise and epsilon is 1e-3. Steps that a mask leaves out count as well, as in Keras, but for numbers
 * that are not finite, which are zeros here.
 */
public final class GroupNormalization extends ScaledNormalization<GroupNormalization> {

    private final int groups;
    private int axis = -1;

    /** Normalizes 32 groups. */
    public GroupNormalization() {
        this(32);
    }

    /**
     * Normalizes some groups.
     *
     * @param groups how many, a divisor of the channels; 1 takes all channels together, -1 each by itself
     */
    public GroupNormalization(int groups) {
        if (groups < 1 && groups != -1) {
            throw new IllegalArgumentException(
                    "GroupNormalization needs groups of at least 1, or -1 for one a channel, got " + groups);
        }
        this.groups = groups;
    }

    /**
     * The axis of the channels; the last unless set.
     *
     * @param channels counted from the back if negative; not the batch's
     * @return this
     */
    public GroupNormalization axis(int channels) {
        requireUnused("axis");
        this.axis = channels;
        return this;
    }

    @Override
    GroupNormalization self() {
        return this;
    }

    /**
     * Normalizes.
     *
     * @param pass makes ops
     * @param x float32 [batch, …, channels]
     * @return float32 of the same shape
     * @throws IllegalArgumentException if the channels cannot be split into the groups, or are not those of before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return pass.keepMask(
                x, FullPrecision.compute(pass, pass.tf(this, x), x, (tf, wide) -> normalized(pass, tf, wide)));
    }

    private Operand<TFloat32> normalized(ForwardPass pass, Ops tf, Operand<TFloat32> x) {
        int rank = Tensors.rank(x);
        int channel = Dimensions.axes(this, x, axis)[0];
        Shape sizes = Dimensions.sizes(this, x, channel);
        long parts = groups == -1 ? sizes.get(0) : groups;
        if (channel == 0 || sizes.get(0) % parts != 0) {
            throw new IllegalArgumentException("Layer '" + path() + "' (GroupNormalization) expects [batch, …] with a"
                    + " multiple of " + parts + " channels along axis " + axis + ", got " + Tensors.describe(x));
        }
        Operand<TFloat32> gamma = gamma(pass, tf, sizes, x.type());
        Operand<TFloat32> beta = beta(pass, tf, sizes, x.type());
        Operand<TFloat32> grouped = tf.reshape(x, split(tf, x, channel, parts));
        Moments moments = moments(tf, grouped, Dimensions.others(rank + 1, 0, channel));
        Operand<TFloat32> normal =
                tf.math.mul(tf.math.sub(grouped, moments.mean()), inverseDeviation(tf, moments.variance()));
        return affine(
                tf,
                tf.reshape(normal, Dimensions.of(tf, x)),
                gamma == null ? null : Dimensions.along(tf, gamma, rank, channel),
                beta == null ? null : Dimensions.along(tf, beta, rank, channel));
    }

    /** The shape of x with the channels as groups and channels of a group. */
    private static Operand<TInt64> split(Ops tf, Operand<TFloat32> x, int channel, long groups) {
        long[] sizes = Tensors.shape(x).asArray();
        long[] split = new long[sizes.length + 1];
        System.arraycopy(sizes, 0, split, 0, channel);
        split[channel] = groups;
        split[channel + 1] = sizes[channel] / groups;
        System.arraycopy(sizes, channel + 1, split, channel + 2, sizes.length - channel - 1);
        if (Arrays.stream(split).filter(size -> size == Shape.UNKNOWN_SIZE).count() <= 1) {
            return tf.constant(split); // One open size follows from the others.
        }
        Operand<TInt64> open = Dimensions.of(tf, x);
        return tf.concat(
                List.of(
                        tf.slice(open, tf.constant(new int[] {0}), tf.constant(new int[] {channel})),
                        tf.constant(new long[] {groups, sizes[channel] / groups}),
                        tf.slice(open, tf.constant(new int[] {channel + 1}), tf.constant(new int[] {-1}))),
                tf.constant(0));
    }
}
