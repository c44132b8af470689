package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DropoutTest {

    private static final int SIZE = 40_000;

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(4).build();
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

    private Operand<TFloat32> ones(int size, Class<? extends TNumber> type) {
        double[] ones = new double[size];
        Arrays.fill(ones, 1);
        return constant(tf, Shape.of(size), ones, type);
    }

    private ForwardPass pass(long seed, long step) {
        return ForwardPass.training(tf, seed, () -> tf.constant(step));
    }

    private double[] mask(ForwardPass pass) {
        return values(session, new Dropout(0.5).call(pass, ones(200, TFloat32.class)));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.25, 0.5, 0.9})
    void theShareDroppedIsTheRateAndTheRestIsScaledUp(double rate) {
        for (Class<? extends TNumber> type : List.of(TFloat32.class, TFloat64.class)) {
            double[] y = values(session, new Dropout(rate).call(pass(1, 2), ones(SIZE, type)));
            long dropped = Arrays.stream(y).filter(value -> value == 0).count();
            // Four standard deviations of a binomial share: a right rate fails once in 16,000 seeds, and this seed is
            // fixed.
            assertEquals(rate, dropped / (double) SIZE, 4 * Math.sqrt(rate * (1 - rate) / SIZE));
            double scale = type == TFloat32.class ? (float) (1 / (1 - rate)) : 1 / (1 - rate);
            assertTrue(Arrays.stream(y).allMatch(value -> value == 0 || value == scale));
        }
    }

    @Test
    void theMaskDependsOnSeedStepAndPlaceOnly() {
        double[] mask = mask(pass(1, 2));
        assertArrayEquals(mask, mask(pass(1, 2)));
        assertFalse(Arrays.equals(mask, mask(pass(1, 3))), "another step");
        assertFalse(Arrays.equals(mask, mask(pass(2, 2))), "another seed");
        ForwardPass one = pass(1, 2);
        assertArrayEquals(mask, mask(one));
        assertFalse(Arrays.equals(mask, mask(one)), "the second layer of a pass");
    }

    @Test
    void handWrittenPassesDrawAnewEachTime() {
        assertFalse(Arrays.equals(mask(ForwardPass.training(tf)), mask(ForwardPass.training(tf))));
    }

    @Test
    void theGradientHasTheSameMask() {
        Operand<TFloat32> x = ones(200, TFloat32.class);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat32> y = new Dropout(0.5).call(pass(1, 2), x);
            double[] gradient = values(session, tape.gradient(y, x).orElseThrow());
            assertArrayEquals(values(session, y), gradient);
        }
    }

    @Test
    void inferenceAndRateZeroPassTheInputOn() {
        Operand<TFloat32> x = ones(3, TFloat32.class);
        assertSame(x, new Dropout(0.5).call(ForwardPass.inference(tf), x));
        assertSame(x, new Dropout(0).call(ForwardPass.training(tf), x));
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN, Double.POSITIVE_INFINITY})
    void otherRatesAreRefused(double rate) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> new Dropout(rate));
        assertEquals("Expected Dropout rate in [0, 1), got " + rate, error.getMessage());
    }

    /** bfloat16 has 128 numbers in [0, 1) to draw: 1 / 128 would be the smallest rate. */
    @ParameterizedTest
    @EnumSource(
            value = DtypePolicy.class,
            names = {"MIXED_BFLOAT16", "MIXED_FLOAT16"})
    void aSmallRateIsKeptInMixedPrecision(DtypePolicy precision) {
        double rate = 0.0004;
        for (Layer layer : List.of(new Dropout(rate), new AlphaDropout(rate))) {
            Operand<TFloat32> y = ForwardPass.training(tf).in(precision).call(layer, ones(500_000, TFloat32.class));
            double first = values(session, y)[0]; // Almost surely kept.
            long dropped = Arrays.stream(values(session, y))
                    .filter(value -> value != first)
                    .count();
            assertEquals(200, dropped, 70, layer.toString()); // 5 standard deviations.
        }
    }
}
