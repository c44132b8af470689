package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * Two recurrent layers over the same series, one from each end, whose outputs are merged (Schuster and Paliwal 1997). If they
 * return sequences, those of the backward layer are turned round, so that both are in the order of the input, and where the
 * input has a mask, masked steps are zeros, as in Keras: there the two layers have not seen the same part of the series.
 *
 * <pre>{@code
 * new Bidirectional(() -> new Lstm(32).returnSequences(true))
 * }</pre>
 */
public final class Bidirectional extends Layer {

    /** How the outputs become one. */
    public enum MergeMode {
        /** One after the other in the last axis: [batch, …, 2 · units]. */
        CONCAT,
        /** Their sum. */
        SUM,
        /** Their product. */
        MUL,
        /** Their mean. */
        AVE
    }

    private final Recurrent<?> forward;
    private final Recurrent<?> backward;
    private MergeMode mergeMode = MergeMode.CONCAT;

    /**
     * Creates a layer.
     *
     * @param layers makes a layer that goes forward, a new one in each of two calls; the second is turned round. Keras takes one
     *     layer and copies it
     */
    public Bidirectional(Supplier<? extends Recurrent<?>> layers) {
        this.forward = layer("forward", layers.get());
        Recurrent<?> second = layers.get();
        if (forward.goesBackwards()) {
            throw new IllegalArgumentException(
                    "Bidirectional needs a layer that goes forward, got one with goBackwards(true)");
        }
        this.backward = layer("backward", second.goBackwards(true));
    }

    /**
     * How to merge the outputs; {@link MergeMode#CONCAT} unless set.
     *
     * @param mode how
     * @return this
     */
    public Bidirectional mergeMode(MergeMode mode) {
        requireUnused("mergeMode");
        this.mergeMode = Objects.requireNonNull(mode, "mode");
        return this;
    }

    /**
     * Walks along series from both ends, from states of zeros.
     *
     * @param pass makes ops, says whether to train, may have a mask of x
     * @param x float32 [batch, steps, in], steps and in known
     * @return float32 [batch, out], or [batch, steps, out] if the layers return sequences, where out is 2 · units after
     *     CONCAT and units after the other modes
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return callWithState(pass, x, List.of()).output();
    }

    /**
     * Walks along series from both ends, from given states.
     *
     * @param pass makes ops, says whether to train, may have a mask of x
     * @param x float32 [batch, steps, in], steps and in known
     * @param initialState the states of the forward layer, then those of the backward layer; empty for zeros
     * @return the merged output, and the last states of the forward, then of the backward layer
     */
    public Recurrent.Result callWithState(
            ForwardPass pass, Operand<TFloat32> x, List<? extends Operand<TFloat32>> initialState) {
        requireTaken(x);
        int half = initialState.size() / 2;
        Recurrent.Result there = forward.callWithState(pass, x, initialState.subList(0, half));
        Recurrent.Result back = backward.callWithState(pass, x, initialState.subList(half, initialState.size()));
        pass.setMask(back.output(), null); // Turned, it is that of the way there.
        Ops tf = pass.tf(this, x);
        Operand<TFloat32> turned =
                forward.returnsSequences() ? tf.reverse(back.output(), tf.constant(new int[] {1})) : back.output();
        Operand<TFloat32> merged = merge(tf, there.output(), turned);
        Operand<TBool> mask = pass.mask(there.output()).orElse(null);
        Operand<TFloat32> data = Masks.zeroed(tf, merged, mask);
        pass.setMask(data, mask);
        return new Recurrent.Result(
                data,
                Stream.of(there.state(), back.state()).flatMap(List::stream).toList());
    }

    private Operand<TFloat32> merge(Ops tf, Operand<TFloat32> first, Operand<TFloat32> second) {
        return switch (mergeMode) {
            case CONCAT -> tf.concat(List.of(first, second), tf.constant(-1));
            case SUM -> tf.math.add(first, second);
            case MUL -> tf.math.mul(first, second);
            case AVE -> tf.math.mul(tf.math.add(first, second), Tensors.constant(tf, 0.5, first.type()));
        };
    }
}
