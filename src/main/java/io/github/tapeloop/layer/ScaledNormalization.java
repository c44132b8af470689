package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TFloat32;

/**
 * The base of the layers that normalize: a factor gamma and an offset beta for what has been normalized, which
 * start as ones and zeros, and an epsilon that keeps variances off zero. In mixed precision they compute in float32, as
 * Keras' do: sums of squares outgrow float16, and moving averages need more digits than bfloat16 has. Where squares outgrow
 * float32 itself, above some 1e19, NaN comes out and not the 0 of a division by ∞: to divide by the largest number first would
 * take a pass over the data or a decision in each call, 5 to 25 % of the layer, for numbers that no net that learns has. A {@link
 * BatchNormalization} in training gives NaN from the step after.
 *
 * @param <L> the layer, which setters return
 */
abstract class ScaledNormalization<L extends ScaledNormalization<L>> extends Layer {

    private WeightSpec gamma = WeightSpec.of(Initializer.ones());
    private WeightSpec beta = WeightSpec.of(Initializer.zeros());
    private boolean scale = true;
    private boolean center = true;
    private double epsilon = 1e-3;

    ScaledNormalization() {}

    abstract L self();

    /**
     * What is added to the variance before its root is taken; 1e-3 unless set.
     *
     * @param value above 0
     * @return this
     */
    public final L epsilon(double value) {
        requireUnused("epsilon");
        this.epsilon = Require.positive(getClass().getSimpleName() + " epsilon", value);
        return self();
    }

    /**
     * Whether to add beta; true unless set.
     *
     * @param use false for none
     * @return this
     */
    public final L center(boolean use) {
        requireUnused("center");
        this.center = use;
        return self();
    }

    /**
     * Whether to multiply by gamma; true unless set.
     *
     * @param use false for none
     * @return this
     */
    public final L scale(boolean use) {
        requireUnused("scale");
        this.scale = use;
        return self();
    }

    /**
     * Says how gamma starts, and what holds it. Ones unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public final L gamma(UnaryOperator<WeightSpec> change) {
        this.gamma = changed("gamma", gamma, change);
        return self();
    }

    /**
     * Says how beta starts, and what holds it. Zeros unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public final L beta(UnaryOperator<WeightSpec> change) {
        this.beta = changed("beta", beta, change);
        return self();
    }

    final double epsilon() {
        return epsilon;
    }

    /** Gamma, or null if there is none. */
    final Operand<TFloat32> gamma(ForwardPass pass, Ops tf, Shape shape, Class<TFloat32> type) {
        return scale ? weight(pass, "gamma", shape, type, gamma).read(tf) : null;
    }

    /** Beta, or null if there is none. */
    final Operand<TFloat32> beta(ForwardPass pass, Ops tf, Shape shape, Class<TFloat32> type) {
        return center ? weight(pass, "beta", shape, type, beta).read(tf) : null;
    }

    /** 1 / √(variance + epsilon). */
    final Operand<TFloat32> inverseDeviation(Ops tf, Operand<TFloat32> variance) {
        return inverseRoot(tf, variance, epsilon);
    }

    /**
     * 1 / √(x + epsilon), where an epsilon that the type has no number for is the smallest there is, so that no variance means
     * zeros; NaN of what has outgrown the type, as 1 / ∞ would make zeros of numbers that are not.
     */
    static Operand<TFloat32> inverseRoot(Ops tf, Operand<TFloat32> x, double epsilon) {
        double least = x.type() == TFloat32.class ? Float.MIN_NORMAL : Double.MIN_NORMAL;
        Operand<TFloat32> root =
                tf.math.rsqrt(tf.math.add(x, Tensors.constant(tf, Math.max(least, epsilon), x.type())));
        return tf.select(tf.math.isFinite(x), root, Tensors.constant(tf, Double.NaN, x.type()));
    }

    /** Means of x and of its squared distance from them along some axes, which stay as ones. */
    static Moments moments(Ops tf, Operand<TFloat32> x, int... axes) {
        Operand<TFloat32> mean = tf.math.mean(x, tf.constant(axes), Mean.keepDims(true));
        return new Moments(
                mean, tf.math.mean(tf.math.squaredDifference(x, mean), tf.constant(axes), Mean.keepDims(true)));
    }

    record Moments(Operand<TFloat32> mean, Operand<TFloat32> variance) {}

    /** x · factor + offset, where factor and offset may be null. */
    static Operand<TFloat32> affine(Ops tf, Operand<TFloat32> x, Operand<TFloat32> factor, Operand<TFloat32> offset) {
        Operand<TFloat32> scaled = factor == null ? x : tf.math.mul(x, factor);
        return offset == null ? scaled : tf.math.add(scaled, offset);
    }
}
