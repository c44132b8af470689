package io.github.tapeloop.layer;

import io.github.tapeloop.op.DecodedSteps;
import java.util.List;
import org.tensorflow.op.Ops;

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

    /** Refuses a layer that mixes steps where a series is computed step by step. */
    static void require(Ops tf, Layer layer) {
        if (DecodedSteps.of(tf).isPresent() && MIXES.stream().anyMatch(type -> type.isInstance(layer))) {
            throw refused(layer, "what it computes for a step depends on others, and it keeps nothing of them");
        }
    }

    static IllegalStateException refused(Layer layer, String why) {
        return new IllegalStateException("Layer '" + layer.path() + "' ("
                + layer.getClass().getSimpleName() + ") cannot be decoded step by step: " + why
                + ". Of what mixes steps, self-attention with useCausalMask(true) can");
    }
}
