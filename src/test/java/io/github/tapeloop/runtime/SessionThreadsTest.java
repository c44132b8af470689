package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Which thread may use a session. */
@Timeout(300)
class SessionThreadsTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final TapeSession turns =
            TapeSession.builder().threads(1, 1).takeTurns(true).build();

    private String name;

    @BeforeEach
    void begin() {
        name = Thread.currentThread().getName();
        Thread.currentThread().setName("test");
    }

    @AfterEach
    void close() {
        Thread.currentThread().setName(name);
        session.close();
        turns.close();
    }

    /** What the owner has, for another thread to reach for. */
    private record Things(
            TapeSession session,
            Ops tf,
            Operand<TFloat32> x,
            Variable<TFloat32> v,
            TracedFunction f,
            TensorScope scope,
            GradientTape tape) {

        static Things in(TapeSession session) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.constant(1f);
            return new Things(
                    session,
                    tf,
                    x,
                    Variable.create(tf, "v", x, true),
                    trace(session),
                    session.scope(),
                    GradientTape.persistent(tf));
        }
    }

    private static TracedFunction trace(TapeSession session) {
        return TracedFunction.trace(
                session,
                "negated",
                List.of(Spec.of(session.tf().constant(1f))),
                (tf, in) -> List.of(tf.math.neg(number(in.get(0)))));
    }

    @SuppressWarnings("unchecked") // The spec says so.
    private static Operand<TFloat32> number(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    @FunctionalInterface
    private interface Use {
        void of(Things things) throws Exception;
    }

    static Stream<Arguments> uses() {
        return Stream.of(
                use("an op", t -> t.tf().math.neg(t.x())),
                use("a constant", t -> t.tf().constant(2f)),
                use("the ops", t -> t.session().tf()),
                use("reading a scalar", t -> t.session().scalar(t.x())),
                use("reading", t -> t.session().read(t.x(), tensor -> 0)),
                use("reading floats", t -> t.session().floats(t.x())),
                use("a scope", t -> t.session().scope()),
                use("closing a scope", t -> t.scope().close()),
                use("keeping", t -> t.scope().keep(t.x())),
                use("freeing", t -> t.session().free(t.x())),
                use("a persistent operand", t -> t.session().persist(() -> t.tf().constant(1f))),
                use("unrecorded ops", t -> t.session()
                        .unrecorded(() -> t.tf().math.neg(t.x()))),
                use("a new variable", t -> Variable.create(t.tf(), "w", t.x(), true)),
                use("reading a variable", t -> t.v().read(t.tf())),
                use("a variable as floats", t -> t.v().toFloats()),
                use("assigning", t -> t.v().assign(t.tf(), t.x())),
                use("closing a variable", t -> t.v().close()),
                use("a new tape", t -> GradientTape.open(t.tf())),
                use("gradients", t -> t.tape().gradient(t.v().read(t.tf()), t.x())),
                use("closing a tape", t -> t.tape().close()),
                use("tracing", t -> trace(t.session())),
                use("calling a function", t -> t.f().call(List.of(t.x()))),
                use("closing a function", t -> t.f().close()),
                use("an attachment", t -> t.session().attachment(StringBuilder.class, StringBuilder::new)),
                use("an action at the end", t -> t.session().onClose(() -> {})),
                use("an owner", t -> t.session().owner()),
                use("a report", t -> t.session().leakReport()),
                use("handing over", t -> t.session().handOver()),
                use("a call", t -> t.session().enter("mine").close()));
    }

    private static Arguments use(String name, Use use) {
        return Arguments.of(name, use);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("uses")
    void anotherThreadIsRefusedByNameAndChangesNothing(String name, Use use) throws Exception {
        Things things = Things.in(session);
        int live = session.liveHandles();
        IllegalStateException refused =
                assertThrows(IllegalStateException.class, () -> OtherThread.run("intruder", () -> use.of(things)));
        for (String word : List.of("belongs to thread \"test\"", "thread \"intruder\"", "session.handOver()")) {
            assertTrue(refused.getMessage().contains(word), refused.getMessage());
        }
        assertEquals(live, session.liveHandles());
        assertEquals(1, session.scalar(things.v().read(things.tf())));
        assertEquals(
                -1, session.scalar(number(things.f().call(List.of(things.x())).get(0))));
        assertEquals(1, session.leakReport().tapes().size());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("uses")
    void aThreadIsRefusedInTheMiddleOfACallOfAnother(String name, Use use) throws Exception {
        try (TapeSession.Use fit = turns.enter("fit")) {
            Things things = Things.in(turns);
            assertThrows(
                    IllegalStateException.class,
                    () -> OtherThread.run("intruder", () -> {
                        Executable inTurn = () -> use.of(things);
                        IllegalStateException refused = assertThrows(IllegalStateException.class, inTurn);
                        for (String word : List.of("\"test\"", "\"intruder\"", "in the middle of fit")) {
                            assertTrue(refused.getMessage().contains(word), refused.getMessage());
                        }
                        throw refused;
                    }));
        }
    }

    @Test
    void aSessionThatNobodyHasUsedBelongsToTheFirstWhoDoes() throws Exception {
        OtherThread.run(
                "first", () -> assertEquals(2, session.scalar(session.tf().constant(2f))));
        IllegalStateException refused =
                assertThrows(IllegalStateException.class, () -> session.tf().constant(1f));
        assertTrue(refused.getMessage().contains("thread \"first\""), refused.getMessage());
        assertTrue(refused.getMessage().contains("which has ended"), refused.getMessage());
        session.handOver(); // Nobody else can, any more.
        assertEquals(1, session.scalar(session.tf().constant(1f)));
    }

    @Test
    void aSessionThatWasHandedOverBelongsToTheNext() throws Exception {
        Operand<TFloat32> x = session.tf().constant(3f);
        session.handOver();
        OtherThread.run(
                "next", () -> assertEquals(-3, session.scalar(session.tf().math.neg(x))));
        assertThrows(IllegalStateException.class, () -> session.scalar(x));
    }

    @Test
    void aSessionCanBeHandedToAThread() throws Exception {
        session.tf().constant(3f);
        Thread next = new Thread(() -> {}, "next");
        session.handOver(next);
        IllegalStateException refused =
                assertThrows(IllegalStateException.class, () -> session.tf().constant(1f));
        assertTrue(refused.getMessage().contains("thread \"next\""), refused.getMessage());
    }

    @Test
    void aSessionIsNotHandedOverInTheMiddle() {
        try (TensorScope scope = session.scope()) {
            assertTrue(assertThrows(IllegalStateException.class, session::handOver)
                    .getMessage()
                    .contains("TensorScope is open"));
        }
        try (TapeSession.Use use = session.enter("fit")) {
            assertTrue(assertThrows(IllegalStateException.class, session::handOver)
                    .getMessage()
                    .contains("in the middle of fit"));
        }
        session.handOver();
    }

    @Test
    void callsInTurnFromEightThreadsGiveRightAnswers() throws Exception {
        Variable<TFloat32> total =
                Variable.create(turns.tf(), "total", turns.tf().constant(0f), false);
        int live = turns.liveHandles();
        for (int i = 0; i < 8; i++) {
            OtherThread.run("caller " + i, () -> {
                try (TapeSession.Use use = turns.enter("count");
                        TensorScope scope = turns.scope()) {
                    total.assignAdd(turns.tf(), turns.tf().constant(1f));
                }
            });
            assertEquals(i + 1f, total.toFloats()[0]);
        }
        assertEquals(live, turns.liveHandles());
    }

    @Test
    void aLoopLendsItsSessionUntilItsWorkReturns() throws Exception {
        for (TapeSession each : List.of(session, turns)) {
            try (TapeSession.Use use = each.enter("fit");
                    TensorScope scope = each.scope()) {
                Operand<TFloat32> mine = each.tf().constant(1f);
                use.lend(() -> eightGuests(each));
                assertEquals(1, scope.live(), "a scope of the guests is none of the loop's");
                assertEquals(1, each.scalar(mine));
                assertThrows(
                        IllegalStateException.class,
                        () -> OtherThread.run("late", () -> each.tf().constant(1f)));
            }
            assertEquals(0, each.liveHandles());
        }
    }

    private static void eightGuests(TapeSession each) {
        for (int i = 0; i < 8; i++) {
            try {
                OtherThread.run("guest " + i, () -> {
                    try (TapeSession.Use guest = each.enter("predict")) {
                        each.scope();
                        each.tf().constant(2f);
                    }
                });
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void aLoopThatLendsItsSessionComesBackAfterAFailureAndBeforeAClose() throws Exception {
        TapeSession lent = TapeSession.builder().takeTurns(true).build();
        Thread[] closing = new Thread[1];
        try (TapeSession.Use use = lent.enter("fit")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> use.lend(() -> {
                        throw new IllegalArgumentException("on purpose");
                    }));
            use.lend(() -> {
                closing[0] = new Thread(lent::close);
                closing[0].start();
                while (!lent.isClosing()) {
                    Thread.onSpinWait();
                }
            });
            assertEquals(1, lent.scalar(lent.tf().constant(1f)), "nothing is freed before the loop has ended");
        }
        closing[0].join();
        assertTrue(lent.isClosed());
    }

    @Test
    void aScopeHoldsASessionThatIsUsedInTurn() throws Exception {
        try (TensorScope scope = turns.scope()) {
            IllegalStateException refused = assertThrows(
                    IllegalStateException.class,
                    () -> OtherThread.run("other", () -> turns.tf().constant(1f)));
            assertTrue(refused.getMessage().contains("close the scopes that are open"), refused.getMessage());
        }
        OtherThread.run("other", () -> turns.tf().constant(1f));
    }

    @Test
    void aCallEndsTheScopesThatItLeftOpen() throws Exception {
        try (TapeSession.Use use = turns.enter("fit");
                TapeSession.Use inner = turns.enter("evaluate")) {
            turns.scope();
            turns.tf().constant(1f);
            turns.scope();
            turns.tf().constant(1f);
            assertEquals(2, turns.liveHandles());
        }
        assertEquals(0, turns.liveHandles());
        OtherThread.run("other", () -> turns.tf().constant(1f));
    }

    @Test
    void aCallIsEndedByTheThreadThatBeganIt() throws Exception {
        TapeSession.Use use = turns.enter("fit");
        assertThrows(IllegalStateException.class, () -> OtherThread.run("other", use::close));
        turns.tf().constant(1f);
        use.close();
        try (TensorScope scope = turns.scope()) {
            use.close();
            turns.tf().constant(1f);
            assertEquals(1, scope.live(), "closing it twice ends nothing");
        }
        OtherThread.run("other", () -> turns.tf().constant(1f));
    }

    @Test
    void aCallOfAThreadThatHasEndedIsOver() throws Exception {
        OtherThread.run("forgetful", () -> turns.enter("fit"));
        assertEquals(1, turns.scalar(turns.tf().constant(1f)));
        OtherThread.run("forgetful", () -> turns.enter("fit"));
        turns.close();
        assertTrue(turns.isClosed());
    }

    @Test
    void aCallOfATrainerIsNoClaim() throws Exception {
        try (TapeSession.Use use = session.enter("fit")) {
            session.tf().constant(1f);
        }
        OtherThread.run("other", () -> session.enter("fit").close());
        session.tf().constant(1f);
        assertFalse(session.isClosing());
    }
}
