package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.settings.Seeds;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What a session tells about itself and about ops that fail. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SessionReportTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterAll
    void close() {
        session.close();
    }

    Stream<Arguments> failingOps() {
        Ops dense = tf.withSubScope("mlp/dense");
        return Stream.of(
                failing(
                        () -> dense.linalg.matMul(tf.constant(new float[2][3]), tf.constant(new float[4][5])),
                        "MatMul",
                        "Op MatMul 'mlp/dense/MatMul' failed",
                        "float32 [2, 3], float32 [4, 5]"),
                failing(
                        () -> tf.reshape(tf.constant(new double[6]), tf.constant(new int[] {4})),
                        "Reshape",
                        "Op Reshape 'Reshape' failed",
                        "6 values",
                        "float64 [6], int32 [1]"),
                failing(
                        () -> tf.concat(
                                List.of(tf.constant(new int[2][2]), tf.constant(new int[2][3])), tf.constant(0)),
                        "ConcatV2",
                        "int32 [2, 2], int32 [2, 3], int32 []"),
                failing(
                        () -> tf.scope().opBuilder("NoSuchOp", "mine").build(),
                        "NoSuchOp",
                        "Op NoSuchOp 'mine' failed"),
                failing(
                        () -> tf.scope()
                                .opBuilder("Add", "sum")
                                .addInput(tf.constant(1f).asOutput())
                                .build(),
                        "Add",
                        "Op Add 'sum' failed",
                        "2 inputs, got 1"));
    }

    private static Arguments failing(Executable op, String type, String... words) {
        return Arguments.of(type, op, List.of(words));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failingOps")
    void aFailingOpIsNamedWithTypeNameAndInputs(String type, Executable op, List<String> words) {
        try (TensorScope scope = session.scope()) {
            OpException error = assertThrows(OpException.class, op);
            assertEquals(type, error.type());
            words.forEach(word -> assertTrue(error.getMessage().contains(word), error.getMessage()));
        }
    }

    @Test
    void originsAreSortedByBytesThenByHandles() {
        try (TapeSession fresh = TapeSession.builder().threads(1, 1).build()) {
            Ops ops = fresh.tf();
            Operand<TFloat32> x = ops.constant(new float[4]);
            ops.math.neg(x);
            ops.math.square(x);
            ops.math.square(x);
            List<String> types = fresh.leakReport().origins().stream()
                    .map(LeakReport.Origin::type)
                    .toList();
            assertEquals("Square", types.get(0));
            assertEquals(3, types.size());
            assertEquals(64, fresh.leakReport().liveBytes());
            assertEquals(fresh.liveHandles(), fresh.leakReport().liveHandles());
        }
    }

    @Test
    void theReportCoversAllOpenScopes() {
        try (TapeSession fresh = TapeSession.builder().threads(1, 1).build()) {
            fresh.tf().constant(1f);
            try (TensorScope outer = fresh.scope()) {
                fresh.tf().constant(1f);
                try (TensorScope inner = fresh.scope()) {
                    fresh.tf().constant(1f);
                    assertEquals(3, fresh.leakReport().liveHandles());
                }
                assertEquals(2, fresh.leakReport().liveHandles());
            }
            assertEquals(1, fresh.leakReport().liveHandles());
        }
    }

    @Test
    void tapesThatRecordAreInTheReportAndNoOthers() {
        try (TapeSession fresh = TapeSession.builder().debug(true).build()) {
            Ops ops = fresh.tf();
            Operand<TFloat32> x = ops.constant(2f);
            RecordingEnvironment.of(ops).startRecording(op -> {});
            assertEquals(List.of(), fresh.leakReport().tapes());
            GradientTape forgotten = GradientTape.open(ops);
            forgotten.watch(x);
            try (GradientTape used = GradientTape.open(ops)) {
                used.watch(x);
                ops.math.square(ops.math.square(x));
                assertEquals(2, fresh.leakReport().tapes().size());
                used.gradient(ops.math.square(x), x);
            }
            GradientTape paused = GradientTape.open(ops);
            paused.stopRecording();
            List<LeakReport.OpenTape> tapes = fresh.leakReport().tapes();
            assertEquals(1, tapes.size());
            assertTrue(tapes.get(0).ops() >= 3, tapes::toString);
            String text = fresh.leakReport().toString();
            assertTrue(
                    text.contains("a GradientTape that records, " + tapes.get(0).ops() + " ops kept"), text);
            forgotten.close();
            assertEquals(List.of(), fresh.leakReport().tapes());
        }
    }

    @Test
    void aWithdrawnActionIsNotRunAtTheEnd() {
        List<String> ran = new ArrayList<>();
        TapeSession closing = TapeSession.builder().threads(1, 1).build();
        Runnable withdrawn = () -> ran.add("withdrawn");
        closing.onClose(() -> ran.add("kept"));
        closing.onClose(withdrawn);
        closing.cancelOnClose(withdrawn);
        closing.close();
        assertEquals(List.of("kept"), ran);
        assertThrows(IllegalStateException.class, () -> closing.onClose(withdrawn));
        assertThrows(IllegalStateException.class, () -> closing.attachment(Object.class, Object::new));
    }

    @Test
    void aFailingActionAtTheEndStillClosesTheSession() {
        TapeSession closing = TapeSession.builder().threads(1, 1).build();
        closing.tf().constant(1f);
        closing.onClose(() -> {
            throw new ArithmeticException("in the action");
        });
        assertThrows(ArithmeticException.class, closing::close);
        assertTrue(closing.isClosed());
        assertEquals(0, closing.liveHandles());
    }

    @Test
    void aDeviceThatDoesNotExistIsNamedByTheFirstOp() {
        try (TapeSession elsewhere =
                TapeSession.builder().device("/job:nowhere/device:CPU:0").build()) {
            Ops ops = elsewhere.tf();
            Operand<TFloat32> x = ops.constant(1f);
            OpException error = assertThrows(OpException.class, () -> ops.math.neg(x));
            assertTrue(error.getMessage().contains("nowhere"), error.getMessage());
        }
    }

    @Test
    void passesCountUp() {
        try (TapeSession fresh = TapeSession.builder().seed(9).build()) {
            assertEquals(9, fresh.seed());
            assertEquals(List.of(0L, 1L), List.of(fresh.nextPass(), fresh.nextPass()));
        }
    }

    @Test
    void closeSeedsGiveUnrelatedSeeds() {
        long differing = 0;
        for (int i = 0; i < 64; i++) {
            differing += Long.bitCount(Seeds.mix(i, 1) ^ Seeds.mix(i + 1, 1));
        }
        assertEquals(32, differing / 64.0, 2, "about half of the 64 bits change");
        assertEquals(Seeds.mix(3, "mlp/dense"), Seeds.mix(3, "mlp/dense"));
        assertTrue(Seeds.mix(3, "ab") != Seeds.mix(3, "ba"));
    }
}
