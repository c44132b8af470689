"""Oracle for the blocks of transformers by KerasHub: outputs and gradients, in the format of keras_layers.py.

    python3 keras_blocks.py > keras_blocks.txt
"""
import keras_layers as of
import keras
import keras_hub
import numpy as np
import tensorflow as tf
from keras import layers as L
from keras_hub import layers as H

SERIES, HEADS, SHORT = (3, 5, 4), (2, 5, 3, 4), (3, 2, 4)
EARLIER = np.tril(np.ones((1, 5, 5), bool))


class RotaryAttention(L.MultiHeadAttention):
    """Queries and keys [batch, steps, heads, size] are turned before they meet."""

    def _compute_attention(self, query, key, value, *args, **kwargs):
        turn = H.RotaryEmbedding()
        return super()._compute_attention(turn(query), turn(key), value, *args, **kwargs)


def added(layer, xs):
    """KerasHub's layers of positions give them alone."""
    return xs[0] + layer(xs[0])


def positions():
    of.case("position_embedding", H.PositionEmbedding(5), SERIES, call=added)
    of.case("position_embedding_shorter", H.PositionEmbedding(7), SERIES, call=added)
    of.case("position_embedding_one", H.PositionEmbedding(2), (3, 1, 4), call=added)
    of.case("sine_position_encoding", H.SinePositionEncoding(), SERIES, call=added)
    of.case("sine_position_encoding_odd", H.SinePositionEncoding(), (2, 4, 5), call=added)
    of.case("sine_position_encoding_waves", H.SinePositionEncoding(max_wavelength=50), SERIES, call=added)
    of.case("rotary_embedding", H.RotaryEmbedding(), SERIES, call=lambda l, xs: l(xs[0]))
    of.case("rotary_embedding_heads", H.RotaryEmbedding(), HEADS, call=lambda l, xs: l(xs[0]))
    of.case("rotary_embedding_waves", H.RotaryEmbedding(max_wavelength=50), (2, 6, 6), call=lambda l, xs: l(xs[0]))
    of.case("multi_head_attention_rotary", RotaryAttention(2, 4), SERIES, call=lambda l, xs: l(xs[0], xs[0]))


def blocks():
    first = dict(activation="gelu", layer_norm_epsilon=0.1, normalize_first=True)
    of.case("transformer_encoder", H.TransformerEncoder(6, 2), SERIES)
    of.case("transformer_encoder_first", H.TransformerEncoder(6, 2, **first), SERIES)
    of.case("transformer_encoder_causal", H.TransformerEncoder(3, 1), SERIES,
            call=lambda l, xs: l(xs[0], attention_mask=np.repeat(EARLIER, 3, 0)))
    of.case("transformer_decoder", H.TransformerDecoder(6, 2), SERIES, call=lambda l, xs: l(xs[0]))
    of.case("transformer_decoder_first", H.TransformerDecoder(6, 2, **first), SERIES, call=lambda l, xs: l(xs[0]))
    of.case("transformer_decoder_cross", H.TransformerDecoder(6, 2), SERIES, SHORT, call=lambda l, xs: l(*xs))
    of.case("transformer_decoder_cross_first", H.TransformerDecoder(6, 2, **first), SERIES, SHORT,
            call=lambda l, xs: l(*xs))


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(1)
    keras.config.set_floatx("float64")
    print(f"# Made by keras_blocks.py, Keras {keras.__version__}, KerasHub {keras_hub.__version__}. Do not edit: run the script.")
    print("# Format: that of keras_layers.txt.")
    positions()
    blocks()
