package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

@Timeout(300)
class OwnerTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final List<String> closed = new ArrayList<>();

    @AfterEach
    void close() {
        session.close();
    }

    @Test
    void fiftyOwnersInTurnLeaveAsManyFunctionsAndHandlesAsBefore() {
        for (int i = 0; i < 50; i++) {
            int handles = session.liveHandles();
            int functions = FunctionCount.of(session);
            try (Owner owner = session.owner();
                    TensorScope scope = session.scope()) {
                Operand<TFloat32> x = tf.constant(2f);
                Variable<TFloat32> total = owner.own(Variable.create(tf, "total", x, false));
                TracedFunction step =
                        owner.own(TracedFunction.trace(session, "step", List.of(Spec.of(x)), (ops, in) -> {
                            total.assignAdd(ops, ops.constant(1f));
                            return List.of(total.read(ops));
                        }));
                step.call(List.of(x));
                assertEquals(3f, total.toFloats()[0]);
                assertEquals(functions + 1, FunctionCount.of(session));
                assertEquals(2, owner.size());
            }
            assertEquals(functions, FunctionCount.of(session));
            assertEquals(handles, session.liveHandles());
        }
        assertEquals(0, FunctionCount.of(session));
    }

    @Test
    void theLastIsClosedFirstAndOnce() {
        Owner owner = session.owner();
        AutoCloseable b = () -> closed.add("b");
        owner.own(() -> closed.add("a"));
        owner.own(b);
        owner.own(b);
        owner.own(() -> closed.add("c"));
        owner.close();
        owner.close();
        assertEquals(List.of("c", "b", "a"), closed);
    }

    @Test
    void whatIsReleasedIsClosedThenAndNotAgain() {
        Owner owner = session.owner();
        AutoCloseable a = owner.own(() -> closed.add("a"));
        owner.own(() -> closed.add("b"));
        owner.release(a);
        owner.release(a);
        assertEquals(List.of("a"), closed);
        assertEquals(1, owner.size());
        owner.close();
        assertEquals(List.of("a", "b"), closed);
    }

    @Test
    void theSessionClosesAnOwnerThatNobodyClosed() {
        session.owner().own(() -> closed.add("a"));
        session.onClose(() -> closed.add("later"));
        session.close();
        assertEquals(List.of("later", "a"), closed);
    }

    @Test
    void allIsClosedWhateverFails() {
        Owner owner = session.owner();
        Exception checked = new Exception("checked");
        ArithmeticException first = new ArithmeticException("first");
        owner.own(() -> closed.add("a"));
        owner.own(() -> {
            throw checked;
        });
        owner.own(() -> {
            throw first;
        });
        ArithmeticException thrown = assertThrows(ArithmeticException.class, owner::close);
        assertSame(first, thrown);
        assertSame(checked, thrown.getSuppressed()[0].getCause());
        assertEquals(List.of("a"), closed);
        assertEquals(0, owner.size());
    }

    @Test
    void aClosedOwnerTakesNothingOver() {
        Owner owner = session.owner();
        owner.close();
        assertThrows(IllegalStateException.class, () -> owner.own(() -> closed.add("late")));
        assertEquals(List.of("late"), closed);
    }

    @Test
    void anyThreadMayCloseIt() throws Exception {
        Owner owner = session.owner();
        Variable<TFloat32> variable = owner.own(Variable.create(tf, "v", tf.constant(2f), false));
        int live = session.liveHandles();
        OtherThread.run("closing", owner::close);
        assertTrue(variable.isClosed());
        assertEquals(live - 1, session.liveHandles());
        tf.constant(1f); // Still this thread's session.
        assertThrows(IllegalStateException.class, () -> OtherThread.run("other", () -> tf.constant(1f)));
    }

    @Test
    void closingItAfterTheSessionDoesNothing() {
        Owner owner = session.owner();
        owner.own(Variable.create(tf, "v", tf.constant(2f), false));
        session.close();
        owner.close();
        assertTrue(session.isClosed());
    }
}
