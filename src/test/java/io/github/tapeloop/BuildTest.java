package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** Weights that are made before there is data are those of a first step. */
class BuildTest {

    private static final Batches DATA = Problems.batches(40, 8);
    private static final Shape INPUT = Shape.of(-1, Problems.FEATURES);

    @TempDir
    private Path directory;

    /** With all that a step draws numbers for, keeps and adds. */
    private static Model network() {
        return Sequential.of(
                new Dense(8, Activations.RELU).kernel(w -> w.regularizer(Regularizer.l2(0.01))),
                new BatchNormalization(),
                new Dropout(0.3),
                new Dense(Problems.CLASSES));
    }

    private static Trainer trainer(Mode mode, DtypePolicy precision) {
        return mode.of(Problems.trainerOf(network()).precision(precision))
                .threads(1, 1)
                .seed(5)
                .build();
    }

    private static List<String> curve(Mode mode, DtypePolicy precision, Consumer<Trainer> before) {
        try (Trainer trainer = trainer(mode, precision)) {
            before.accept(trainer);
            return KillableRun.epochs(trainer.fit(DATA, Fit.epochs(2)));
        }
    }

    static Stream<Arguments> ways() {
        return Stream.concat(
                Stream.of(Mode.values()).map(mode -> Arguments.of(mode, DtypePolicy.FULL)),
                Stream.of(Arguments.of(Mode.COMPILED, DtypePolicy.MIXED_FLOAT16)));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aModelThatWasBuiltTrainsAsOneThatWasNot(Mode mode, DtypePolicy precision) {
        assertEquals(curve(mode, precision, trainer -> {}), curve(mode, precision, trainer -> {
            assertEquals("{output=[-1, 3]}", trainer.build(INPUT).toString());
        }));
    }

    @Test
    void whatABatchLooksLikeIsAskedOfTheData() {
        try (Trainer trainer = trainer(Mode.CACHED, DtypePolicy.FULL);
                Trainer other = trainer(Mode.CACHED, DtypePolicy.FULL)) {
            trainer.build(DATA);
            other.build(Map.of("input", new Spec(DataType.DT_FLOAT, INPUT)));
            trainer.model()
                    .variables()
                    .toFloats()
                    .forEach((name, values) -> assertArrayEquals(
                            values, other.model().variables().get(name).toFloats(), name));
            assertThrows(IllegalArgumentException.class, () -> trainer.build(DATA.take(0)));
        }
    }

    @Test
    void aSummaryBeforeAnyDataHasShapesCountsAndWhatIsFrozen() {
        Model body = Sequential.of(new Dense(1000, Activations.RELU), new Dropout(0.1));
        Model model = Sequential.of(body, new Dense(3));
        body.trainable(false);
        try (TapeSession session = TapeSession.open()) {
            model.build(session, Shape.of(-1, 6, 4));
            String summary = model.summary();
            assertEquals("""
                    layer                                    output         weights           parameters
                    sequential (Sequential)                  [-1, 6, 3]                                0
                    sequential/sequential (Sequential)       [-1, 6, 1000]                             0  frozen
                    sequential/sequential/dense (Dense)      [-1, 6, 1000]  [4, 1000] [1000]       5,000  frozen
                    sequential/sequential/dropout (Dropout)  [-1, 6, 1000]                             0  frozen
                    sequential/dense (Dense)                 [-1, 6, 3]     [1000, 3] [3]          3,003
                    total 8,003, trainable 3,003
                    """, summary.replace(System.lineSeparator(), "\n"));
        }
    }

    private static final class Two extends MultiModel {
        private final Dense left = layer(new Dense(2));
        private final Dense right = layer(new Dense(3));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            return Map.of("l", left.call(pass, inputs.get("left")), "r", right.call(pass, inputs.get("right")));
        }
    }

    @Test
    void severalInputsAreNamed() {
        try (TapeSession session = TapeSession.open()) {
            Map<String, Shape> outputs = new Two()
                    .build(
                            session,
                            Map.of(
                                    "left", new Spec(DataType.DT_FLOAT, Shape.of(-1, 4)),
                                    "right", new Spec(DataType.DT_DOUBLE, Shape.of(-1, 5))));
            assertEquals("[-1, 2]", outputs.get("l").toString());
            assertEquals("[-1, 3]", outputs.get("r").toString());
        }
    }

