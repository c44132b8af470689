package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * f(x) = x where x is positive, alpha · x elsewhere, with a learned slope alpha for each element of an example (He et al.
 * 2015). Alpha starts as zeros and has the shape of an example, with 1 along the shared axes.
 */
public final class PReLU extends Layer {

    private final int[] sharedAxes;
    private WeightSpec alpha = WeightSpec.of(Initializer.zeros());

    /**
     * Creates a layer.
     *
     * @param sharedAxes axes whose elements share a slope: 1 and 2 for one slope a channel of an image; none for no sharing
     */
    public PReLU(int... sharedAxes) {
        if (Arrays.stream(sharedAxes).anyMatch(axis -> axis == 0)) {
            throw new IllegalArgumentException(
                    "PReLU needs shared axes other than 0, which the batch shares anyway, got "
                            + Arrays.toString(sharedAxes));
        }
        this.sharedAxes = sharedAxes.clone();
    }

    /**
     * Says how the slopes alpha start, and what holds them. Zeros unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public PReLU alpha(UnaryOperator<WeightSpec> change) {
        this.alpha = changed("alpha", alpha, change);
        return this;
    }

    /**
     * Applies the function.
     *
     * @param pass makes ops
     * @param x float32 [batch, …]
     * @return float32 of the same shape
     * @throws IllegalArgumentException if an axis that is not shared has an unknown size, or another than before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        int[] shared = Dimensions.axes(this, x, sharedAxes);
        long[] sizes = Tensors.shape(x).asArray();
        for (int axis : shared) {
            sizes[axis] = 1;
        }
        Shape example = Shape.of(sizes).tail();
        if (example.hasUnknownDimension()) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (PReLU) needs known sizes along the axes that share" + " no slope, got "
                            + Tensors.describe(x));
        }
        Operand<TFloat32> slope =
                weight(pass, "alpha", example, x.type(), alpha).read(tf);
        Operand<TFloat32> data = pass.finite(tf, x);
        return pass.keepMask(x, tf.math.sub(tf.nn.relu(data), tf.math.mul(slope, tf.nn.relu(tf.math.neg(data)))));
    }
}
