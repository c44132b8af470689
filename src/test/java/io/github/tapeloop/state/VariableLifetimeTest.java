package io.github.tapeloop.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.LeakReport;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

/** Variables against sessions, scopes and tapes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VariableLifetimeTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    @BeforeEach
    void open() {
        test = session.scope();
    }

    @AfterEach
    void end() {
        test.close();
    }

    @AfterAll
    void close() {
        session.close();
    }

    @Test
    void updatesLeaveNoHandlesButThoseTheCallerMakes() {
        Variable<TFloat32> v = Variable.create(tf, "v", tf.constant(0f), true);
        Operand<TFloat32> one = tf.constant(1f);
        int live = session.liveHandles();
        for (int i = 0; i < 100; i++) {
            v.assignAdd(tf, one);
        }
        assertEquals(live, session.liveHandles());
        assertEquals(100, session.scalar(v.read(tf)));
    }

    @Test
    void aValueReadBeforeAnUpdateInPlaceStaysAsItWas() {
        Variable<TFloat32> v = Variable.create(tf, "v", tf.constant(new float[] {1, 2, 3}), true);
        Operand<TFloat32> before = v.read(tf);
        Operand<TFloat32> delta = tf.constant(new float[] {10, 10, 10});
        v.assignAdd(tf, delta);
        v.assignSub(tf, tf.math.mul(delta, tf.constant(2f)));
        assertEquals(List.of(1f, 3f), ends(before));
        assertEquals(List.of(-9f, -7f), ends(v.read(tf)));
    }

    private List<Float> ends(Operand<TFloat32> vector) {
        return session.read(vector, tensor -> List.of(tensor.getFloat(0), tensor.getFloat(2)));
    }

    @Test
    void theInitialValueIsNotShared() {
        Operand<TFloat32> initial = tf.constant(1f);
        Variable<TFloat32> v = Variable.create(tf, "v", initial, true);
        v.assignAdd(tf, tf.constant(1f));
        assertEquals(1, session.scalar(initial));
    }

    @Test
    void variablesHoldOtherTypes() {
        Variable<TInt64> count = Variable.create(tf, "count", tf.constant(1L << 40), false);
        count.assignAdd(tf, tf.constant(1L));
        assertEquals((1L << 40) + 1, session.scalar(count.read(tf)));
        Variable<TString> text = Variable.create(tf, "text", tf.constant("a"), false);
        text.assign(tf, tf.constant("b"));
        assertEquals("b", session.read(text.read(tf), tensor -> tensor.getObject()));
        assertEquals("Variable count TInt64 [] (not trainable)", count.toString());
    }

    @Test
    void onlyTrainableVariablesAreWatched() {
        Variable<TFloat64> weight = Variable.create(tf, "weight", tf.constant(3.0), true);
        Variable<TFloat64> statistic = Variable.create(tf, "statistic", tf.constant(5.0), false);
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> y = tf.math.mul(weight.read(tf), statistic.read(tf));
            Gradients gradients = tape.gradients(y, Parameters.of(weight, statistic));
            assertEquals(5, session.scalar(gradients.of(weight).orElseThrow()));
            assertEquals(Optional.empty(), gradients.of(statistic));
            assertEquals(List.of(statistic), gradients.unconnected());
        }
    }

    @Test
    void anOperandOfAnotherSessionIsRefusedAndChangesNothing() {
        Variable<TFloat32> v = Variable.create(tf, "v", tf.constant(1f), true);
        try (TapeSession other = TapeSession.builder().threads(1, 1).build()) {
            Operand<TFloat32> foreign = other.tf().constant(9f);
            IllegalArgumentException value = assertThrows(IllegalArgumentException.class, () -> v.assign(tf, foreign));
            assertTrue(value.getMessage().contains("another TapeSession"), value.getMessage());
            IllegalStateException ops =
                    assertThrows(IllegalStateException.class, () -> v.assignAdd(other.tf(), foreign));
            assertTrue(ops.getMessage().contains("'v' belongs to another TapeSession"), ops.getMessage());
            assertThrows(IllegalArgumentException.class, () -> Variable.create(tf, "w", foreign, true));
        }
        assertEquals(1, session.scalar(v.read(tf)));
    }

    @Test
    void aFreedOperandIsRefusedAndChangesNothing() {
        Variable<TFloat32> v = Variable.create(tf, "v", tf.constant(1f), true);
        Operand<TFloat32> freed;
        try (TensorScope scope = session.scope()) {
            freed = tf.constant(2f);
        }
        assertThrows(IllegalStateException.class, () -> v.assign(tf, freed));
        assertEquals(1, session.scalar(v.read(tf)));
    }

    @Test
    void theSessionClosesItsVariables() {
        TapeSession closing = TapeSession.builder().threads(1, 1).build();
        Ops ops = closing.tf();
        Variable<TFloat32> v = Variable.create(ops, "v", ops.constant(1f), true);
        closing.close();
        v.close();
        for (Executable asks : List.<Executable>of(
                () -> v.read(ops),
                () -> v.handle(ops),
                v::toFloats,
                v::toDoubles,
                () -> Snapshot.of(List.of(v)),
                () -> Snapshot.of(Map.of(v, () -> ops.constant(2f))))) {
            IllegalStateException error = assertThrows(IllegalStateException.class, asks);
            assertTrue(error.getMessage().contains("'v' is closed"), error.getMessage());
        }
        assertEquals(Shape.scalar(), v.shape());
    }

    @Test
    void aClosedVariableFreesItsHandleAndIsNoLongerWatched() {
        int live = session.liveHandles();
        Variable<TFloat32> v;
        try (TensorScope scope = session.scope()) {
            v = Variable.create(tf, "v", tf.constant(1f), true);
        }
        assertEquals(live + 1, session.liveHandles());
        v.close();
        assertEquals(live, session.liveHandles());
        assertThrows(IllegalStateException.class, () -> v.assign(tf, tf.constant(2f)));
    }

    @Test
    void inDebugModeTheLeakReportNamesTheLineOfEachForgottenOperand() {
        try (TapeSession debugged =
                TapeSession.builder().threads(1, 1).debug(true).build()) {
            Operand<TFloat32> x = debugged.tf().constant(new float[10]);
            forget(debugged.tf(), x);
            forget(debugged.tf(), x);
            LeakReport report = debugged.leakReport();
            LeakReport.Origin first = report.origins().get(0);
            assertEquals(2, first.handles());
            assertEquals(80, first.bytes());
            assertTrue(first.site().contains("VariableLifetimeTest.forget(VariableLifetimeTest.java:"), first.site());
            assertFalse(report.origins().get(1).site().contains("forget"), report::toString);
            assertTrue(report.toString().contains("2 x Neg, 80 bytes, made at "), report::toString);
        }
    }

    private static void forget(Ops tf, Operand<TFloat32> x) {
        tf.math.neg(x);
    }
}
