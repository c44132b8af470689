package io.github.tapeloop.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** A call that is under way while the weights change, or the end comes. */
class ServedTest {

    private static final Map<String, Spec> INPUTS =
            Map.of("input", new Spec(DataType.DT_FLOAT, Shape.of(Shape.UNKNOWN_SIZE, 2)));

    private TapeSession session;
    private Variable<TFloat32> factor;
    private Map<String, Variable<?>> variables;
    private Served served;

    @BeforeEach
    void serveAFactorOfTwo() {
        session = TapeSession.open();
        factor = Variable.create(session.tf(), "factor", session.tf().constant(2f), true);
        variables = Map.of("model/factor", factor);
        ServedGraph graph = ServedGraph.trace(
                session,
                List.of(INPUTS),
                (tf, inputs) -> Map.of("output", tf.math.mul(typed(inputs.get("input")), factor.read(tf))),
                () -> variables);
        try (Weights weights = Weights.of(session, graph, variables)) {
            served = new Served(graph, weights, Optional.empty());
        }
    }

    @SuppressWarnings("unchecked") // As INPUTS says.
    private static Operand<TFloat32> typed(Operand<?> input) {
        return (Operand<TFloat32>) input;
    }

    @AfterEach
    void end() {
        served.close(Duration.ofSeconds(10));
        session.close();
    }

    private static float[] run(Version version) {
        try (TFloat32 input = TFloat32.tensorOf(Shape.of(1, 2), tensor -> {
            tensor.setFloat(1, 0, 0);
            tensor.setFloat(3, 0, 1);
        })) {
            return version.run(0, List.of(input)).get(0).floats();
        }
    }

    private void refresh(float value) {
        factor.assign(session.tf(), session.tf().constant(value));
        try (Weights weights = Weights.of(session, served.graph(), variables)) {
            served.refresh(weights);
        }
    }

    @Test
    void aCallThatHasBegunIsAnsweredByItsVersionAndTheVersionEndsWithIt() {
        Version first = served.enter();
        refresh(10);
        assertArrayEquals(new float[] {2, 6}, run(first));
        Version second = served.enter();
        assertArrayEquals(new float[] {10, 30}, run(second));
        second.leave();
        assertFalse(first.isFreed());
        first.leave();
        assertTrue(first.isFreed());
        assertFalse(first.enter());
        assertFalse(second.isFreed());
    }

    @Test
    void aCloseThatWaitsTooLongSaysForHowManyCallsAndTheyEndAsTheyWouldHave() {
        Version version = served.enter();
        session.close(); // It needs the session no more.
        IllegalStateException late =
                assertThrows(IllegalStateException.class, () -> served.close(Duration.ofMillis(10)));
        assertTrue(late.getMessage().contains("1 still run"), late.getMessage());
        assertThrows(IllegalStateException.class, served::enter);
        assertArrayEquals(new float[] {2, 6}, run(version));
        version.leave();
        assertTrue(version.isFreed());
        served.close(Duration.ZERO);
    }

    @Test
    void anInterruptEndsTheWaitOfACloseAndNothingElse() {
        Version version = served.enter();
        Thread.currentThread().interrupt();
        IllegalStateException interrupted =
                assertThrows(IllegalStateException.class, () -> served.close(Duration.ofSeconds(10)));
        assertTrue(Thread.interrupted());
        assertTrue(interrupted.getMessage().contains("interrupted"), interrupted.getMessage());
        version.leave();
        assertTrue(version.isFreed());
    }
}
