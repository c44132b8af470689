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
 * Divides by the root of the mean square along an axis or more: scale · x / √(mean(x²) + epsilon) (Zhang and Sennrich 2019).
 * The scale has the sizes of these axes and starts as ones. As in Keras 3, epsilon is 1e-6. In mixed precision it is
 * computed in float32. Where squares outgrow float32 itself, NaN comes out.
 */
public final class RmsNormalization extends Layer {

    private final int[] axis;
    private double epsilon = 1e-6;
    private WeightSpec scale = WeightSpec.of(Initializer.ones());

    /** Normalizes along the last axis. */
    public RmsNormalization() {
        this(-1);
    }

    /**
     * Normalizes along some axes.
     *
     * @param axis at least one, counted from the back if negative; not the batch's
     */
    public RmsNormalization(int... axis) {
        if (axis.length == 0) {
            throw new IllegalArgumentException("RmsNormalization needs at least one axis, got none");
        }
        this.axis = axis.clone();
    }

    /**
     * What is added to the mean square before its root is taken; 1e-6 unless set.
     *
     * @param value above 0
     * @return this
     */
    public RmsNormalization epsilon(double value) {
        requireUnused("epsilon");
        this.epsilon = Require.positive("RmsNormalization epsilon", value);
        return this;
    }

    /**
     * Says how the scale starts, and what holds it. Ones unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public RmsNormalization scale(UnaryOperator<WeightSpec> change) {
        this.scale = changed("scale", scale, change);
        return this;
    }

    /**
     * Normalizes.
     *
     * @param pass makes ops
     * @param x float32 [batch, …]
     * @return float32 of the same shape
     * @throws IllegalArgumentException if x has no such axis, or not the sizes of before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return pass.keepMask(
                x, FullPrecision.compute(pass, pass.tf(this, x), x, (tf, wide) -> normalized(pass, tf, wide)));
    }

    private Operand<TFloat32> normalized(ForwardPass pass, Ops tf, Operand<TFloat32> x) {
        int[] axes = Dimensions.axes(this, x, axis);
        Shape sizes = Dimensions.sizes(this, x, axes);
        Operand<TFloat32> factors =
                weight(pass, "scale", sizes, x.type(), scale).read(tf);
        Operand<TFloat32> square = tf.math.mean(tf.math.square(x), tf.constant(axes), Mean.keepDims(true));
        Operand<TFloat32> inverse = ScaledNormalization.inverseRoot(tf, square, epsilon);
        return tf.math.mul(tf.math.mul(x, inverse), Dimensions.along(tf, factors, Tensors.rank(x), axes));
    }
}
