package io.github.tapeloop.state;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Values that can be gone back to, and what they cost. */
class SnapshotTest {

    private static Variable<TFloat32> variable(Ops tf, String name, float... values) {
        try (TensorScope scope = TapeSession.of(tf).scope()) {
            return Variable.create(tf, name, tf.constant(values), true);
        }
    }

    private static double[] read(Variable<TFloat32> variable) {
        return values(variable.session(), variable.read(variable.session().tf()));
    }

    @Test
    void restoringGivesBackTheValuesAsOftenAsAsked() {
        try (TapeSession session = TapeSession.open()) {
            Ops tf = session.tf();
            Variable<TFloat32> w = variable(tf, "w", 1, 2);
            try (Snapshot snapshot = Snapshot.of(List.of(w))) {
                for (int i = 0; i < 2; i++) {
                    session.unrecorded(() -> w.assignAdd(tf, tf.constant(new float[] {10, 10})));
                    assertArrayEquals(new double[] {11, 12}, read(w));
                    snapshot.restore();
                    assertArrayEquals(new double[] {1, 2}, read(w));
                }
            }
        }
    }

    @Test
    void aSnapshotHoldsOneHandleAVariableUntilItIsClosed() {
        try (TapeSession session = TapeSession.open()) {
            Variable<TFloat32> a = variable(session.tf(), "a", 1);
            Variable<TFloat32> b = variable(session.tf(), "b", 2);
            Snapshot warm = Snapshot.withNewVariables(session, List.of(a, b));
            warm.close();
            int before = session.liveHandles();
            Snapshot snapshot = Snapshot.withNewVariables(session, List.of(a, b));
            snapshot.restore();
            assertEquals(before + 2, session.liveHandles());
            snapshot.close();
            snapshot.close();
            assertEquals(
                    before, session.liveHandles(), () -> session.leakReport().toString());
            assertThrows(IllegalStateException.class, snapshot::restore);
        }
    }

    @Test
    void aVariableGivenTwiceIsKeptOnce() {
        try (TapeSession session = TapeSession.open()) {
            Variable<TFloat32> shared = variable(session.tf(), "shared", 1);
            int before = session.liveHandles();
            try (Snapshot snapshot = Snapshot.of(List.of(shared, shared))) {
                assertEquals(before + 1, session.liveHandles());
            }
            assertEquals(before, session.liveHandles());
        }
    }

    @Test
    void aSnapshotOfAClosedVariableFailsAndKeepsNothing() {
        try (TapeSession session = TapeSession.open()) {
            Variable<TFloat32> open = variable(session.tf(), "open", 1);
            Variable<TFloat32> closed = variable(session.tf(), "closed", 1);
            closed.close();
            int before = session.liveHandles();
            assertThrows(IllegalStateException.class, () -> Snapshot.of(List.of(open, closed)));
            assertEquals(before, session.liveHandles());
        }
    }

    @Test
    void variablesMadeLaterGoBackToTheirFirstValueAndClosedOnesAreLeftAlone() {
        try (TapeSession session = TapeSession.open()) {
            Ops tf = session.tf();
            Variable<TFloat32> gone = variable(tf, "gone", 1);
            try (Snapshot snapshot = Snapshot.withNewVariables(session, List.of(gone))) {
                Variable<TFloat32> later = variable(tf, "later", 5);
                session.unrecorded(() -> later.assignAdd(tf, tf.constant(new float[] {1})));
                gone.close();
                snapshot.restore();
                assertArrayEquals(new double[] {5}, read(later));
            }
            int before = session.liveHandles();
            Variable<TFloat32> unwatched = variable(tf, "unwatched", 1);
            unwatched.close();
            assertEquals(before, session.liveHandles(), "a closed snapshot does not listen");
        }
    }

    @Test
    void aSnapshotOutlivesItsSessionWithoutHarm() {
        TapeSession session = TapeSession.open();
        Snapshot snapshot = Snapshot.of(List.of(variable(session.tf(), "w", 1)));
        session.close();
        snapshot.restore();
        snapshot.close();
    }
}
