package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

class OptimizerTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat64> a = Variable.create(tf, "a", tf.constant(1.0), true);
    private final Variable<TFloat64> b = Variable.create(tf, "b", tf.constant(2.0), true);

    @AfterEach
    void close() {
        session.close();
    }

    private double value(Variable<TFloat64> variable) {
        return session.scalar(variable.read(tf));
    }

    private Gradients gradients(double... ofAAndB) {
        return Gradients.of(
                List.of(a, b), List.of(Optional.of(tf.constant(ofAAndB[0])), Optional.of(tf.constant(ofAAndB[1]))));
    }

    @Test
    void variablesWithoutGradientStayAsTheyAre() {
        new Sgd(0.5).apply(tf, Gradients.of(List.of(a, b), List.of(Optional.of(tf.constant(1.0)), Optional.empty())));
        assertEquals(0.5, value(a));
        assertEquals(2.0, value(b));
    }

    @Test
    void noGradientAtAllIsRefusedByName() {
        Gradients none = Gradients.of(List.of(a, b), List.of(Optional.empty(), Optional.empty()));
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> new Sgd().apply(tf, none));
        assertTrue(error.getMessage().contains("[a, b]"), error.getMessage());
    }

    @Test
    void aWrongShapeChangesNothing() {
        Gradients wrong = Gradients.of(
                List.of(a, b), List.of(Optional.of(tf.constant(1.0)), Optional.of(tf.constant(new double[] {1, 2}))));
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> new Sgd().apply(tf, wrong));
        assertTrue(error.getMessage().contains("'b'"), error.getMessage());
        assertEquals(1.0, value(a));
    }

    @Test
    void theLearningRateCanBeReadAndSet() {
        Optimizer sgd = new Sgd(0.5);
        assertEquals(0.5, sgd.learningRate());
        sgd.apply(tf, gradients(1, 1));
        sgd.setLearningRate(0.25);
        assertEquals(0.25, sgd.learningRate());
        sgd.apply(tf, gradients(1, 1));
        assertEquals(0.25, value(a));
    }

    @Test
    void aScheduledLearningRateCannotBeSet() {
        Optimizer sgd = new Sgd(Schedule.exponentialDecay(1, 1, 0.5));
        sgd.apply(tf, gradients(0, 0));
        assertEquals(0.5, sgd.learningRate());
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> sgd.setLearningRate(1));
        assertTrue(error.getMessage().contains("schedule"), error.getMessage());
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void schedulesFollowTheirFormula(Schedule schedule, double[] expected) {
        for (int step = 0; step < expected.length; step++) {
            assertEquals(expected[step], session.scalar(schedule.learningRate(tf, tf.constant((double) step))), 1e-12);
        }
    }

    static Stream<Arguments> schedules() {
        return Stream.of(
                Arguments.of(Schedule.exponentialDecay(0.1, 2, 0.25), new double[] {0.1, 0.05, 0.025, 0.0125, 0.00625}),
                Arguments.of(Schedule.staircaseDecay(0.1, 2, 0.25), new double[] {0.1, 0.1, 0.025, 0.025, 0.00625}),
                Arguments.of(
                        (Schedule)
                                (ops, step) -> ops.math.div(ops.constant(1.0), ops.math.add(step, ops.constant(1.0))),
                        new double[] {1, 0.5, 1.0 / 3}));
    }

    @Test
    void theStateIsTheStepCountTheRateAndTheSlots() {
        Optimizer adam = new Adam();
        assertEquals(List.of(), adam.state().names());
        adam.apply(tf, gradients(1, 1));
        assertEquals(
                List.of("optimizer/iterations", "optimizer/learning_rate", "a/m", "a/v", "b/m", "b/v"),
                adam.state().names());
    }

    @Test
    void anOptimizerStaysInItsSession() {
        Optimizer sgd = new Sgd();
        sgd.apply(tf, gradients(1, 1));
        try (TapeSession other = TapeSession.open()) {
            Variable<TFloat64> c = Variable.create(other.tf(), "c", other.tf().constant(1.0), true);
            Gradients gradients =
                    Gradients.of(List.of(c), List.of(Optional.of(other.tf().constant(1.0))));
            IllegalStateException error =
                    assertThrows(IllegalStateException.class, () -> sgd.apply(other.tf(), gradients));
            assertTrue(error.getMessage().contains("make a new optimizer"), error.getMessage());
        }
    }

    @Test
    void badHyperparametersAreNamedWithTheirRange() {
        Map<Executable, String> mistakes = Map.of(
                () -> new Sgd(-1), "learning rate",
                () -> new Adam(Double.NaN), "learning rate",
                () -> new Sgd().momentum(1), "momentum in [0, 1)",
                () -> new Adam().betas(1, 0.9), "beta1 in [0, 1)",
                () -> new Adam().betas(0.9, -0.1), "beta2 in [0, 1)",
                () -> new Adam().epsilon(0), "epsilon",
                () -> new Sgd((Schedule) null), "schedule",
                () -> Schedule.exponentialDecay(1, 0, 1), "decaySteps");
        mistakes.forEach((mistake, word) -> {
            IllegalArgumentException error = assertThrows(IllegalArgumentException.class, mistake);
            assertTrue(error.getMessage().contains(word), error.getMessage());
        });
    }
}
