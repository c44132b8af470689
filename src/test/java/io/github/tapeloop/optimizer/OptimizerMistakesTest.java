package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** Mistakes that must not change a variable silently. */
class OptimizerMistakesTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private Variable<TFloat64> variable(String name) {
        return Variable.create(tf, name, tf.constant(0.0), true);
    }

    private void apply(Optimizer optimizer, Variable<TFloat64> variable, Operand<?> gradient) {
        optimizer.apply(tf, Gradients.of(List.of(variable), List.of(Optional.of(gradient))));
    }

    @Test
    void aGradientOfAnotherTypeChangesNothing() {
        Variable<TFloat64> a = variable("a");
        Variable<TFloat64> b = variable("b");
        Gradients mixed =
                Gradients.of(List.of(a, b), List.of(Optional.of(tf.constant(1.0)), Optional.of(tf.constant(1f))));
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> new Sgd(1).apply(tf, mixed));
        assertTrue(error.getMessage().contains("'b'"), error.getMessage());
        assertTrue(error.getMessage().contains("float32 []"), error.getMessage());
        assertEquals(0, session.scalar(a.read(tf)));
    }

    @Test
    void twoVariablesOfOneNameDoNotShareASlot() {
        Variable<TFloat64> first = variable("dense/kernel");
        Variable<TFloat64> second = variable("dense/kernel");
        Optimizer momentum = new Sgd(1).momentum(0.9);
        apply(momentum, first, tf.constant(1.0));
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> apply(momentum, second, tf.constant(0.0)));
        assertTrue(error.getMessage().contains("'dense/kernel'"), error.getMessage());
        assertEquals(0, session.scalar(second.read(tf)), "it has no momentum of the other's");
    }

    @Test
    void aLossScaleComesBeforeTheFirstStep() {
        Optimizer sgd = new Sgd(1);
        apply(sgd, variable("v"), tf.constant(1.0));
        IllegalStateException error =
                assertThrows(IllegalStateException.class, () -> sgd.setLossScale(LossScale.dynamic()));
        assertTrue(error.getMessage().contains("before the first step"), error.getMessage());
        assertThrows(NullPointerException.class, () -> new Sgd().setLossScale(null));
    }

    @Test
    void theLearningRateCanBeSetBeforeTheFirstStep() {
        Optimizer sgd = new Sgd(1);
        sgd.setLearningRate(0.25);
        assertEquals(0.25, sgd.learningRate());
        Variable<TFloat64> v = variable("v");
        apply(sgd, v, tf.constant(1.0));
        assertEquals(-0.25, session.scalar(v.read(tf)));
    }
}
