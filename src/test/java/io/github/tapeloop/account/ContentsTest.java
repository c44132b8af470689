package io.github.tapeloop.account;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint16;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** What an account holds, apart from its session: taken out, kept and taken over. */
class ContentsTest {

    private final TapeSession session = TapeSession.open();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private static final class Part implements Stateful {
        private final List<Variable<?>> variables = new ArrayList<>();
        private final double[] numbers = {Double.NaN, -0.0, Double.MIN_VALUE};
        private long count;
        private boolean failing;

        @Override
        public Parameters state() {
            return Parameters.of(variables);
        }

        @Override
        public void saveState(Stateful.Writer out) {
            out.put("count", count);
            out.put("numbers", numbers);
        }

        @Override
        public void loadState(Stateful.Reader in) {
            count = in.getLong("count");
            System.arraycopy(in.getDoubles("numbers"), 0, numbers, 0, numbers.length);
            if (failing) {
                failing = false; // What goes back to how it was succeeds.
                throw new IllegalStateException("cannot load");
            }
        }
    }

    private static Part part(Ops tf, String name, Operand<?> value) {
        Part part = new Part();
        part.variables.add(create(tf, name, value));
        return part;
    }

    @SuppressWarnings("unchecked") // A variable of whatever type the value has.
    private static Variable<?> create(Ops tf, String name, Operand<?> value) {
        return Variable.create(tf, name, (Operand<TType>) value, false);
    }

    private static TrainingState account(TapeSession session, String role, Part part) {
        TrainingState state = new TrainingState(session);
        state.register(role, part);
        return state;
    }

    private Operand<?> ofType(Class<? extends TType> type) {
        Operand<TFloat64> numbers = tf.constant(new double[][] {{1, 0, 3}, {0, 250, 2}});
        if (type == TBool.class) {
            return tf.math.greater(numbers, tf.constant(1.0));
        }
        return Tensors.cast(tf, numbers, type.asSubclass(TNumber.class));
    }

    @Test
    void valuesOfEachTypeComeOverToAnotherSession() {
        for (Class<? extends TType> type : List.of(
                TBfloat16.class,
                TBool.class,
                TFloat16.class,
                TFloat32.class,
                TFloat64.class,
                TInt32.class,
                TInt64.class,
                TUint16.class,
                TUint8.class)) {
            Part part = part(tf, "w", ofType(type));
            part.count = 7;
            try (Contents contents = account(session, "model", part).capture();
                    TapeSession other = TapeSession.open()) {
                assertEquals(
                        part.variables.get(0).shape(),
                        contents.tensors().get("model/w").shape());
                Ops there = other.tf();
                Part zero = part(there, "w", there.zerosLike(there.constantOf(value(part, session))));
                account(other, "model", zero).restore(contents);
                assertEquals(bytes(part, session), bytes(zero, other), type.getSimpleName());
                assertEquals(7, zero.count);
            }
        }
    }

    private static TType value(Part part, TapeSession session) {
        return session.tensor(part.variables.get(0).read(session.tf()));
    }

    private static List<Byte> bytes(Part part, TapeSession session) {
        try (Contents contents = account(session, "x", part).capture()) {
            TensorValue value = contents.tensors().get("x/w");
            ByteBuffer slice = value.slice(0, (int) value.bytes());
            List<Byte> bytes = new ArrayList<>();
            while (slice.hasRemaining()) {
                bytes.add(slice.get());
            }
            return bytes;
        }
    }

    @Test
    void whatWasCapturedDoesNotChangeWithTheVariable() {
        Part part = part(tf, "w", tf.constant(new float[] {1, 2}));
        try (Contents contents = account(session, "model", part).capture()) {
            part.variables.forEach(variable -> assign(variable, tf.constant(new float[] {8, 9})));
            tf.train.resourceApplyGradientDescent(
                    part.variables.get(0).handle(tf), tf.constant(1f), tf.constant(new float[] {8, 9}));
            assertArrayEquals(new float[] {1, 2}, floats(contents.tensors().get("model/w")));
        }
    }

    @SuppressWarnings("unchecked") // The types are those of the test.
    private void assign(Variable<?> variable, Operand<TFloat32> value) {
        ((Variable<TFloat32>) variable).assign(tf, value);
    }

