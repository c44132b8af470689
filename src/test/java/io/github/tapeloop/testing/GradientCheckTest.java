package io.github.tapeloop.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.testing.GradientCheck.Input;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The check passes right gradients and finds wrong ones. */
class GradientCheckTest {

    private static final Input SMALL = Input.of(Shape.of(2, 3), -1.2, 0.3, 0.7, 1.9, -0.4, 0.05);

    private static Operand<?> any(Object operand) {
        return (Operand<?>) operand;
    }

    @Test
    void rightGradientsPass() {
        try (TapeSession session = TapeSession.open()) {
            GradientCheck check = GradientCheck.in(session);
            check.operands((tf, x) -> tf.math.tanh(x.get(0)), SMALL);
            check.operands((tf, x) -> tf.nn.softmax(x.get(0)), SMALL);
            check.operands((tf, x) -> new MeanSquaredError().call(tf, x.get(0), x.get(1)), SMALL, SMALL);
            assertEquals(0, session.leakReport().liveHandles(), () -> session.leakReport()
                    .toString());
        }
    }

    @Test
    void aWrongGradientIsShownWithItsElement() {
        try (TapeSession session = TapeSession.open()) {
            AssertionError thrown = assertThrows(AssertionError.class, () -> GradientCheck.in(session)
                    .operands((tf, x) -> tf.math.add(x.get(0), tf.stopGradient(tf.math.square(x.get(0)))), SMALL));
            assertTrue(thrown.getMessage().contains("input 0 [2, 3]"), thrown.getMessage());
            assertTrue(thrown.getMessage().contains("element 0"), thrown.getMessage());
        }
    }

    @Test
    void anInputWithoutInfluenceHasAGradientOfZero() {
        try (TapeSession session = TapeSession.open()) {
            GradientCheck.in(session).operands((tf, x) -> tf.math.square(x.get(1)), SMALL, SMALL);
            AssertionError thrown = assertThrows(AssertionError.class, () -> GradientCheck.in(session)
                    .operands((tf, x) -> tf.math.mul(tf.stopGradient(x.get(0)), x.get(1)), SMALL, SMALL));
            assertTrue(thrown.getMessage().contains("is 0.0 at element 0"), thrown.getMessage());
        }
    }

    private static Operand<TFloat32> doubles(Ops tf, double[][] rows) {
        @SuppressWarnings("unchecked") // Layers follow the run-time type.
        Operand<TFloat32> operand = (Operand<TFloat32>) any(tf.constant(rows));
        return operand;
    }

    @Test
    void theWeightsOfAModelAreCheckedAndHaveTheirValuesBack() {
        try (TapeSession session = TapeSession.builder().seed(3).build();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Model model = Sequential.of(new Dense(4, Activations.TANH), new Dense(2));
            Operand<TFloat32> x = doubles(tf, new double[][] {{1, -2, 0.5}, {0.1, 0.2, 0.3}});
            double before = sum(session, model.call(ForwardPass.inference(tf), x));
            GradientCheck check = GradientCheck.in(session);
            check.variables(now -> model.call(ForwardPass.training(now), x), model.trainableVariables());
            assertEquals(before, sum(session, model.call(ForwardPass.inference(tf), x)));

            AssertionError thrown = assertThrows(
                    AssertionError.class,
                    () -> check.variables(
                            now -> tf.stopGradient(model.call(ForwardPass.training(now), x)),
                            model.trainableVariables()));
            assertTrue(thrown.getMessage().contains("variable 'sequential/dense/kernel' [3, 4]"), thrown.getMessage());
            assertEquals(before, sum(session, model.call(ForwardPass.inference(tf), x)), "also after a failure");
        }
    }

    private static double sum(TapeSession session, Operand<TFloat32> x) {
        return session.scalar(session.tf().sum(x, session.tf().constant(new int[] {0, 1})));
    }

    @Test
    void manyElementsAreSampled() {
        try (TapeSession session = TapeSession.open()) {
            int[] calls = {0};
            double[] values =
                    DoubleStream.iterate(0, x -> x + 0.001).limit(1001).toArray();
            GradientCheck.in(session)
                    .operands(
                            (tf, x) -> {
                                calls[0]++;
                                return tf.math.sin(x.get(0));
                            },
                            Input.of(Shape.of(1001), values));
            assertEquals(1 + 2 * 167, calls[0]); // Every sixth element.
        }
    }

    @Test
    void badArgumentsAreNamed() {
        try (TapeSession session = TapeSession.open();
                TensorScope scope = session.scope()) {
            Variable<TFloat32> single =
                    Variable.create(session.tf(), "w", session.tf().constant(1f), true);
            GradientCheck check = GradientCheck.in(session);
            assertMessage("'w' is TFloat32", () -> check.variables(tf -> single.read(tf), Parameters.of(single)));
            assertMessage("step above 0, got 0.0", () -> check.step(0));
            assertMessage("tolerance above 0, got -1.0", () -> check.tolerance(-1));
            assertMessage("[2, 3] does not have 1 elements", () -> Input.of(Shape.of(2, 3), 1));
        }
    }

    private static void assertMessage(String part, Runnable call) {
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }
}
