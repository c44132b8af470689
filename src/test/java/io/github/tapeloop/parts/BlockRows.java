package io.github.tapeloop.parts;

import java.util.List;
import java.util.Map;

/** Positions and the blocks of transformers, against KerasHub. */
final class BlockRows {

    private static final Map<String, LayerCase> CASES = KerasLayers.cases();

    private BlockRows() {}

    static List<PartRow> rows() {
        String block = "dropout=0, activation=relu, layer_norm_epsilon=1e-5, kernel_initializer=glorot_uniform,"
                + " bias_initializer=zeros, normalize_first=False";
        return List.of(
                row("PositionEmbedding", "", "embeddings_initializer=glorot_uniform", "position_embedding"),
                row("SinePositionEncoding", "", "max_wavelength=10000", "sine_position_encoding"),
                row("RotaryEmbedding", "", "max_wavelength=10000", "rotary_embedding"),
                row("TransformerEncoder", "", block, "transformer_encoder"),
                row("TransformerDecoder", "", block, "transformer_decoder"),
                row("TransformerDecoder", "behind an encoder", "", "transformer_decoder_cross"));
    }

    private static PartRow row(String part, String variant, String defaults, String figures) {
        return new PartRow(
                PartRow.Kind.LAYER,
                part,
                variant,
                "keras_hub.layers." + part,
                defaults,
                "KerasHub",
                CASES.get(figures)::check);
    }
}
