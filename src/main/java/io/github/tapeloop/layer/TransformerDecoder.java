package io.github.tapeloop.layer;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A block of a transformer that writes a series step by step (Vaswani et al. 2017): self-attention to the steps so far,
 * attention to what an encoder made if there is such, then two dense layers, each added to what it read and normalized.
 * Without an encoder it is the block of a language model, and has no weights of the second attention. Weights are shaped and
 * named as in KerasHub: {@code self_attention/query/kernel}, {@code cross_attention/query/kernel}.
 *
 * <p>Where x or the encoded series has a mask, no step attends to a masked one; the output has the mask of x.
 *
 * <p>A {@code Predictor} that was made for decoding writes with it step by step, and keeps keys and values of the steps before.
 */
public final class TransformerDecoder extends TransformerBlock<TransformerDecoder> {

    private final MultiHeadAttention attention = attention("self_attention", "self_attention_layer_norm");
    private final MultiHeadAttention cross = attention("cross_attention", "cross_attention_layer_norm");

    /**
     * Creates a block.
     *
     * @param hiddenDim the size of a step, a multiple of numHeads; KerasHub takes it from the first input
     * @param numHeads how many heads each attention has, each of hiddenDim / numHeads features
     * @param intermediateDim the units of the first dense layer, at least 1
     */
    public TransformerDecoder(int hiddenDim, int numHeads, int intermediateDim) {
        super(hiddenDim, numHeads, intermediateDim);
        attention.useCausalMask(true);
        feedForward();
    }

    @Override
    TransformerDecoder self() {
        return this;
    }

    /**
     * Whether the self-attention turns queries and keys by their positions, see {@link
     * MultiHeadAttention#useRotary(boolean)}.
     *
     * @param use true so that no other positions are needed
     * @return this
     */
    public TransformerDecoder useRotary(boolean use) {
        requireUnused("useRotary");
        attention.useRotary(use);
        return this;
    }

    /**
     * Computes the block of a language model.
     *
     * @param pass makes ops, says whether to train, may have a mask of x
     * @param x float32 [batch, steps, hiddenDim], steps known
     * @return float32 [batch, steps, hiddenDim]; a step depends on itself and those before
     * @throws IllegalArgumentException if x has another rank or size
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = begin(pass, x);
        return fedForward(pass, tf, attended(pass, tf, x, attention, in -> attention.call(pass, in)));
    }

    /**
     * Computes the block behind an encoder.
     *
     * @param pass makes ops, says whether to train, may have masks of x and encoded
     * @param x float32 [batch, steps, hiddenDim], steps known
     * @param encoded what the encoder made, float32 [batch, other steps, any size], known but for the batch
     * @return float32 [batch, steps, hiddenDim]
     * @throws IllegalArgumentException if x or encoded has another rank or size
     */
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x, Operand<TFloat32> encoded) {
        Ops tf = begin(pass, x);
        Operand<TFloat32> own = attended(pass, tf, x, attention, in -> attention.call(pass, in));
        return fedForward(pass, tf, attended(pass, tf, own, cross, in -> cross.call(pass, in, encoded)));
    }

    /**
     * Computes the block of the first input, behind an encoder that made the second if there is one.
     *
     * @param pass makes ops, says whether to train, may have masks of the inputs
     * @param inputs one or two, as {@link #call(ForwardPass, Operand, Operand)} takes them
     * @return float32 [batch, steps of the first, hiddenDim]
     * @throws IllegalArgumentException if there are more, or one has another rank or size
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, List<? extends Operand<TFloat32>> inputs) {
        return inputs.size() == 2 ? call(pass, inputs.get(0), inputs.get(1)) : super.call(pass, inputs);
    }
}
