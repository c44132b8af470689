package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * A fully connected layer: activation(x · kernel + bias). The kernel is float32 [in, units], drawn by
 * {@link Initializer#glorotUniform()}, the bias float32 [units], zeros.
 */
public final class Dense extends Layer {

    private final int units;
    private final ActivationFunction activation;
    private boolean useBias = true;
    private WeightSpec kernel = WeightSpec.of(Initializer.glorotUniform());
    private WeightSpec bias = WeightSpec.of(Initializer.zeros());
    private Regularizer activityRegularizer;

    /**
     * A layer without activation.
     *
     * @param units size of the output, at least 1
     */
    public Dense(int units) {
        this(units, Activations.LINEAR);
    }

    /**
     * A layer with an activation.
     *
     * @param units size of the output, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public Dense(int units, ActivationFunction activation) {
        this.units = Require.atLeast(1, "Dense units", units);
        this.activation = Objects.requireNonNull(activation, "activation");
    }

    /**
     * Whether to add a bias; true unless set.
     *
     * @param use false for none
     * @return this
     */
    public Dense useBias(boolean use) {
        requireUnused("useBias");
        this.useBias = use;
        return this;
    }

    /**
     * Says how the kernel, float32 [in, units], starts, and what holds it. Drawn by {@link Initializer#glorotUniform()}
     * unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public Dense kernel(UnaryOperator<WeightSpec> change) {
        this.kernel = changed("kernel", kernel, change);
        return this;
    }

    /**
     * Says how the bias, float32 [units], starts, and what holds it. Zeros unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public Dense bias(UnaryOperator<WeightSpec> change) {
        this.bias = changed("bias", bias, change);
        return this;
    }

    /**
     * The penalty of the output, after the activation: divided by the size of the batch and added to the loss.
     *
     * @param regularizer {@link Regularizer#l1} for example
     * @return this
     */
    public Dense activityRegularizer(Regularizer regularizer) {
        requireUnused("activityRegularizer");
        this.activityRegularizer = Objects.requireNonNull(regularizer, "regularizer");
        return this;
    }

    /**
     * Computes activation(x · kernel + bias) over the last axis.
     *
     * @param pass makes ops
     * @param x float32 [batch, …, in]
     * @return float32 [batch, …, units]
     * @throws IllegalArgumentException if x has fewer than 2 dimensions, or another last dimension than before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        Shape shape = Tensors.shape(x);
        int rank = shape.numDimensions();
        if (rank < 2 || shape.get(-1) == Shape.UNKNOWN_SIZE) {
            throw new IllegalArgumentException("Layer '" + path() + "' (Dense) expects [batch, …, in] with a known last"
                    + " dimension, got " + Tensors.describe(x)
                    + (rank == 1 ? ": add the batch dimension" : ""));
        }
        long in = shape.get(-1);
        Operand<TFloat32> w =
                weight(pass, "kernel", Shape.of(in, units), x.type(), kernel).read(tf);
        Operand<TFloat32> data = pass.finite(tf, x);
        Operand<TFloat32> y = rank == 2 ? tf.linalg.matMul(data, w) : lastAxisProduct(tf, data, w, shape);
        if (useBias) {
            y = tf.nn.biasAdd(
                    y, weight(pass, "bias", Shape.of(units), x.type(), bias).read(tf));
        }
        return pass.keepMask(x, penalized(pass, activation.call(tf, y), activityRegularizer));
    }

    private Operand<TFloat32> lastAxisProduct(Ops tf, Operand<TFloat32> x, Operand<TFloat32> w, Shape shape) {
        Operand<TFloat32> rows = tf.reshape(x, Tensors.constant(tf, new long[] {-1, shape.get(-1)}));
        Operand<TFloat32> product = tf.linalg.matMul(rows, w);
        if (shape.take(shape.numDimensions() - 1).tail().hasUnknownDimension()) { // While tracing.
            Operand<TInt32> outer = tf.slice(
                    tf.shape(x), tf.constant(new int[] {0}), tf.constant(new int[] {shape.numDimensions() - 1}));
            return tf.reshape(product, tf.concat(List.of(outer, tf.constant(new int[] {units})), tf.constant(0)));
        }
        long[] out = shape.asArray();
        out[out.length - 1] = units;
        out[0] = -1; // The batch may be unknown while tracing.
        return tf.reshape(product, Tensors.constant(tf, out));
    }
}
