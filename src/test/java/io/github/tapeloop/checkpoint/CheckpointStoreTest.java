package io.github.tapeloop.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Checkpoints of a loop of one's own. */
class CheckpointStoreTest {

    private static final float[][] INPUTS = {{1, 2, 3}, {-1, 0.5f, 2}, {0, 1, -1}, {2, -2, 1}};

    @TempDir
    private Path temp;

    /** A loop that is written by hand: a net with dropout, Adam, and a counter. */
    private static final class Loop {
        private final TapeSession session;
        private final Model model;
        private final Optimizer optimizer = new Adam(0.01);
        private long step;

        Loop(TapeSession session, int units) {
            this.session = session;
            this.model = Sequential.of(new Dense(units, Activations.RELU), new Dropout(0.5), new Dense(1));
        }

        void step() {
            Ops tf = session.tf();
            try (TensorScope scope = session.scope();
                    GradientTape tape = GradientTape.open(tf)) {
                Operand<TFloat32> out =
                        model.call(ForwardPass.training(tf, 7, () -> tf.constant(step)), tf.constant(INPUTS));
                Operand<TFloat32> loss = tf.math.mean(tf.math.square(out), tf.constant(new int[] {0, 1}));
                optimizer.apply(tf, tape.gradients(loss, model.trainableVariables()));
            }
            step++;
        }

        void build() {
            try (TensorScope scope = session.scope()) {
                model.call(ForwardPass.inference(session.tf()), session.tf().constant(INPUTS));
            }
        }

        CheckpointStore store(Path directory) {
            return CheckpointStore.open(session, directory)
                    .put("model", model)
                    .put("optimizer", optimizer)
                    .put("loop", out -> out.put("step", step), in -> step = in.getLong("step"));
        }

        List<Float> values() {
            List<Float> values = new ArrayList<>();
            for (Variable<?> variable : model.variables()) {
                for (float value : variable.toFloats()) {
                    values.add(value);
                }
            }
            for (Variable<?> variable : optimizer.state()) {
                for (float value : variable.toFloats()) {
                    values.add(value);
                }
            }
            return values;
        }
    }

    private static List<Float> run(Path directory, long from, long until) {
        try (TapeSession session = TapeSession.builder().seed(3).build()) {
            Loop loop = new Loop(session, 8);
            loop.build();
            try (CheckpointStore store = loop.store(directory)) {
                assertEquals(from == 0 ? OptionalLong.empty() : OptionalLong.of(from), store.resume());
                assertEquals(from, loop.step);
                while (loop.step < until) {
                    loop.step();
                }
                store.save(loop.step);
                return loop.values();
            }
        }
    }

    @Test
    void aLoopThatGoesOnEndsAsOneThatNeverStopped() {
        List<Float> whole = run(temp.resolve("whole"), 0, 9);
        run(temp.resolve("parts"), 0, 4);
        run(temp.resolve("parts"), 4, 5);
        assertArrayEquals(whole.toArray(), run(temp.resolve("parts"), 5, 9).toArray());
    }

    @Test
    void aLoopThatIsInTheMiddleGoesBack() {
        try (TapeSession session = TapeSession.open()) {
            Loop loop = new Loop(session, 8);
            try (CheckpointStore store = loop.store(temp)) {
                loop.step();
                store.save(1);
                List<Float> then = loop.values();
                loop.step();
                assertEquals(OptionalLong.of(1), store.resume());
                assertEquals(then, loop.values());
                assertEquals(1, loop.step);
            }
        }
    }

    @Test
    void theRulesSayWhichStay() {
        try (TapeSession session = TapeSession.open();
                CheckpointStore store = CheckpointStore.open(session, temp)
                        .put("loop", out -> {}, in -> {})
                        .keepLast(1)
                        .keepBest("loss", 1, false)
                        .keepEvery(10)) {
            double[] losses = {5, 1, 4, 3, 2};
            for (int i = 0; i < losses.length; i++) {
                store.save(4L * i, Map.of("loss", losses[i]));
            }
            store.flush();
            List<String> names = new ArrayList<>();
            for (Path path : directories()) {
                names.add(path.getFileName().toString());
            }
            assertEquals(List.of("000002-step-4", "000004-step-12", "000005-step-16"), names);
        }
    }

