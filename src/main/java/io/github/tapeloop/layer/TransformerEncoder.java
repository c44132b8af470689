package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A block of a transformer that reads a whole series (Vaswani et al. 2017): self-attention, then two dense layers, each added to
 * what it read and normalized. Weights are shaped and named as in KerasHub: {@code self_attention_layer/query/kernel},
 * {@code feedforward_intermediate_dense/kernel}.
 *
 * <pre>{@code
 * Sequential.of(
 *         new Embedding(20_000, 64).maskZero(true),
 *         new PositionEmbedding(128),
 *         new TransformerEncoder(64, 4, 256).dropout(0.1),
 *         new GlobalAveragePool1D(),
 *         new Dense(2))
 * }</pre>
 *
 * <p>Where x has a mask, no step attends to a masked one, and the output has that mask.
 */
public final class TransformerEncoder extends TransformerBlock<TransformerEncoder> {

    private final MultiHeadAttention attention = attention("self_attention_layer", "self_attention_layer_norm");

    /**
     * Creates a block.
     *
     * @param hiddenDim the size of a step, a multiple of numHeads; KerasHub takes it from the first input
     * @param numHeads how many heads the attention has, each of hiddenDim / numHeads features
     * @param intermediateDim the units of the first dense layer, at least 1
     */
    public TransformerEncoder(int hiddenDim, int numHeads, int intermediateDim) {
        super(hiddenDim, numHeads, intermediateDim);
        feedForward();
    }

    @Override
    TransformerEncoder self() {
        return this;
    }

    /**
     * Whether a step attends to itself and those before only; false unless set. In KerasHub an argument of the call.
     *
     * @param use true so that no output depends on later steps
     * @return this
     */
    public TransformerEncoder useCausalMask(boolean use) {
        requireUnused("useCausalMask");
        attention.useCausalMask(use);
        return this;
    }

    /**
     * Whether the attention turns queries and keys by their positions, see {@link MultiHeadAttention#useRotary(boolean)}.
     *
     * @param use true so that no other positions are needed
     * @return this
     */
    public TransformerEncoder useRotary(boolean use) {
        requireUnused("useRotary");
        attention.useRotary(use);
        return this;
    }

    /**
     * Computes the block.
     *
     * @param pass makes ops, says whether to train, may have a mask of x
     * @param x float32 [batch, steps, hiddenDim], steps known
     * @return float32 [batch, steps, hiddenDim]
     * @throws IllegalArgumentException if x has another rank or size
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = begin(pass, x);
        return fedForward(pass, tf, attended(pass, tf, x, attention, in -> attention.call(pass, in)));
    }
}
