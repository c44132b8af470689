package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The base of the blocks of a transformer: parts with a residual around each, the last of them two dense layers.
 *
 * @param <B> the block, which setters return
 */
abstract class TransformerBlock<B extends TransformerBlock<B>> extends Layer {

    private final int hiddenDim;
    private final int numHeads;
    private final List<MultiHeadAttention> attentions = new ArrayList<>();
    private final List<LayerNormalization> norms = new ArrayList<>();
    private final Dense intermediate;
    private final Dense output;
    private ActivationFunction activation = Activations.RELU;
    private double dropout;
    private boolean normalizeFirst;

    TransformerBlock(int hiddenDim, int numHeads, int intermediateDim) {
        this.hiddenDim = Require.atLeast(1, named("hiddenDim"), hiddenDim);
        this.numHeads = Require.atLeast(1, named("numHeads"), numHeads);
        if (hiddenDim % numHeads != 0) {
            throw new IllegalArgumentException(
                    named("hiddenDim") + " is shared by the heads and must be a multiple of numHeads, got " + hiddenDim
                            + " and " + numHeads);
        }
        this.intermediate = new Dense(Require.atLeast(1, named("intermediateDim"), intermediateDim));
        this.output = new Dense(hiddenDim);
    }

    private String named(String setting) {
        return getClass().getSimpleName() + " " + setting;
    }

    abstract B self();

    /** An attention of the block and the normalization that goes with it. */
    final MultiHeadAttention attention(String name, String norm) {
        MultiHeadAttention attention = layer(name, new MultiHeadAttention(numHeads, hiddenDim / numHeads));
        attentions.add(attention);
        norm(norm);
        return attention;
    }

    private LayerNormalization norm(String name) {
        LayerNormalization norm = layer(name, new LayerNormalization().epsilon(1e-5));
        norms.add(norm);
        return norm;
    }

    /** The dense layers, which come last. */
    final void feedForward() {
        norm("feedforward_layer_norm");
        layer("feedforward_intermediate_dense", intermediate);
        layer("feedforward_output_dense", output);
    }

    /**
     * The part to drop, in training, of the attention weights and of what each part adds; 0 unless set.
     *
     * @param rate the part to drop, in [0, 1)
     * @return this
     */
    public final B dropout(double rate) {
        requireUnused("dropout");
        this.dropout = Require.fraction(named("dropout"), rate);
        attentions.forEach(attention -> attention.dropout(rate));
        return self();
    }

    /**
     * What stands between the two dense layers; {@link Activations#RELU} unless set.
     *
     * @param function one of {@link Activations}, or a lambda
     * @return this
     */
    public final B activation(ActivationFunction function) {
        requireUnused("activation");
        this.activation = Objects.requireNonNull(function, "activation");
        return self();
    }

    /**
     * What the normalizations add to a variance; 1e-5 unless set.
     *
     * @param value above 0
     * @return this
     */
    public final B layerNormEpsilon(double value) {
        requireUnused("layerNormEpsilon");
        Require.positive(named("layerNormEpsilon"), value);
        norms.forEach(norm -> norm.epsilon(value));
        return self();
    }

    /**
     * Whether a part normalizes what it reads, and not the sum it is added to; false unless set. True trains deep stacks
     * without a warm-up (Xiong et al. 2020); then put a {@link LayerNormalization} behind the last block.
     *
     * @param first true for pre-norm, false for post-norm
     * @return this
     */
    public final B normalizeFirst(boolean first) {
        requireUnused("normalizeFirst");
        this.normalizeFirst = first;
        return self();
    }

    /**
     * Says how the kernels of attentions and dense layers start, and what holds them. Drawn by {@link
     * Initializer#glorotUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public final B kernel(UnaryOperator<WeightSpec> change) {
        requireUnused("kernel");
        attentions.forEach(attention -> attention.kernel(change));
        intermediate.kernel(change);
        output.kernel(change);
        return self();
    }

    /**
     * Says how the biases of attentions and dense layers start, and what holds them. Zeros unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public final B bias(UnaryOperator<WeightSpec> change) {
        requireUnused("bias");
        attentions.forEach(attention -> attention.bias(change));
        intermediate.bias(change);
        output.bias(change);
        return self();
    }

    /**
     * Trains little of a block that was trained before (LoRA, Hu et al. 2021): query and value of its attentions, with alpha = rank;
     * see {@link #enableLora(int, double, String...)}.
     *
     * @param rank how many columns each {@code lora_kernel_a} has, at least 1
     * @return this
     */
    public final B enableLora(int rank) {
        return enableLora(rank, rank);
    }

    /**
     * Trains little of a block that was trained before: enables LoRA in its attentions, as {@link
     * MultiHeadAttention#enableLora(int, double, String...)} does, and freezes all else, normalizations and dense layers, as KerasHub's
     * models do. {@code layers().get("feedforward_layer_norm").trainable(true)} trains one of these all the same.
     *
     * @param rank how many columns each a has, at least 1
     * @param alpha the factor of what is added is alpha / rank, above 0
     * @param kernels some of {@code query}, {@code key}, {@code value}, {@code attention_output}; query and value if none is named
     * @return this
     * @throws IllegalArgumentException if there is no such kernel, or kernels have a constraint
     */
    public final B enableLora(int rank, double alpha, String... kernels) {
        requireUnused("enableLora");
        attentions.forEach(attention -> attention.enableLora(rank, alpha, kernels));
        norms.forEach(norm -> norm.trainable(false));
        intermediate.trainable(false);
        output.trainable(false);
        return self();
    }

    /** The ops of a call; fails if an input is no series of hiddenDim features. */
    final Ops begin(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        if (Tensors.rank(x) != 3 || Tensors.shape(x).get(2) != hiddenDim) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (" + getClass().getSimpleName() + ") expects [batch, steps, " + hiddenDim
                            + "], for its hiddenDim, got " + Tensors.describe(x));
        }
        return tf;
    }

    /** x and what an attention, one of {@link #attention}, makes of it. */
    final Operand<TFloat32> attended(
            ForwardPass pass,
            Ops tf,
            Operand<TFloat32> x,
            MultiHeadAttention attention,
            UnaryOperator<Operand<TFloat32>> part) {
        return withResidual(pass, tf, x, norms.get(attentions.indexOf(attention)), part);
    }

    /** x and what the dense layers make of it. */
    final Operand<TFloat32> fedForward(ForwardPass pass, Ops tf, Operand<TFloat32> x) {
        return withResidual(
                pass,
                tf,
                x,
                norms.get(norms.size() - 1),
                in -> output.call(pass, pass.keepMask(in, activation.call(tf, intermediate.call(pass, in)))));
    }

    private Operand<TFloat32> withResidual(
            ForwardPass pass,
            Ops tf,
            Operand<TFloat32> x,
            LayerNormalization norm,
            UnaryOperator<Operand<TFloat32>> part) {
        Operand<TFloat32> added = part.apply(normalizeFirst ? norm.call(pass, x) : x);
        if (pass.training() && dropout > 0) {
            added = Dropout.drop(pass, tf, added, dropout, Dimensions.of(tf, added));
        }
        Operand<TFloat32> sum = pass.keepMask(x, tf.math.add(x, added));
        return normalizeFirst ? sum : norm.call(pass, sum);
    }
}