    @Test
    void aBuildThatFailsLeavesNothing() {
        try (TapeSession session = TapeSession.builder().seed(4).build()) {
            Model model = Sequential.of(
                    new Dense(8),
                    new Dense(3)
                            .kernel(w -> w.initializer((tf, shape, type, seed) -> {
                                throw new IllegalStateException("no numbers");
                            })));
            int live = session.liveHandles();
            assertThrows(IllegalStateException.class, () -> model.build(session, Shape.of(-1, 5)));
            assertEquals(0, model.variables().size());
            assertEquals(live, session.liveHandles());
            Model good = Sequential.of(new Dense(8), new Dense(3));
            for (Shape wrong : List.of(Shape.of(5), Shape.scalar(), Shape.unknown(), Shape.of(-1, -1))) {
                IllegalArgumentException error =
                        assertThrows(IllegalArgumentException.class, () -> good.build(session, wrong));
                assertTrue(error.getMessage().contains("sequential"), error.getMessage());
            }
            assertThrows(IllegalArgumentException.class, () -> good.build(session, Map.of()));
            assertEquals(live, session.liveHandles());
            good.build(session, Shape.of(-1, 5));
            int built = session.liveHandles();
            good.build(session, Shape.of(7, 5));
            assertThrows(IllegalArgumentException.class, () -> good.build(session, Shape.of(-1, 6)));
            assertEquals(4, good.variables().size());
            assertEquals(built, session.liveHandles());
            try (TapeSession other = TapeSession.open()) {
                assertThrows(IllegalStateException.class, () -> good.build(other, Shape.of(-1, 5)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"CACHED", "LOOP"})
    void whatWasSavedIsThereOnceTheModelIsBuiltWhicheverComesFirst(Mode mode) {
        List<String> goneOn;
        Map<String, float[]> weights;
        try (Trainer trainer = trainer(mode, DtypePolicy.FULL)) {
            trainer.fit(DATA, Fit.epochs(1));
            trainer.save(directory);
            weights = trainer.model().variables().toFloats();
            goneOn = KillableRun.epochs(trainer.fit(DATA, Fit.epochs(1)));
        }
        for (boolean loadsFirst : List.of(true, false)) {
            try (Trainer trainer = trainer(mode, DtypePolicy.FULL)) {
                if (loadsFirst) {
                    trainer.load(directory);
                    trainer.build(INPUT);
                } else {
                    trainer.build(INPUT);
                    trainer.load(directory);
                }
                trainer.model()
                        .variables()
                        .toFloats()
                        .forEach((name, values) -> assertArrayEquals(weights.get(name), values, name));
                assertEquals(goneOn, KillableRun.epochs(trainer.fit(DATA, Fit.epochs(1))));
            }
        }
    }

    @Test
    void aRunGoesOnInAModelThatWasBuilt() {
        Fit fit = Fit.epochs(3).checkpoints(Checkpoints.in(directory).everySteps(1));
        List<String> whole;
        KeptRuns start;
        try (Trainer trainer = trainer(Mode.CACHED, DtypePolicy.FULL);
                KeptRuns kept = KeptRuns.empty()) {
            whole = KillableRun.epochs(trainer.fit(DATA, fit, kept));
            start = KeptRuns.goingOnAt(kept.all.remove(7).contents());
        }
        try (Trainer trainer = trainer(Mode.CACHED, DtypePolicy.FULL)) {
            trainer.build(INPUT);
            assertEquals(whole, KillableRun.epochs(trainer.fit(DATA, fit, start)));
        } finally {
            start.close();
        }
    }

    @Test
    void aTrainedBodyIsHandedToAnotherSessionInOneLine() {
        Model body = Sequential.of(new Dense(8, Activations.RELU));
        Model fresh = Sequential.of(new Dense(8, Activations.RELU));
        try (Trainer trained = Problems.trainerOf(Sequential.of(body, new Dense(Problems.CLASSES)))
                        .build();
                Trainer next = Problems.trainerOf(Sequential.of(fresh, new Dense(Problems.CLASSES)))
                        .build()) {
            trained.fit(DATA, Fit.epochs(1));
            next.build(DATA);
            fresh.variables().assign(next.session().tf(), body.variables());
            assertArrayEquals(
                    body.variables().get("sequential/sequential/dense/kernel").toFloats(),
                    fresh.variables().get("sequential/sequential/dense/kernel").toFloats());
            next.fit(DATA, Fit.epochs(1));
        }
    }
}
