package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The end of a session, at any moment and from any thread. */
@Timeout(300)
class SessionCloseTest {

    private static final Duration SHORT = Duration.ofMillis(50);

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final List<String> order = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void close() {
        session.close();
    }

    /** A call of another thread that is in the session until it is let go. */
    private final class LongCall {

        private final CountDownLatch inside = new CountDownLatch(1);
        private final CountDownLatch letGo = new CountDownLatch(1);
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private final Thread thread;

        /** @param then what the call does when it is let go */
        LongCall(Executable then) throws InterruptedException {
            thread = new Thread(
                    () -> {
                        try (TapeSession.Use use = session.enter("fit")) {
                            inside.countDown();
                            letGo.await();
                            then.execute();
                            order.add("returned");
                        } catch (Throwable e) {
                            failure.set(e);
                        }
                    },
                    "trainer");
            thread.start();
            inside.await();
        }

        void end() throws InterruptedException {
            letGo.countDown();
            thread.join();
        }

        /** Ends the call once another thread waits for it. */
        void endWhenAwaited(Thread waiting) throws InterruptedException {
            while (waiting.getState() != Thread.State.TIMED_WAITING && waiting.isAlive()) {
                Thread.onSpinWait();
            }
            end();
        }
    }

    @Test
    void anotherThreadClosesAnIdleSessionAtOnceAndTheOwnerIsToldByWhom() throws Exception {
        Operand<TFloat32> x = tf.constant(1f);
        TensorScope scope = session.scope();
        Variable<TFloat32> variable = Variable.create(tf, "v", x, true);
        GradientTape tape = GradientTape.open(tf);
        TracedFunction function = TracedFunction.trace(session, "same", List.of(Spec.of(x)), (ops, in) -> in);
        OtherThread.run("hook", session::close);
        assertTrue(session.isClosed());
        assertEquals(0, session.liveHandles());
        IllegalStateException refused = assertThrows(IllegalStateException.class, () -> tf.math.neg(x));
        assertTrue(refused.getMessage().contains("is closed, by thread \"hook\""), refused.getMessage());
        for (AutoCloseable late : List.of(scope, variable, tape, function, session)) {
            late.close();
        }
        assertTrue(variable.isClosed());
    }

    @Test
    void closeWaitsForTheCallThatRunsAndThenFrees() throws Exception {
        session.onClose(() -> order.add("freed"));
        LongCall call = new LongCall(() -> assertEquals(3, session.scalar(tf.constant(3f)), "a call is let finish"));
        Thread closing = new Thread(session::close);
        closing.start();
        call.endWhenAwaited(closing);
        closing.join();
        assertEquals(null, call.failure.get());
        assertEquals(List.of("returned", "freed"), order);
        assertTrue(session.isClosed());
        assertEquals(0, session.liveHandles());
    }

    @Test
    void nothingNewBeginsOnceTheEndIsAskedFor() throws Exception {
        LongCall call = new LongCall(() -> assertTrue(session.isClosing() && !session.isClosed()));
        session.requestClose();
        assertTrue(session.isClosed(), "for this thread");
        for (Executable late : List.<Executable>of(
                () -> tf.constant(1f), session::tf, session::scope, session::owner, () -> session.enter("fit"))) {
            assertThrows(IllegalStateException.class, late);
        }
        call.end();
        assertEquals(null, call.failure.get());
    }

    @Test
    void fromInsideACallCloseFreesWhenTheOutermostEnds() {
        session.onClose(() -> order.add("freed"));
        Operand<TFloat32> x = tf.constant(2f);
        try (TapeSession.Use outer = session.enter("fit")) {
            try (TapeSession.Use inner = session.enter("evaluate")) {
                session.close();
                session.close();
            }
            assertEquals(-2, session.scalar(tf.math.neg(x)), "the call goes on");
            assertTrue(session.isClosing());
            order.add("returned");
        }
        assertEquals(List.of("returned", "freed"), order);
        assertTrue(session.isClosed());
        assertThrows(IllegalStateException.class, () -> tf.math.neg(x));
    }

    @Test
    void fromInsideAReaderCloseFreesWhenTheValueIsRead() {
        Operand<TFloat32> x = tf.constant(2f);
        float read = session.read(x, tensor -> {
            session.close();
            return tensor.getFloat();
        });
        assertEquals(2, read);
        assertEquals(0, session.liveHandles());
    }

    @Test
    void aCallThatOutlastsTheBoundIsNamedAndFreesWhenItReturns() throws Exception {
        session.onClose(() -> order.add("freed by " + Thread.currentThread().getName()));
        LongCall call = new LongCall(() -> {
            IllegalStateException refused = assertThrows(IllegalStateException.class, () -> tf.constant(1f));
            assertTrue(refused.getMessage().contains("is closed, by"), refused.getMessage());
        });
        IllegalStateException late = assertThrows(IllegalStateException.class, () -> session.close(SHORT));
        assertTrue(late.getMessage().contains("thread \"trainer\""), late.getMessage());
        assertTrue(late.getMessage().contains("in the middle of fit"), late.getMessage());
        assertTrue(
                Arrays.stream(late.getSuppressed()[0].getStackTrace())
                        .anyMatch(frame -> frame.getClassName().contains("SessionCloseTest")),
                "where that thread is");
        assertEquals(List.of(), order);
        call.end();
        assertEquals(null, call.failure.get());
        assertEquals(List.of("returned", "freed by trainer"), order);
        session.close(SHORT);
        assertEquals(0, session.liveHandles());
    }

    @Test
    void severalThreadsMayCloseAtOnce() throws Exception {
        session.onClose(() -> order.add("freed"));
        LongCall call = new LongCall(() -> {});
        List<Thread> closing = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            closing.add(new Thread(() -> {
                session.close();
                order.add(session.liveHandles() + " live");
            }));
            closing.get(i).start();
        }
        for (Thread thread : closing) {
            call.endWhenAwaited(thread);
        }
        for (Thread thread : closing) {
            thread.join();
        }
        assertEquals(List.of("returned", "freed", "0 live", "0 live", "0 live", "0 live"), order);
    }

    @Test
    void anInterruptIsKeptAndClosesNevertheless() throws Exception {
        boolean kept = OtherThread.call("interrupted", () -> {
            Thread.currentThread().interrupt();
            session.close();
            return Thread.interrupted();
        });
        assertTrue(kept);
        assertTrue(session.isClosed());
    }

    @Test
    void allActionsAreDoneAndLaterFailuresAreSuppressedInTheFirst() {
        ArithmeticException first = new ArithmeticException("first");
        IllegalArgumentException second = new IllegalArgumentException("second");
        tf.constant(1f);
        session.onClose(() -> order.add("registered first"));
        session.onClose(() -> {
            throw second;
        });
        session.onClose(() -> session.onClose(() -> order.add("registered late")));
        session.onClose(() -> {
            throw first;
        });
        ArithmeticException thrown = assertThrows(ArithmeticException.class, session::close);
        assertSame(first, thrown);
        assertEquals(List.of(second), List.of(thrown.getSuppressed()));
        assertEquals(List.of("registered first", "registered late"), order);
        assertTrue(session.isClosed());
        assertEquals(0, session.liveHandles());
        session.close();
    }

    @Test
    void anActionThatClosesTheSessionAgainIsHarmless() {
        session.onClose(session::close);
        session.close();
        assertTrue(session.isClosed());
        assertFalse(session.leakReport().liveHandles() > 0);
    }
}
