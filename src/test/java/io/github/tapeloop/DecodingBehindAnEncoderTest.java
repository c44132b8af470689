package io.github.tapeloop;

import static io.github.tapeloop.WrittenSeries.LENGTH;
import static io.github.tapeloop.WrittenSeries.WORDS;
import static io.github.tapeloop.WrittenSeries.ids;
import static io.github.tapeloop.WrittenSeries.part;
import static io.github.tapeloop.WrittenSeries.refused;
import static io.github.tapeloop.WrittenSeries.scores;
import static io.github.tapeloop.WrittenSeries.trainer;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.layer.PositionEmbedding;
import io.github.tapeloop.layer.SinePositionEncoding;
import io.github.tapeloop.layer.TransformerDecoder;
import io.github.tapeloop.layer.TransformerEncoder;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.OpException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/** Series that a predictor writes while it reads another one. */
class DecodingBehindAnEncoderTest {

    private static final int SOURCE = 7;

    /** Reads a series and writes another one. */
    private static final class Translator extends MultiModel {
        private final Embedding words = layer("words", new Embedding(WORDS, 8).maskZero(true));
        private final PositionEmbedding places = layer("places", new PositionEmbedding(SOURCE));
        private final TransformerEncoder encoder = layer("encoder", new TransformerEncoder(8, 2, 12).useRotary(true));
        private final SinePositionEncoding waves = layer("waves", new SinePositionEncoding());
        private final TransformerDecoder decoder = layer("decoder", new TransformerDecoder(8, 2, 12).useRotary(true));
        private final Dense scores = layer("scores", new Dense(WORDS));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> read = places.call(pass, words.call(pass, inputs.get("source")));
            Operand<TFloat32> encoded = encoder.call(pass, waves.call(pass, read));
            Operand<TFloat32> y = waves.call(pass, words.call(pass, inputs.get("target")));
            return Map.of("output", scores.call(pass, decoder.call(pass, y, encoded)));
        }
    }

    private static Serving translations(int length) {
        return Serving.of()
                .input("source", DataType.DT_INT32, Shape.of(SOURCE))
                .input("target", DataType.DT_INT32, Shape.of(length))
                .decoding("target");
    }

    private static Batch batch(Map<String, int[][]> ids) {
        Map<String, TType> tensors = new HashMap<>();
        ids.forEach((name, each) -> tensors.put(name, TInt32.tensorOf(StdArrays.ndCopyOf(each))));
        return Batch.of(tensors, Map.of());
    }

    @ParameterizedTest
    @EnumSource(
            value = DtypePolicy.class,
            names = {"FULL", "MIXED_FLOAT16"})
    void whatIsReadStaysTheSameWhileAnotherSeriesIsWritten(DtypePolicy precision) {
        int[][] source = {{3, 1, 4, 1, 5, 0, 0}, {2, 7, 1, 8, 2, 8, 1}};
        int[][] target = ids(2, LENGTH);
        float tolerance = precision == DtypePolicy.FULL ? 2e-5f : 2e-2f;
        try (Trainer trainer = trainer(new Translator(), precision);
                Predictor predictor = trainer.predictor(translations(LENGTH));
                Batch both = batch(Map.of("source", source, "target", target));
                Batch read = batch(Map.of("source", source));
                Predictor.Decoding decoding = predictor.decoding(LENGTH, read)) {
            FloatNdArray whole = predictor.predictAll(both).get("output");
            refused("2 series, as many as there are of input 'source', got 1", () -> decoding.next(1));
            int at = 0;
            for (int next : new int[] {1, 2, 19, 20, LENGTH}) {
                float[][] got = decoding.next(part(target, at, next));
                at = next;
                for (int i = 0; i < 2; i++) {
                    if (target[i][at - 1] != 0) {
                        assertArrayEquals(scores(whole, i, at - 1), got[i], tolerance, "series " + i + " to " + at);
                    }
                }
            }
            refused("[source], got []", () -> predictor.decoding(LENGTH));
            refused("[source], got [source, target]", () -> predictor.decoding(LENGTH, both));
            try (Batch shorter = batch(Map.of("source", part(source, 0, 5)))) {
                refused("Input 'source' takes int32 [-1, 7]", () -> predictor.decoding(LENGTH, shorter));
            }
        }
    }

    @Test
    void ofSeveralInputsTheOneThatIsWrittenIsNamed() {
        try (Trainer trainer = trainer(new Translator(), DtypePolicy.FULL)) {
            for (Serving wrong : List.of(
                    translations(LENGTH).decoding(), translations(LENGTH).decoding("targets"))) {
                String said = assertThrows(IllegalStateException.class, () -> trainer.predictor(wrong))
                        .getMessage();
                assertTrue(said.contains("name the one that is written"), said);
            }
            String said = assertThrows(
                            IllegalStateException.class,
                            () -> trainer.predictor(translations(LENGTH).decoding("source")))
                    .getMessage(); // What is read is read as a whole.
            assertTrue(said.contains("cannot be decoded step by step"), said);
        }
    }

    @Test
    @Tag("alone")
    void nothingIsLeftOfDecodings() {
        try (Trainer trainer = trainer(new Translator(), DtypePolicy.FULL);
                Predictor predictor = trainer.predictor(translations(LENGTH))) {
            int handles = trainer.session().liveHandles();
            long pointers = 0;
            for (int round = 0; round < 3; round++) {
                int[][] ids = ids(1 + round, LENGTH / 2);
                try (Batch read = batch(Map.of("source", part(ids, 0, SOURCE)));
                        Predictor.Decoding decoding = predictor.decoding(LENGTH, read)) {
                    decoding.next(ids);
                    ids[round][0] = WORDS;
                    assertThrows(OpException.class, () -> decoding.next(ids));
                }
                predictor.refresh(trainer);
                if (round == 0) { // What is made once is made.
                    pointers = Pointer.totalCount();
                }
            }
            assertEquals(pointers, Pointer.totalCount(), "pointers to native memory");
            assertEquals(handles, trainer.session().liveHandles(), "tensors of the session");
        }
    }
}
