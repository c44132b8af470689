package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.ChildJava;
import io.github.tapeloop.runtime.DtypePolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** How warnings reach people, and what the look at the first step costs and leaves behind. */
class FitWarningsTest {

    private static final Dataset SIGNS = Dataset.of(new float[][] {{1}, {2}}, new float[][] {{-1}, {1}});
    private static final String SAID = "BinaryCrossentropy expects targets in [0, 1]";

    private static TrainerBuilder binary() {
        return Trainer.of(Sequential.of(new Dense(1)))
                .loss(BinaryCrossentropy.fromLogits())
                .optimizer(new Sgd(0.1))
                .threads(1, 1);
    }

    /** Writes events down. */
    private static final class Events implements Callback {
        private final List<String> lines = new ArrayList<>();

        @Override
        public void onTrainBegin(Run run, Event.TrainBegin event) {
            lines.add("begin");
        }

        @Override
        public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
            lines.add("batch");
        }

        @Override
        public void onWarning(Run run, Event.Warning event) {
            lines.add("warning");
        }

        @Override
        public void onTrainEnd(Run run, Event.TrainEnd event) {
            lines.add("end");
        }
    }

    @ParameterizedTest
    @EnumSource
    void callbacksHearAWarningOnceBeforeTheNextEvent(Way way) {
        Events events = new Events();
        try (Trainer trainer = way.of(binary()).build()) {
            History history = trainer.fit(SIGNS.batch(2), Fit.epochs(2).callbacks(events));
            assertEquals(List.of("begin", "warning", "batch", "batch", "end"), events.lines);
            assertEquals(1, history.warnings().size());
            assertTrue(history.toString().contains("warning: " + SAID), history.toString());
        }
    }

    @Test
    void theProgressBarPrintsWarnings() {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (Trainer trainer = binary().build()) {
            trainer.fit(SIGNS.batch(2), Fit.epochs(2).callbacks(new ProgressBar(new PrintStream(printed))));
        }
        List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(3, lines.size(), lines.toString());
        assertTrue(lines.get(0).startsWith("warning: " + SAID), lines.toString());
    }

    @Test
    @Tag("process")
    void withoutABindingTheBarAndStandardErrorHaveThem() throws Exception {
        String output = ChildJava.succeed(
                Duration.ofMinutes(5),
                List.of("-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider"),
                WarnedProgram.class);
        assertEquals(
                1,
                output.lines()
                        .filter(line -> line.startsWith("warning: " + SAID))
                        .count(),
                output);
        assertEquals(
                1,
                output.lines()
                        .filter(line -> line.startsWith("Tapeloop warning: The data to predict is shuffled"))
                        .count(),
                output);
        assertEquals(
                2, output.lines().filter(line -> line.contains("warning: ")).count(), output);
    }

    @Test
    void aCallbackThatThrowsAtAWarningEndsTheRunAndIsToldItsEnd() {
        Events events = new Events();
        Callback broken = new Callback() {
            @Override
            public void onWarning(Run run, Event.Warning event) {
                throw new IllegalStateException("mine");
            }
        };
        try (Trainer trainer = binary().build()) {
            CallbackException failure = assertThrows(
                    CallbackException.class,
                    () -> trainer.fit(SIGNS.batch(2), Fit.epochs(2).callbacks(events, broken)));
            assertTrue(failure.getMessage().contains("mine"), failure.getMessage());
            assertEquals(List.of("begin", "warning", "end"), events.lines);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theLookCanBeLeftOut(Way way) {
        try (Trainer trainer = way.of(binary()).build()) {
            assertEquals(
                    List.of(),
                    trainer.fit(SIGNS.batch(2), Fit.epochs(1).checkFirstStep(false))
                            .warnings());
            assertEquals(
                    1, trainer.fit(SIGNS.batch(2), Fit.epochs(1)).warnings().size());
        }
    }

    /** Dropout, moving averages, Adam's moments and the order of the data would all show a step too many. */
    @ParameterizedTest
    @EnumSource
    void theLookChangesNoNumber(Mode mode) {
        Map<String, Object> with = afterTwoEpochs(mode, true);
        assertEquals(afterTwoEpochs(mode, false), with);
    }

    private static Map<String, Object> afterTwoEpochs(Mode mode, boolean check) {
        TrainerBuilder builder = Problems.trainerOf(Sequential.of(
                new Dense(8, Activations.RELU), new BatchNormalization(), new Dropout(0.5), new Dense(3)));
        try (Trainer trainer = mode.of(builder).threads(1, 1).seed(5).build()) {
            Batches data = Problems.clusters(20).shuffle(20).batch(3);
            trainer.fit(data, Fit.epochs(2).checkFirstStep(check));
            return Everything.of(trainer);
        }
    }

    @Test
    void theModelIsCalledNoMoreThanItsStepsOpByOpAndOnceMoreBeforeATrace() {
        for (Way way : Way.values()) {
            int[] with = {0};
            int[] without = {0};
            count(way, with, true);
            count(way, without, false);
            boolean opByOp = way == Way.EAGER || way == Way.VERIFIED;
            assertEquals(without[0] + (opByOp ? 0 : 1), with[0], way.toString());
        }
    }

    private static void count(Way way, int[] calls, boolean check) {
        Lambda counting = new Lambda((pass, x) -> {
            calls[0]++;
            return x;
        });
        TrainerBuilder builder = Problems.trainerOf(Sequential.of(counting, new Dense(3)));
        try (Trainer trainer = way.of(builder).threads(1, 1).build()) {
            for (int run = 0; run < 2; run++) {
                trainer.fit(Problems.batches(12, 2), Fit.epochs(2).checkFirstStep(check));
            }
        }
    }

    @Test
    void aStepWithOtherLayersFrozenIsLookedAtAgain() {
        Dense frozen = new Dense(2);
        try (Trainer trainer = Trainer.of(Sequential.of(frozen, new Dense(1)))
                .loss(BinaryCrossentropy.fromLogits())
                .optimizer(new Sgd(0.1))
                .build()) {
            assertEquals(
                    1, trainer.fit(SIGNS.batch(2), Fit.epochs(1)).warnings().size());
            assertEquals(
                    0, trainer.fit(SIGNS.batch(2), Fit.epochs(1)).warnings().size());
            frozen.trainable(false);
            assertEquals(
                    1, trainer.fit(SIGNS.batch(2), Fit.epochs(1)).warnings().size());
        }
    }

    @Test
    void predictionsOfShuffledDataComeInItsOrderAndAreWarnedOf() {
        PrintStream err = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8)); // Where slf4j-simple writes in tests.
        try (Trainer trainer = binary().build()) {
            trainer.predict(SIGNS.batch(2));
            assertEquals("", log.toString(StandardCharsets.UTF_8).replaceAll("(?m)^\\d{4}-.*$\\R?", ""));
            trainer.predict(SIGNS.shuffle(2).batch(2));
            trainer.predictAll(SIGNS.shuffle(2).take(1).batch(2));
        } finally {
            System.setErr(err);
        }
        String said = log.toString(StandardCharsets.UTF_8);
        assertEquals(
                2,
                said.lines()
                        .filter(line -> line.contains("is shuffled: the rows"))
                        .count(),
                said);
    }

    /** On a GPU, and on a processor that computes convolutions in float16, there is nothing to say. */
    @Test
    void aPrecisionThatCostsTimeIsMeasured() throws IOException {
        Dataset images = Dataset.of(new float[2 * 8 * 8], Shape.of(8, 8, 1), new int[] {0, 1});
        for (DtypePolicy precision : DtypePolicy.values()) {
            List<List<String>> said = new ArrayList<>();
            for (int time = 0; time < 2; time++) {
                try (Trainer trainer = Trainer.of(
                                Sequential.of(new Conv2D(2, 3, Activations.RELU), new Flatten(), new Dense(2)))
                        .loss(SparseCategoricalCrossentropy.fromLogits())
                        .optimizer(new Adam())
                        .precision(precision)
                        .build()) {
                    List<String> warnings = new ArrayList<>(
                            trainer.fit(images.batch(2), Fit.epochs(1)).warnings());
                    warnings.removeIf(text -> !text.contains("slower than float32"));
                    said.add(warnings);
                }
            }
            assertEquals(said.get(0), said.get(1), "measured once in a process");
            said.get(0).forEach(text -> assertTrue(text.startsWith(precision + " is slower"), text));
            if (precision == DtypePolicy.FULL) {
                assertEquals(List.of(), said.get(0));
            } else if (precision == DtypePolicy.MIXED_FLOAT16 && !computesFloat16()) {
                assertNotEquals(List.of(), said.get(0), "float16 is converted for each product");
            }
        }
    }

    /** A GPU, or a processor with instructions for it. */
    private static boolean computesFloat16() throws IOException {
        Path processor = Path.of("/proc/cpuinfo");
        return Files.exists(Path.of("/dev/nvidia0"))
                || !Files.exists(processor)
                || Files.readString(processor).matches("(?s).*(avx512_fp16|amx_fp16|fphp).*");
    }

    @Test
    void whatACustomStepNamesIsKnownAfterItsFirstStep() {
        TrainerBuilder own = Trainer.of(Sequential.of(new Dense(1)))
                .step((step, batch) -> Map.of("gain", step.tf().constant(1f)))
                .testStep((step, batch) -> Map.of("cost", step.tf().constant(1f)));
        try (Trainer trainer = own.build()) {
            Fit fit = Fit.epochs(2).validation(SIGNS.batch(1));
            assertRefused(trainer, 1, fit.callbacks(new EarlyStopping("gains")), "'gains'", "gain");
            assertRefused(trainer, 3, fit.callbacks(new EarlyStopping("val_gain")), "'val_gain'", "val_cost");
            trainer.fit(SIGNS.batch(1), fit.callbacks(new EarlyStopping("val_cost").mode(Callback.Mode.MIN)));
        }
    }

    @Test
    void aNameThatACallbackOfTheUsersMayAddIsRefusedAtTheEndOfTheEpochOnly() {
        Callback adds = new Callback() {
            @Override
            public Map<String, Double> epochLogs(Run run, int epoch) {
                return Map.of("val_mine", 1.0);
            }
        };
        try (Trainer trainer = binary().build()) {
            trainer.fit(
                    SIGNS.batch(1),
                    Fit.epochs(2).callbacks(adds, new EarlyStopping("val_mine").mode(Callback.Mode.MIN)));
            long before = steps(trainer);
            assertRefused(
                    trainer, before + 2, Fit.epochs(2).callbacks(adds, new EarlyStopping("val_other")), "'val_other'");
        }
    }

    /** Yes or no, twice. */
    private static final class Twice extends MultiModel {
        private final Dense left = layer(new Dense(1));
        private final Dense right = layer(new Dense(1));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> x = inputs.values().iterator().next();
            return Map.of("left", left.call(pass, x), "right", right.call(pass, x));
        }
    }

    @ParameterizedTest
    @EnumSource
    void ofSeveralOutputsTheOneIsNamedAndEachCanBeWatched(Way way) {
        Dataset data = Dataset.of(new Columns()
                .input(ColumnData.of(new float[][] {{1}, {2}}))
                .target("left", ColumnData.of(new float[][] {{0}, {1}}))
                .target("right", ColumnData.of(new float[][] {{-1}, {1}})));
        TrainerBuilder builder = Trainer.of(new Twice())
                .loss("left", BinaryCrossentropy.fromLogits())
                .loss("right", BinaryCrossentropy.fromLogits())
                .metrics("left", new BinaryAccuracy())
                .optimizer(new Sgd(0.1));
        try (Trainer trainer = way.of(builder).threads(1, 1).build()) {
            Fit fit = Fit.epochs(4).validation(data.batch(2));
            List<String> warnings = trainer.fit(
                            data.batch(2),
                            fit.callbacks(
                                    new EarlyStopping("val_right_loss"), new EarlyStopping("val_left_binary_accuracy")))
                    .warnings();
            assertEquals(1, warnings.size(), warnings.toString());
            assertTrue(warnings.get(0).startsWith("Output 'right': " + SAID), warnings.toString());
            IllegalArgumentException refused = assertThrows(
                    IllegalArgumentException.class,
                    () -> trainer.fit(data.batch(2), fit.callbacks(new EarlyStopping("val_binary_accuracy"))));
            assertTrue(refused.getMessage().contains("Is 'val_left_binary_accuracy' meant?"), refused.getMessage());
        }
    }

    private static void assertRefused(Trainer trainer, long steps, Fit fit, String... words) {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> trainer.fit(SIGNS.batch(1), fit));
        for (String word : words) {
            assertTrue(refused.getMessage().contains(word), refused.getMessage());
        }
        assertEquals(steps, steps(trainer));
    }

    private static long steps(Trainer trainer) {
        return (Long) trainer.state().values().get("loop/steps");
    }
}
