package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Each mistake gets an error that says what, where and what to do; nothing leaks and the trainer works afterwards. */
class BadInputTest {

    private static final Batches GOOD = Problems.batches(8, 4);

    private final Trainer trainer = Problems.trainer();

    @AfterEach
    void close() {
        trainer.close();
    }

    /** Runs what must fail between two good runs, and expects them to leave the same behind. */
    private <E extends Throwable> E refusal(Class<E> type, Executable mistake, String... words) {
        trainer.fit(GOOD, Fit.epochs(1));
        int live = trainer.session().liveHandles();
        E error = assertThrows(type, mistake);
        for (String word : words) {
            assertTrue(error.getMessage().contains(word), "no '" + word + "' in: " + error.getMessage());
        }
        assertEquals(live, trainer.session().liveHandles(), () -> trainer.session()
                .leakReport()
                .toString());
        trainer.fit(GOOD, Fit.epochs(1));
        assertEquals(live, trainer.session().liveHandles());
        return error;
    }

    @Test
    void inputsOfAnotherSizeNameTheLayer() {
        Dataset wide = Dataset.of(new float[][] {{1, 2, 3, 4, 5}}, new int[] {0});
        refusal(
                IllegalArgumentException.class,
                () -> trainer.fit(wide.batch(1), Fit.epochs(1)),
                "sequential/dense",
                "[4, 8]",
                "[5, 8]");
    }

    @Test
    void inputsOfAnotherTypeNameTheLayer() {
        Dataset exact = Dataset.of(new double[][] {{1, 2, 3, 4}}, new double[][] {{0}});
        refusal(
                IllegalArgumentException.class,
                () -> trainer.predict(exact.batch(1)),
                "sequential/dense",
                "float32",
                "float64");
    }

    @Test
    void labelsOutOfRangeNameTheLabelAndTheRange() {
        Dataset wrong = Dataset.of(new float[][] {{1, 2, 3, 4}}, new int[] {7});
        refusal(
                OpException.class,
                () -> trainer.fit(wrong.batch(1), Fit.epochs(1)),
                "SparseSoftmaxCrossEntropyWithLogits",
                "7",
                "[0, 3)");
    }

    @Test
    void targetsOfAnotherShapeNameBothShapes() {
        Dataset oneHot = Dataset.of(new float[][] {{1, 2, 3, 4}}, new float[][] {{0, 1, 0}});
        refusal(
                IllegalArgumentException.class,
                () -> trainer.fit(oneHot.batch(1), Fit.epochs(1)),
                "SparseCategoricalCrossentropy",
                "one-hot");
    }

    @Test
    void dataWithoutTargetsCannotBeTrainedOn() {
        Dataset inputs = Dataset.of(new float[][] {{1, 2, 3, 4}});
        refusal(IllegalStateException.class, () -> trainer.fit(inputs.batch(1), Fit.epochs(1)), "target");
    }

    @Test
    void dataWithoutBatchesIsRefused() {
        refusal(IllegalArgumentException.class, () -> trainer.fit(GOOD.take(0), Fit.epochs(1)), "no batch");
        refusal(IllegalArgumentException.class, () -> trainer.evaluate(GOOD.take(0)), "no batch");
        refusal(IllegalArgumentException.class, () -> trainer.predict(GOOD.take(0)), "no batch");
    }

    @Test
    void aCallbackThatThrowsIsNamed() {
        Callback broken = Callback.epochEnd((run, event) -> {
            throw new UnsupportedOperationException("no network");
        });
        refusal(
                CallbackException.class,
                () -> trainer.fit(GOOD, Fit.epochs(1).callbacks(broken)),
                "EpochEnd",
                "no network");
    }

    @Test
    void aTrainerInsideItselfIsRefused() {
        Callback nested = Callback.epochEnd((run, event) -> trainer.fit(GOOD, Fit.epochs(1)));
        CallbackException error = refusal(
                CallbackException.class, () -> trainer.fit(GOOD, Fit.epochs(1).callbacks(nested)), "in the middle of");
        assertEquals(IllegalStateException.class, error.getCause().getClass());
    }

    @Test
    void aLossThatDoesNotDependOnTheModelIsRefused() {
        try (Trainer unconnected = Trainer.of(Sequential.of(new Dense(3)))
                .loss((tf, target, prediction) -> tf.constant(1f))
                .optimizer(new Sgd())
                .build()) {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> unconnected.fit(GOOD, Fit.epochs(1)));
            assertTrue(error.getMessage().contains("sequential/dense/kernel"), error.getMessage());
        }
    }

    @Test
    void aModelWithoutWeightsCannotBeTrained() {
        try (Trainer empty = Trainer.of(Sequential.of(new Flatten()))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Sgd())
                .build()) {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> empty.fit(GOOD, Fit.epochs(1)));
            assertTrue(error.getMessage().contains("no trainable variables"), error.getMessage());
            assertTrue(error.getMessage().contains("registered by layer(…)"), error.getMessage());
        }
    }

    @Test
    void aModelStaysInItsSession() {
        Model model = Problems.network();
        try (Trainer first = Problems.trainerOf(model).build();
                Trainer second = Problems.trainerOf(model).build()) {
            first.fit(GOOD, Fit.epochs(1));
            IllegalStateException error =
                    assertThrows(IllegalStateException.class, () -> second.fit(GOOD, Fit.epochs(1)));
            assertTrue(error.getMessage().contains("make a new model"), error.getMessage());
            assertEquals(0, second.session().liveHandles());
        }
    }

    @Test
    void builderAndOptionsRefuseContradictions() {
        assertMessage(
                IllegalStateException.class,
                () -> Trainer.of(Problems.network()).optimizer(new Sgd()).build(),
                "loss");
        assertMessage(
                IllegalArgumentException.class,
                () -> Problems.trainerOf(Problems.network())
                        .metrics(new SparseCategoricalAccuracy())
                        .build(),
                "'accuracy'");
        assertMessage(
                IllegalArgumentException.class,
                () -> Trainer.of(Problems.network())
                        .loss(SparseCategoricalCrossentropy.fromLogits())
                        .optimizer(new Adam())
                        .metrics(new Mean("loss"))
                        .build(),
                "'loss'");
        try (TapeSession session = TapeSession.open()) {
            assertMessage(
                    IllegalArgumentException.class,
                    () -> Problems.trainerOf(Problems.network())
                            .session(session)
                            .seed(1),
                    "seed");
            assertMessage(
                    IllegalArgumentException.class,
                    () -> Problems.trainerOf(Problems.network()).threads(1, 1).session(session),
                    "threads");
        }
        assertMessage(IllegalArgumentException.class, () -> Fit.epochs(0), "epochs");
        assertMessage(IllegalArgumentException.class, () -> Fit.epochs(2).initialEpoch(2), "[0, 2)");
        assertMessage(IllegalArgumentException.class, () -> Fit.epochs(1).validationSplit(1), "(0, 1)");
        assertMessage(
                IllegalArgumentException.class,
                () -> Fit.epochs(1).validation(GOOD).validationSplit(0.1),
                "exclude each other");
        assertMessage(
                IllegalArgumentException.class,
                () -> Fit.epochs(1).validationSplit(0.1).validation(GOOD),
                "exclude each other");
    }

    private static void assertMessage(Class<? extends Throwable> type, Executable mistake, String word) {
        Throwable error = assertThrows(type, mistake);
        assertTrue(error.getMessage().contains(word), error.getMessage());
    }
}
