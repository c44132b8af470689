package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.MultiHeadAttention;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/** Attention. */
final class AttentionRows {

    private AttentionRows() {}

    static List<PartRow> rows() {
        return List.of(
                attention(
                        "",
                        "value_dim=None (key_dim), dropout=0, use_bias=True, output_shape=None (that of the query),"
                                + " kernel_initializer=glorot_uniform, bias_initializer=zeros",
                        "attention",
                        AttentionRows::plain),
                attention("useCausalMask", "", "attention_causal", () -> plain().useCausalMask(true)),
                attention("masked", "", "attention_masked", () -> SequenceRows.masked(plain())),
                attention(
                        "masked, useCausalMask",
                        "",
                        "attention_masked_causal",
                        () -> SequenceRows.masked(plain().useCausalMask(true))),
                attention(
                        "keyDim 2, valueDim 4, outputDim 3, no bias",
                        "",
                        "attention_sizes",
                        () -> new MultiHeadAttention(2, 2)
                                .valueDim(4)
                                .outputDim(3)
                                .useBias(false)),
                attention("query and value", "", "attention_cross", () -> new Cross(false)),
                attention("query, value, key and attentionMask", "", "attention_mask", () -> new Cross(true)),
                SequenceRows.row(
                        "MultiHeadAttention",
                        "dropout 0.5",
                        "MultiHeadAttention",
                        "",
                        "closed form",
                        AttentionRows::dropped));
    }

    private static MultiHeadAttention plain() {
        return new MultiHeadAttention(2, 3);
    }

    private static PartRow attention(String variant, String defaults, String figures, Supplier<Layer> layer) {
        return SequenceRows.layer("MultiHeadAttention", variant, "MultiHeadAttention", defaults, figures, layer);
    }

    /** Attention to another series. */
    private static final class Cross extends LayerCase.Several {

        private static final boolean[][][] ALLOWED = {
            {{true, false, true, true}, {true, true, false, false}, {false, false, false, true}}
        };

        private final boolean masked;
        private final MultiHeadAttention inner = layer(plain());

        Cross(boolean masked) {
            this.masked = masked;
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, List<? extends Operand<TFloat32>> inputs) {
            if (!masked) {
                return inner.call(pass, inputs.get(0), inputs.get(1));
            }
            Operand<TBool> allowed = pass.tf().constant(StdArrays.ndCopyOf(ALLOWED));
            return inner.call(pass, inputs.get(0), inputs.get(1), inputs.get(2), allowed);
        }
    }

    /** All scores are 0, so each of 4 steps weighs 1/4, or 1/2 if it is kept and 0 if it is dropped. */
    private static void dropped(PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            double[] ones = new double[200];
            Arrays.fill(ones, 1);
            MultiHeadAttention layer =
                    new MultiHeadAttention(1, 1).dropout(0.5).kernel(w -> w.initializer(Initializer.ones()));
            Operand<TFloat32> x = run.constant(session.tf(), Shape.of(50, 4, 1), ones);
            double[] y = run.run(
                            session,
                            List.of(x),
                            (tf, in) -> List.of(layer.call(
                                    ForwardPass.training(tf, 1, () -> tf.constant(0L)), SequenceRows.typed(in.get(0)))))
                    .get(0);
            assertEquals(1, Arrays.stream(y).average().orElseThrow(), 0.15);
            for (double value : y) {
                assertTrue(Math.abs(value * 2 - Math.rint(value * 2)) < 1e-6 && value < 2 + 1e-6, () -> "" + value);
            }
            assertTrue(Arrays.stream(y).distinct().count() > 3, () -> Arrays.toString(y));
        }
    }
}
