package io.github.tapeloop;

import static io.github.tapeloop.WrittenSeries.LENGTH;
import static io.github.tapeloop.WrittenSeries.WORDS;
import static io.github.tapeloop.WrittenSeries.assertDecoded;
import static io.github.tapeloop.WrittenSeries.ids;
import static io.github.tapeloop.WrittenSeries.part;
import static io.github.tapeloop.WrittenSeries.refused;
import static io.github.tapeloop.WrittenSeries.scores;
import static io.github.tapeloop.WrittenSeries.serving;
import static io.github.tapeloop.WrittenSeries.small;
import static io.github.tapeloop.WrittenSeries.toLearn;
import static io.github.tapeloop.WrittenSeries.trainer;
import static io.github.tapeloop.WrittenSeries.whole;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.TransformerDecoder;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.OpException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Mean;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** What a decoding belongs to: its weights, its predictor, one thread at a time; and what it refuses. */
class DecodingLifeTest {

    @Test
    void aSeriesIsWrittenToItsEndByTheWeightsItWasBegunWith() {
        int[][] ids = ids(1, LENGTH);
        try (Trainer trainer = trainer(small(), DtypePolicy.FULL);
                Batch batch = toLearn();
                Predictor predictor = trainer.predictor(serving(LENGTH));
                Predictor.Decoding before = predictor.decoding(LENGTH)) {
            FloatNdArray first = whole(predictor, ids);
            before.next(part(ids, 0, 5));
            trainer.trainOnBatch(batch);
            predictor.refresh(trainer);
            FloatNdArray second = whole(predictor, ids);
            try (Predictor.Decoding after = predictor.decoding(LENGTH)) {
                after.next(part(ids, 0, 5));
                for (int step = 5; step < 12; step++) { // Side by side.
                    assertArrayEquals(scores(first, 0, step), before.next(ids[0][step]), 2e-5f);
                    assertArrayEquals(scores(second, 0, step), after.next(ids[0][step]), 2e-5f);
                }
            }
            assertFalse(Arrays.equals(scores(first, 0, 11), scores(second, 0, 11)));
        }
    }

