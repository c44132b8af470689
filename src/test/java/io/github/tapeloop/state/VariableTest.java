package io.github.tapeloop.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class VariableTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private Variable<TFloat32> variable(String name, float value) {
        return Variable.create(tf, name, tf.constant(value), true);
    }

    private double value(Variable<TFloat32> variable) {
        return session.scalar(variable.read(tf));
    }

    @Test
    void aVariableIsReadAndChanged() {
        Variable<TFloat32> v = variable("v", 1);
        Operand<TFloat32> before = v.read(tf);
        v.assign(tf, tf.constant(5f));
        v.assignAdd(tf, tf.constant(2f));
        v.assignSub(tf, tf.constant(3f));
        assertEquals(4, value(v));
        assertEquals(1, session.scalar(before), "a value read stays as it was");
        assertEquals("v", v.name());
        assertEquals(Shape.scalar(), v.shape());
        assertEquals(TFloat32.class, v.type());
        assertTrue(v.trainable());
    }

    @Test
    void otherShapesAndTypesAreRefusedAndChangeNothing() {
        Variable<TFloat32> v = variable("v", 1);
        Operand<TFloat32> vector = tf.constant(new float[] {1, 2});
        for (Executable mistake : List.<Executable>of(
                () -> v.assign(tf, vector), () -> v.assignAdd(tf, vector), () -> v.assignSub(tf, vector))) {
            IllegalArgumentException error = assertThrows(IllegalArgumentException.class, mistake);
            assertTrue(error.getMessage().contains("'v'"), error.getMessage());
            assertTrue(error.getMessage().contains("float32 [2]"), error.getMessage());
        }
        @SuppressWarnings("unchecked") // The mistake of a raw type.
        Operand<TFloat32> doubles = (Operand<TFloat32>) (Operand<?>) tf.constant(2.0);
        assertThrows(IllegalArgumentException.class, () -> v.assign(tf, doubles));
        assertEquals(1, value(v));
    }

    @Test
    void variablesOfOneNameDoNotShareAValue() {
        Variable<TFloat32> first = variable("same", 1);
        Variable<TFloat32> second = variable("same", 2);
        second.assign(tf, tf.constant(7f));
        assertEquals(1, value(first));
        assertThrows(IllegalArgumentException.class, () -> Parameters.of(first, second));
    }

    @Test
    void aClosedVariableIsGone() {
        int live = session.liveHandles();
        Variable<TFloat32> v;
        try (TensorScope scope = session.scope()) {
            v = variable("v", 1);
        }
        assertEquals(1, value(v), "a variable outlives the scope it was made in");
        v.close();
        v.close();
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> v.read(tf));
        assertTrue(error.getMessage().contains("'v'"), error.getMessage());
        try (TensorScope scope = session.scope()) {
            assertEquals(0, scope.live());
        }
        assertEquals(live + 1, session.liveHandles(), "only the value read above is left");
    }

    @Test
    void aVariableStaysInItsSession() {
        Variable<TFloat32> v = variable("v", 1);
        try (TapeSession other = TapeSession.open()) {
            IllegalStateException error = assertThrows(IllegalStateException.class, () -> v.read(other.tf()));
            assertTrue(error.getMessage().contains("another TapeSession"), error.getMessage());
        }
    }

    @Test
    void parametersAreFoundByNameAndFiltered() {
        Variable<TFloat32> a = variable("a", 1);
        Variable<TFloat32> b = Variable.create(tf, "b", tf.constant(2f), false);
        Parameters all = Parameters.of(a, b);
        assertEquals(a, all.get("a"));
        assertEquals(List.of("a"), all.filter(Variable::trainable).names());
        assertEquals(2, all.elements());
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> all.get("c"));
        assertTrue(error.getMessage().contains("[a, b]"), error.getMessage());
    }

    @Test
    void gradientsPairVariablesWithWhatTheyGot() {
        Variable<TFloat32> a = variable("a", 1);
        Variable<TFloat32> b = variable("b", 2);
        Operand<TFloat32> one = tf.constant(1f);
        Gradients gradients = Gradients.of(List.of(a, b), List.of(Optional.of(one), Optional.empty()));
        assertEquals(Optional.of(one), gradients.of(a));
        assertEquals(Optional.empty(), gradients.of(b));
        assertEquals(List.of(b), gradients.unconnected());
        Gradients doubled = gradients.map((variable, gradient) -> tf.constant(2f));
        assertEquals(2, session.scalar(doubled.of(a).orElseThrow()));
        assertThrows(IllegalArgumentException.class, () -> Gradients.of(List.of(a, b), List.of(Optional.of(one))));
    }
}
