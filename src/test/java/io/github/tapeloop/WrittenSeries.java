package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.PositionEmbedding;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.TransformerDecoder;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.runtime.DtypePolicy;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt32;

/** Language models, and series that a predictor writes with them, against the same predicted as a whole. */
final class WrittenSeries {

    static final int WORDS = 11;
    static final int LENGTH = 36;

    private WrittenSeries() {}

    /** One block, for what does not depend on their number. */
    static Model small() {
        return Sequential.of(
                new Embedding(WORDS, 4),
                new PositionEmbedding(LENGTH),
                new TransformerDecoder(4, 2, 4),
                new Dense(WORDS));
    }

    static Trainer trainer(Model model, DtypePolicy precision) {
        return builder(model).precision(precision).threads(1, 1).seed(3).build();
    }

    static TrainerBuilder builder(Model model) {
        return Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.05));
    }

    /** That writes series, and predicts some lengths as a whole. */
    static Serving serving(int... lengths) {
        return Serving.of()
                .input(
                        Model.INPUT,
                        DataType.DT_INT32,
                        IntStream.of(lengths).mapToObj(Shape::of).toArray(Shape[]::new))
                .decoding();
    }

    static int[][] ids(int series, int steps) {
        SplittableRandom random = new SplittableRandom(5);
        int[][] ids = new int[series][steps];
        for (int[] row : ids) {
            Arrays.setAll(row, i -> random.nextInt(WORDS));
        }
        return ids;
    }

    static int[][] part(int[][] ids, int from, int to) {
        return Stream.of(ids).map(row -> Arrays.copyOfRange(row, from, to)).toArray(int[][]::new);
    }

    /** [series, steps, words]. */
    static FloatNdArray whole(Predictor predictor, int[][] ids) {
        try (Batch batch = Batch.of(TInt32.tensorOf(StdArrays.ndCopyOf(ids)))) {
            return predictor.predictAll(batch).get("output");
        }
    }

    static float[] scores(FloatNdArray whole, int series, int step) {
        float[] scores = new float[Math.toIntExact(whole.shape().get(2))];
        StdArrays.copyFrom(whole.get(series, step), scores);
        return scores;
    }

    /** Writes series in parts of some lengths and compares the scores behind each. */
    static void assertDecoded(Predictor predictor, int[][] ids, float tolerance, boolean masked, int... parts) {
        FloatNdArray whole = whole(predictor, ids);
        try (Predictor.Decoding decoding = predictor.decoding(ids[0].length)) {
            int at = 0;
            for (int i = 0; at < ids[0].length; i++) {
                int next = Math.min(ids[0].length, at + parts[i % parts.length]);
                float[][] got = decoding.next(part(ids, at, next));
                at = next;
                assertEquals(at, decoding.steps());
                for (int k = 0; k < ids.length; k++) {
                    if (!masked || ids[k][at - 1] != 0) {
                        assertArrayEquals(
                                scores(whole, k, at - 1), got[k], tolerance, "series " + k + " to step " + at);
                    }
                }
            }
        }
    }

    /** Ids of series as they are trained with: each step is to tell the next. */
    static Batch toLearn() {
        return Batch.of(
                TInt32.tensorOf(StdArrays.ndCopyOf(part(ids(4, 9), 0, 8))),
                TInt32.tensorOf(StdArrays.ndCopyOf(part(ids(4, 9), 1, 9))));
    }

    static void refused(String message, Executable call) {
        String said = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(said.contains(message), said);
    }
}
