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

/**
 * A fully connected layer: activation(x · kernel + bias). The kernel is float32 [in, units], drawn by
 * {@link Initializer#glorotUniform()}, the bias float32 [units], zeros.
 */
public final class Dense extends Layer {

    private static final String KERNEL = "kernel";

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
        this.kernel = changed(KERNEL, kernel, change);
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
     * Trains little of a layer that was trained before (LoRA, Hu et al. 2021), with alpha = rank; see {@link #enableLora(int, double)}.
     *
     * @param rank how many columns {@code lora_kernel_a} has, at least 1
     * @return this
     */
    public Dense enableLora(int rank) {
        return enableLora(rank, rank);
    }

    /**
     * Trains little of a layer that was trained before (LoRA, Hu et al. 2021): its kernel is frozen, and alpha / rank · a · b is added to
     * it. Of these {@code lora_kernel_a}, float32 [in, rank], is drawn by {@link Initializer#heUniform()}, and {@code lora_kernel_b}
     * [rank, units] is zeros, so that training begins with what the kernel gives. As in Keras the bias is trained as before,
     * {@code bias(w -> w.trainable(false))} freezes it, and a regularizer of the kernel holds a and b, each for itself. A rank above in
     * or units learns no more than one as large as they are.
     *
     * <p>{@link #baseVariables()} are the weights to give what was trained before; {@link #mergeLora()} adds to them what was learnt.
     *
     * @param rank how many columns a has, at least 1
     * @param alpha the factor of what is added is alpha / rank, above 0
     * @return this
     * @throws IllegalArgumentException if the kernel has a constraint, which nothing would hold the sum to
     */
    public Dense enableLora(int rank, double alpha) {
        adapt(List.of(KERNEL), List.of(), rank, alpha, kernel);
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
        Operand<TFloat32> y = Rows.map(
                tf,
                pass.finite(tf, x),
                units,
                rows -> Lora.product(this, pass, tf, rows, KERNEL, Shape.of(in, units), 1, kernel));
        if (useBias) {
            y = tf.nn.biasAdd(
                    y, weight(pass, "bias", Shape.of(units), x.type(), bias).read(tf));
        }
        return pass.keepMask(x, penalized(pass, activation.call(tf, y), activityRegularizer));
    }
}
