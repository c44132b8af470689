package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.EagerSession;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

class TapeSessionTest {

    @Test
    void closingFreesAllAndRefusesLaterWork() {
        TapeSession session = TapeSession.open();
        Ops tf = session.tf();
        Operand<TFloat32> x = tf.constant(1f);
        List<String> closed = new ArrayList<>();
        session.onClose(() -> closed.add("first registered"));
        session.onClose(() -> closed.add("last registered"));
        session.scope();
        tf.math.neg(x);
        session.close();
        session.close();
        assertEquals(List.of("last registered", "first registered"), closed);
        assertTrue(session.isClosed());
        assertEquals(0, session.liveHandles());
        assertEquals(0, session.leakReport().liveHandles());
        assertThrows(IllegalStateException.class, session::tf);
        assertThrows(IllegalStateException.class, session::scope);
        assertThrows(IllegalStateException.class, () -> tf.math.neg(x));
        assertThrows(IllegalStateException.class, () -> session.scalar(x));
    }

    @Test
    void operandsFromElsewhereAreRefused() {
        try (TapeSession session = TapeSession.open();
                TapeSession other = TapeSession.open();
                EagerSession plain = EagerSession.create();
                Graph graph = new Graph()) {
            Ops tf = session.tf();
            Operand<TFloat32> foreign = other.tf().constant(1f);
            Operand<TFloat32> eager = Ops.create(plain).constant(1f);
            Operand<TFloat32> traced = Ops.create(graph).constant(1f);
            assertMessage(() -> tf.math.neg(foreign), "another TapeSession");
            assertMessage(() -> tf.math.neg(eager), "session.tf()");
            assertMessage(() -> tf.math.neg(traced), "session.tf()");
            assertMessage(() -> TapeSession.of(Ops.create(graph)), "session.tf()");
        }
    }

    private static void assertMessage(Executable mistake, String word) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, mistake);
        assertTrue(error.getMessage().contains(word), error.getMessage());
    }

    @Test
    void theLeakReportCountsHandlesAndBytes() {
        try (TapeSession session = TapeSession.open()) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.constant(new float[] {1, 2, 3});
            tf.math.neg(x);
            tf.math.neg(x);
            LeakReport report = session.leakReport();
            assertEquals(3, report.liveHandles());
            assertEquals(36, report.liveBytes());
            assertEquals(
                    new LeakReport.Origin("Neg", "", 2, 24), report.origins().get(0));
            assertTrue(report.toString().contains("2 x Neg, 24 bytes"), report::toString);
        }
    }

    @Test
    void sessionsInTwoThreadsDoNotMeet() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Callable<Double>> runs = List.of(() -> count(2_000, 1), () -> count(2_000, 2));
            List<Double> results = new ArrayList<>();
            for (Future<Double> result : threads.invokeAll(runs)) {
                results.add(result.get());
            }
            assertEquals(List.of(2_000.0, 4_000.0), results);
        } finally {
            threads.shutdownNow();
        }
    }

    private static double count(int steps, float by) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            Operand<TFloat32> total = session.persist(() -> tf.constant(0f));
            for (int i = 0; i < steps; i++) {
                try (TensorScope step = session.scope()) {
                    Operand<TFloat32> before = total;
                    total = step.keep(tf.math.add(before, tf.constant(by)));
                    session.free(before);
                }
            }
            assertEquals(1, session.liveHandles());
            return session.scalar(total);
        }
    }

    @Test
    void scalarsOfAllNumericTypesAreRead() {
        try (TapeSession session = TapeSession.open()) {
            Ops tf = session.tf();
            assertEquals(1.5, session.scalar(tf.constant(1.5f)));
            assertEquals(1.5, session.scalar(tf.constant(1.5)));
            assertEquals(-3, session.scalar(tf.constant(-3)));
            assertEquals(1L << 40, session.scalar(tf.constant(1L << 40)));
            assertEquals(2.5, session.scalar(tf.dtypes.cast(tf.constant(2.5f), TFloat16.class)));
            assertEquals(2.5, session.scalar(tf.dtypes.cast(tf.constant(2.5f), TBfloat16.class)));
            assertEquals(200, session.scalar(tf.dtypes.cast(tf.constant(200), TUint8.class)));
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> session.scalar(tf.constant(new float[] {1, 2})));
            assertTrue(error.getMessage().contains("float32 [2]"), error.getMessage());
        }
    }

    @Test
    void anAttachmentIsMadeOnce() {
        try (TapeSession session = TapeSession.open()) {
            StringBuilder first = session.attachment(StringBuilder.class, StringBuilder::new);
            assertTrue(first == session.attachment(StringBuilder.class, StringBuilder::new));
        }
    }

    @Test
    void badOptionsAreNamed() {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> TapeSession.builder().threads(-1, 2));
        assertTrue(error.getMessage().contains("-1 and 2"), error.getMessage());
        assertFalse(error.getMessage().isBlank());
    }
}