    @Test
    void theLastThreeStayBesideTheBestUnlessAnotherNumberIsSet() {
        try (TapeSession session = TapeSession.open();
                CheckpointStore store = CheckpointStore.open(session, temp)
                        .put("loop", out -> {}, in -> {})
                        .keepBest("loss", 1, false)) {
            for (int i = 0; i < 6; i++) {
                store.save(i, Map.of("loss", (double) i));
            }
            store.flush();
            List<String> names = directories().stream()
                    .map(path -> path.getFileName().toString())
                    .toList();
            assertEquals(List.of("000001-step-0", "000004-step-3", "000005-step-4", "000006-step-5"), names);
        }
    }

    private List<Path> directories() {
        File[] files = temp.toFile().listFiles(file -> file.getName().contains("-step-"));
        return Arrays.stream(files).map(File::toPath).sorted().toList();
    }

    @Test
    void anotherModelAndAnotherSessionAreRefusedWithTheCure() {
        run(temp, 0, 1);
        try (TapeSession session = TapeSession.builder().seed(4).build()) {
            Loop loop = new Loop(session, 9);
            loop.step();
            List<Float> before = loop.values();
            try (CheckpointStore store = loop.store(temp)) {
                CheckpointException no = assertThrows(CheckpointException.class, store::resume);
                assertTrue(no.getMessage().contains("session was seed 3;"), no.getMessage());
                assertTrue(no.getMessage().contains("allowing(\"session\")"), no.getMessage());
            }
            try (CheckpointStore store = loop.store(temp).allowing("session")) {
                CheckpointException no = assertThrows(CheckpointException.class, store::resume);
                assertTrue(no.getMessage().contains("float32 [3, 8]"), no.getMessage());
            }
            assertEquals(before, loop.values());
        }
    }

    @Test
    void aRunIsNotMistakenForAnotherAndPartsAreNamedBefore() {
        run(temp, 0, 1);
        try (TapeSession session = TapeSession.builder().seed(3).build()) {
            notYetBegun(new Loop(session, 8));
        }
    }

    private void notYetBegun(Loop loop) {
        try (CheckpointStore store = loop.store(temp)) {
            IllegalStateException no = assertThrows(IllegalStateException.class, () -> store.save(5));
            assertTrue(no.getMessage().contains("resume()"), no.getMessage());
            IllegalStateException none = assertThrows(IllegalStateException.class, store::resume);
            assertTrue(none.getMessage().contains("'model' has no weights yet"), none.getMessage());
            loop.build();
            store.resume();
            assertThrows(IllegalStateException.class, () -> store.put("more", out -> {}, in -> {}));
            assertThrows(IllegalStateException.class, () -> store.keepLast(1));
            assertThrows(IllegalArgumentException.class, () -> store.save(-1));
        }
    }

    @Test
    void aModelWithOneLayerLessIsRefusedWhateverItsRole() {
        try (TapeSession session = TapeSession.builder().seed(3).build()) {
            Model two = Sequential.of(new Dense(2), new Dense(2));
            Model one = Sequential.of(new Dense(2));
            Ops tf = session.tf();
            two.call(ForwardPass.inference(tf), tf.constant(INPUTS));
            one.call(ForwardPass.inference(tf), tf.constant(INPUTS));
            try (CheckpointStore store = CheckpointStore.open(session, temp).put("generator", two)) {
                store.save(1);
            }
            try (CheckpointStore store = CheckpointStore.open(session, temp).put("generator", one)) {
                CheckpointException no = assertThrows(CheckpointException.class, store::resume);
                assertTrue(no.getMessage().contains("generator/sequential/dense_1/bias"), no.getMessage());
            }
        }
    }

    @Test
    void aSecondWriterIsToldWhoHasTheDirectory() {
        try (TapeSession session = TapeSession.open();
                CheckpointStore store = CheckpointStore.open(session, temp)) {
            CheckpointException no = assertThrows(CheckpointException.class, () -> CheckpointStore.open(session, temp));
            assertTrue(
                    no.getMessage()
                            .contains("process " + ProcessHandle.current().pid()),
                    no.getMessage());
            assertTrue(no.getMessage().contains("in this process"), no.getMessage());
            store.flush();
        }
        try (TapeSession session = TapeSession.open()) {
            CheckpointStore.open(session, temp).close();
        }
    }
}
