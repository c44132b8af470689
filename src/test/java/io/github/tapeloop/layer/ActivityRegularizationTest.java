package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.tape.GradientTape;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ActivityRegularizationTest {

    private static final double[] ELEMENTS = {1, -2, 3, -0.5};

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

    @ParameterizedTest
    @CsvSource({"0.5, 0, 1", "0, 0.25, 1", "0.5, 0.25, 1", "0, 0, 0"})
    void thePenaltyIsL1TimesTheAbsoluteSumPlusL2TimesTheSquareSumOverTheBatch(double l1, double l2, int losses) {
        Operand<TFloat32> x = constant(tf, Shape.of(2, 2), ELEMENTS, TFloat64.class);
        Operand<TFloat32> none = constant(tf, Shape.scalar(), new double[1], TFloat64.class);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            ForwardPass pass = ForwardPass.training(tf);
            assertSame(x, new ActivityRegularization(l1, l2).call(pass, x));
            assertEquals(losses, pass.losses().size());
            Operand<TFloat32> total = pass.totalLoss(none);
            assertEquals((l1 * 6.5 + l2 * 14.25) / 2, session.scalar(total), 1e-12);
            double[] slopes = new double[ELEMENTS.length];
            for (int i = 0; i < slopes.length; i++) {
                slopes[i] = (l1 * Math.signum(ELEMENTS[i]) + l2 * 2 * ELEMENTS[i]) / 2;
            }
            assertArrayEquals(slopes, values(session, tape.gradientOrZeros(total, x)), 1e-12);
        }
    }

    @Test
    void eachCallAddsItsOwnPenalty() {
        ForwardPass pass = ForwardPass.training(tf);
        Layer layer = new ActivityRegularization(1, 0);
        layer.call(pass, tf.constant(new float[] {1, 2}));
        layer.call(pass, tf.constant(new float[][] {{-4}}));
        assertEquals(2, pass.losses().size());
        assertEquals(3 / 2.0 + 4, session.scalar(pass.totalLoss(tf.constant(0f))));
    }

    @ParameterizedTest
    @CsvSource({"-1, 0", "0, -0.5", "NaN, 0", "0, NaN"})
    void otherFactorsAreRefused(double l1, double l2) {
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> new ActivityRegularization(l1, l2));
        assertTrue(
                error.getMessage().endsWith(l1 >= 0 ? "l2 of at least 0, got " + l2 : "l1 of at least 0, got " + l1),
                error.getMessage());
    }
}