    private static float[] floats(TensorValue value) {
        ByteBuffer bytes = value.slice(0, (int) value.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        float[] floats = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(floats);
        return floats;
    }

    @Test
    void contentsOutliveTheirSessionAndAreLetGoByAnyThread() throws InterruptedException {
        Contents contents;
        try (TapeSession ended = TapeSession.open()) {
            Part part = part(
                    ended.tf(),
                    "w",
                    ended.tf()
                            .fill(
                                    ended.tf().constant(new int[] {1000, 1000}),
                                    ended.tf().constant(3f)));
            contents = account(ended, "model", part).capture();
            part.variables.forEach(Variable::close);
        }
        float[][] read = new float[1][];
        Thread writer = new Thread(() -> {
            read[0] = floats(contents.tensors().get("model/w"));
            contents.close();
            contents.close();
        });
        writer.start();
        writer.join();
        assertEquals(1_000_000, read[0].length);
        assertEquals(3, read[0][999_999]);
        assertThrows(
                IllegalStateException.class,
                () -> contents.tensors().get("model/w").slice(0, 4));
    }

    @Test
    void captureLeavesNoHandleInTheSession() {
        Part part = part(tf, "w", tf.constant(new float[] {1, 2}));
        TrainingState state = account(session, "model", part);
        int before = session.liveHandles();
        try (Contents contents = state.capture()) {
            assertEquals(before, session.liveHandles());
            state.restore(contents);
        }
        assertEquals(before, session.liveHandles());
    }

    @Test
    void allDifferencesAreInOneMessageAndNothingChanges() {
        Part saved = part(tf, "same", tf.constant(1f));
        saved.variables.add(create(tf, "gone", tf.constant(1f)));
        saved.variables.add(create(tf, "wide", tf.constant(new float[] {1, 2})));
        saved.variables.add(create(tf, "type", tf.constant(1f)));
        Part here = part(tf, "same", tf.constant(5f));
        here.variables.add(create(tf, "new", tf.constant(5f)));
        here.variables.add(create(tf, "wide", tf.constant(new float[] {1, 2, 3})));
        here.variables.add(create(tf, "type", tf.constant(5)));
        TrainingState from = account(session, "model", saved);
        from.register("callbacks/Timer", out -> out.put("nanos", 1L), in -> {});
        from.register("callbacks/Callback", out -> {}, in -> {}); // It remembers nothing.
        TrainingState to = account(session, "model", here);
        to.register("callbacks/EarlyStopping", out -> out.put("wait", 1L), in -> {});
        try (Contents contents = from.capture()) {
            CheckpointException no = assertThrows(CheckpointException.class, () -> to.restore(contents));
            for (String expected : List.of(
                    "in 6 things",
                    "'callbacks/Timer' is in the checkpoint, and not here",
                    "'callbacks/EarlyStopping' is here, and not in the checkpoint",
                    "'model/gone' is in the checkpoint (float32 [])",
                    "'model/new' is here (float32 []), and not in the checkpoint",
                    "'model/wide' is float32 [2] in the checkpoint and float32 [3] here",
                    "'model/type' is float32 [] in the checkpoint and int32 [] here")) {
                assertTrue(no.getMessage().contains(expected), no.getMessage());
            }
        }
        assertEquals(5, session.scalar(here.variables.get(0).read(tf).asOutput().expect(TFloat32.class)));
    }

    @Test
    void aPartThatCannotLoadLeavesAllAsItWas() {
        Part saved = part(tf, "w", tf.constant(1f));
        saved.count = 1;
        Part here = part(tf, "w", tf.constant(5f));
        here.count = 5;
        here.failing = true;
        Part savedPlace = new Part();
        savedPlace.count = 2;
        Part place = new Part();
        place.count = 6;
        TrainingState from = new TrainingState(session);
        TrainingState to = new TrainingState(session);
        from.registerPlace("place", savedPlace);
        to.registerPlace("place", place);
        from.register("model", saved);
        to.register("model", here);
        try (Contents contents = from.capture()) {
            CheckpointException no = assertThrows(CheckpointException.class, () -> to.restore(contents));
            assertTrue(no.getMessage().contains("'model' cannot take over"), no.getMessage());
            assertTrue(no.getMessage().contains("cannot load"), no.getMessage());
        }
        assertEquals(5, session.scalar(here.variables.get(0).read(tf).asOutput().expect(TFloat32.class)));
        assertEquals(5, here.count);
        assertEquals(6, place.count, "which had loaded already");
    }

    @Test
    void textInAVariableIsRefused() {
        Part part = part(tf, "words", tf.constant("a"));
        CheckpointException no = assertThrows(
                CheckpointException.class, () -> account(session, "model", part).capture());
        assertTrue(no.getMessage().contains("'model/words'"), no.getMessage());
        assertTrue(no.getMessage().contains("Stateful.saveState"), no.getMessage());
    }
}