    /** Adds what a Dense of zeros, which training changes, makes of the mean of all steps. */
    private static final class LaterMixed extends Model {
        private final Embedding ids = layer(new Embedding(WORDS, 4));
        private final Dense mean = layer(new Dense(4).kernel(w -> w.initializer(Initializer.zeros())));
        private final Dense scores = layer(new Dense(WORDS));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TFloat32> y = ids.call(pass, x);
            Operand<TFloat32> all = tf.math.mean(y, tf.constant(1), Mean.keepDims(true));
            return scores.call(pass, tf.math.add(y, mean.call(pass, all)));
        }
    }

    @Test
    void weightsThatMixStepsAreRefusedWhenTheyCome() {
        try (Trainer trainer = trainer(new LaterMixed(), DtypePolicy.FULL);
                Batch batch = toLearn();
                Predictor predictor = trainer.predictor(serving(LENGTH))) {
            float[] before = scores(whole(predictor, ids(1, LENGTH)), 0, 0);
            for (int i = 0; i < 3; i++) {
                trainer.trainOnBatch(batch);
            }
            assertThrows(IllegalStateException.class, () -> predictor.refresh(trainer));
            assertArrayEquals(before, scores(whole(predictor, ids(1, LENGTH)), 0, 0));
            assertDecoded(predictor, ids(1, LENGTH), 2e-5f, false, 7, 1);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedAndTheSeriesStayAsTheyWere() {
        int[][] ids = ids(2, LENGTH);
        try (Trainer trainer = trainer(small(), DtypePolicy.FULL);
                Predictor predictor = trainer.predictor(serving(LENGTH));
                Predictor.Decoding decoding = predictor.decoding(10)) {
            FloatNdArray whole = whole(predictor, ids);
            refused("one step at least", () -> decoding.next());
            refused("one step at least", () -> decoding.next(new int[0][]));
            refused("got 2 and 1", () -> decoding.next(new int[][] {{1, 2}, {3}}));
            refused("at most 10 steps, got 11 after 0", () -> decoding.next(part(ids, 0, 11)));
            int[] unknown = new int[10];
            unknown[9] = WORDS;
            assertThrows(OpException.class, () -> decoding.next(unknown));
            assertThrows(OpException.class, () -> decoding.next(-1));
            assertEquals(0, decoding.steps());
            assertTrue(decoding.toString().startsWith("Decoding, 0 of at most "), decoding::toString);
            decoding.next(part(ids, 0, 4)); // Two series, where one was refused.
            refused("2 series, as before, got 1", () -> decoding.next(1));
            assertThrows(OpException.class, () -> decoding.next(new int[][] {{1}, {WORDS}}));
            assertArrayEquals(scores(whole, 1, 9), decoding.next(part(ids, 4, 10))[1], 2e-5f);
            refused("at most 10 steps, got 1 after 10", () -> decoding.next(new int[][] {{1}, {1}}));
            refused("at least 1 and at most 36", () -> predictor.decoding(LENGTH + 1));
            refused("at least 1 and at most 36", () -> predictor.decoding(0));
        }
    }

    @Test
    void predictorsThatDoNotDecodeSaySo() {
        try (Trainer trainer = trainer(small(), DtypePolicy.FULL)) {
            Serving whole = Serving.of().input(Model.INPUT, DataType.DT_INT32, Shape.of(8));
            try (Predictor predictor = trainer.predictor(whole)) {
                String said = assertThrows(IllegalStateException.class, () -> predictor.decoding(8))
                        .getMessage();
                assertTrue(said.contains("Serving.of().decoding()"), said);
            }
        }
        try (Trainer trainer = trainer(Sequential.of(new Dense(WORDS)), DtypePolicy.FULL)) {
            Serving floats = Serving.of().input(Shape.of(8, 3)).decoding();
            String said = assertThrows(IllegalStateException.class, () -> trainer.predictor(floats))
                    .getMessage();
            assertTrue(said.contains("ids [batch, steps]"), said);
        }
    }

    /** A thread that writes until it is told to stop, by a close. */
    private static CompletableFuture<String> writing(Predictor.Decoding decoding, CountDownLatch begun) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                while (true) {
                    decoding.next(1);
                    begun.countDown();
                }
            } catch (IllegalStateException e) {
                return e.getMessage();
            }
        });
    }

    @Test
    void theEndOfAPredictorEndsItsDecodingsAndWaitsForTheirCalls() throws Exception {
        try (Trainer trainer = trainer(
                Sequential.of(new Embedding(WORDS, 4), new TransformerDecoder(4, 2, 4), new Dense(WORDS)),
                DtypePolicy.FULL)) {
            Predictor predictor = trainer.predictor(serving(8));
            Predictor.Decoding idle = predictor.decoding(8);
            CountDownLatch begun = new CountDownLatch(2);
            Predictor.Decoding one = predictor.decoding(1_000_000);
            Predictor.Decoding other = predictor.decoding(1_000_000);
            List<CompletableFuture<String>> writers = List.of(writing(one, begun), writing(other, begun));
            begun.await();
            predictor.close(Duration.ofSeconds(20));
            for (CompletableFuture<String> writer : writers) {
                assertEquals(
                        "This decoding is closed",
                        writer.get(20, TimeUnit.SECONDS).split(":")[0]);
            }
            assertThrows(IllegalStateException.class, () -> idle.next(1));
            idle.close();
            one.close();
            assertThrows(IllegalStateException.class, () -> predictor.decoding(8));
        }
    }

    /** Two threads write until one of them has met the other; either way each step that was taken counts once. */
    @Test
    void aDecodingIsOneThreadsAtATime() throws Exception {
        try (Trainer trainer = trainer(Sequential.of(new Embedding(WORDS, 4), new Dense(WORDS)), DtypePolicy.FULL);
                Predictor predictor = trainer.predictor(serving(8));
                Predictor.Decoding decoding = predictor.decoding(1_000_000)) {
            AtomicReference<String> met = new AtomicReference<>("");
            Supplier<Integer> write = () -> {
                int taken = 0;
                while (met.get().isEmpty()) {
                    try {
                        decoding.next(1);
                        taken++;
                    } catch (IllegalStateException e) {
                        met.set(e.getMessage());
                    }
                }
                return taken;
            };
            CompletableFuture<Integer> other = CompletableFuture.supplyAsync(write);
            int taken = write.get() + other.get(20, TimeUnit.SECONDS);
            assertTrue(met.get().contains("Another thread is inside"), met.get());
            assertEquals(taken, decoding.steps());
        }
    }
}
