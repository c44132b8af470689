package io.github.tapeloop.layer;

import io.github.tapeloop.op.DecodedSteps;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Which layers compute a step of a series from that step alone, or know what they have kept of those before. The others, in the
 * middle of a series, would take its first step for the first of all. Layers of users are compared with the whole series instead.
 */
final class StepByStep {

    private static final List<Class<? extends Layer>> MIXES = List.of(
            Recurrent.class,
            Bidirectional.class,
            WindowLayer.class,
            GlobalPool.class,
            GroupNormalization.class,
            Flatten.class,
            Reshape.class,
            Permute.class,
            Border.class,
            UpSampling1D.class,
            UpSampling2D.class,
            Resizing.class,
            Dot.class);

    private StepByStep() {}

    /**
     * Refuses a layer that mixes steps where a series is computed step by step.
     *
     * @param x its input; null if it has several
     */
    static void require(Ops tf, Layer layer, Operand<?> x) {
        DecodedSteps decoded = DecodedSteps.of(tf).orElse(null);
        if (decoded != null
                && MIXES.stream().anyMatch(type -> type.isInstance(layer))
                && (x == null || decoded.have(x))) {
            throw refused(layer, "what it computes for a step depends on others, and it keeps nothing of them");
        }
    }

    /**
     * The steps that an attention computes; null where it computes for a whole series. Refuses one that attends to other steps of the
     * same series than those it keeps.
     *
     * @param toItself whether it is self-attention to the steps so far
     * @param causal whether it heeds the order of steps
     */
    static DecodedSteps ofAttention(
            Layer layer,
            Ops tf,
            Operand<TFloat32> query,
            Operand<TFloat32> value,
            Operand<TFloat32> key,
            boolean toItself,
            boolean causal) {
        DecodedSteps decoded = DecodedSteps.of(tf).orElse(null);
        if (decoded == null) {
            return null;
        }
        boolean toOthers = !decoded.have(key) && !decoded.have(value);
        if (!decoded.have(query)) {
            if (toOthers) {
                return null;
            }
        } else if (toItself || toOthers && !causal) {
            return decoded;
        }
        throw refused(layer, "it attends to more than its own steps so far");
    }

    static IllegalStateException refused(Layer layer, String why) {
        return new IllegalStateException("Layer '" + layer.path() + "' ("
                + layer.getClass().getSimpleName() + ") cannot be decoded step by step: " + why
                + ". Of what mixes steps, self-attention with useCausalMask(true) can");
    }
}
