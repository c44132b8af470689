package io.github.tapeloop.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GradientsTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat64> a = Variable.create(tf, "a", tf.constant(1.0), true);
    private final Variable<TFloat64> b = Variable.create(tf, "b", tf.constant(2.0), true);
    private final Variable<TFloat64> c = Variable.create(tf, "c", tf.constant(3.0), true);
    private final Operand<TFloat64> ofA = tf.constant(10.0);
    private final Operand<TFloat64> ofC = tf.constant(30.0);
    private final Gradients gradients =
            Gradients.of(List.of(c, b, a), List.of(Optional.of(ofC), Optional.empty(), Optional.of(ofA)));

    @AfterAll
    void close() {
        session.close();
    }

    @Test
    void theOrderGivenIsKept() {
        assertEquals(List.of(c, a), gradients.variables());
        assertEquals(List.of(b), gradients.unconnected());
        assertSame(ofA, gradients.of(a).orElseThrow());
        assertEquals(Optional.empty(), gradients.of(b));
    }

    @Test
    void mapSeesEachVariableOnceWithItsGradientAndKeepsTheRest() {
        List<String> seen = new ArrayList<>();
        Gradients halved = gradients.map((variable, gradient) -> {
            seen.add(variable.name() + (gradient == ofA ? " 10" : gradient == ofC ? " 30" : ""));
            return tf.constant(variable == a ? 5.0 : 15.0);
        });
        assertEquals(List.of("c 30", "a 10"), seen);
        assertEquals(15, session.scalar(halved.of(c).orElseThrow()));
        assertEquals(List.of(b), halved.unconnected());
        assertSame(ofC, gradients.of(c).orElseThrow(), "the original is as it was");
    }

    @Test
    void aVariableGivenTwiceIsRefused() {
        try (TapeSession session = TapeSession.open()) {
            Variable<TFloat64> v =
                    Variable.create(session.tf(), "v", session.tf().constant(1.0), true);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Gradients.of(List.of(v, v), List.of(Optional.empty(), Optional.empty())));
        }
    }

    @Test
    void listsOfDifferentLengthAreRefused() {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> Gradients.of(List.of(a, b), List.of(Optional.of(ofA))));
        assertTrue(error.getMessage().contains("2 variables, got 1"), error.getMessage());
    }

    @Test
    void theListsCannotBeChanged() {
        assertThrows(
                UnsupportedOperationException.class, () -> gradients.variables().remove(0));
        assertThrows(
                UnsupportedOperationException.class,
                () -> gradients.unconnected().remove(0));
    }

    @Test
    void aVariableNobodyAskedAboutHasNone() {
        Gradients one = Gradients.of(List.of(a), List.of(Optional.of(ofA)));
        assertEquals(Optional.empty(), one.of(b));
        assertEquals(List.of(), one.unconnected());
    }
}
