package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

class InitializerTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private double[] draw(Initializer initializer, Shape shape, long seed) {
        var value = initializer.initialize(tf, shape, TFloat32.class, tf.constant(new long[] {seed, 0}));
        assertEquals(shape, Tensors.shape(value));
        return session.read(Tensors.cast(tf, value, TFloat64.class), tensor -> {
            List<Double> values = new ArrayList<>();
            tensor.scalars().forEach(scalar -> values.add(scalar.getDouble()));
            return values.stream().mapToDouble(Double::doubleValue).toArray();
        });
    }

    /** Fans of [50, 70]: in 50, out 70; of [3, 2, 20, 30]: 6 times 20 and 30. */
    static Stream<Arguments> random() {
        Shape matrix = Shape.of(50, 70);
        Shape kernel = Shape.of(3, 2, 20, 30);
        return Stream.of(
                Arguments.of("glorotUniform", Initializer.glorotUniform(), matrix, 2.0 / 120, Math.sqrt(6.0 / 120)),
                Arguments.of("glorotUniform", Initializer.glorotUniform(), kernel, 2.0 / 300, Math.sqrt(6.0 / 300)),
                Arguments.of("glorotNormal", Initializer.glorotNormal(), matrix, 2.0 / 120, cut(2.0 / 120)),
                Arguments.of("glorotNormal", Initializer.glorotNormal(), kernel, 2.0 / 300, cut(2.0 / 300)),
                Arguments.of("heUniform", Initializer.heUniform(), matrix, 2.0 / 50, Math.sqrt(6.0 / 50)),
                Arguments.of("heNormal", Initializer.heNormal(), kernel, 2.0 / 120, cut(2.0 / 120)));
    }

    /** A normal distribution cut off at two of its standard deviations, which are wider to keep the variance. */
    private static double cut(double variance) {
        return 2 * Math.sqrt(variance) / 0.87962566103423978;
    }

    @ParameterizedTest(name = "{0} {2}")
    @MethodSource("random")
    void randomValuesHaveTheVarianceAndTheLimitOfTheirFans(
            String name, Initializer initializer, Shape shape, double variance, double limit) {
        double[] values = draw(initializer, shape, 1);
        double mean = Arrays.stream(values).average().orElseThrow();
        double measured = Arrays.stream(values)
                .map(v -> (v - mean) * (v - mean))
                .average()
                .orElseThrow();
        assertEquals(0, mean, 0.1 * Math.sqrt(variance));
        assertEquals(variance, measured, 0.08 * variance);
        double largest = Arrays.stream(values).map(Math::abs).max().orElseThrow();
        assertTrue(largest <= limit * (1 + 1e-6) && largest > 0.95 * limit, "largest " + largest + " of " + limit);
    }

    @Test
    void theSameSeedGivesTheSameValues() {
        double[] first = draw(Initializer.glorotUniform(), Shape.of(4, 4), 7);
        assertArrayEquals(first, draw(Initializer.glorotUniform(), Shape.of(4, 4), 7));
        assertFalse(Arrays.equals(first, draw(Initializer.glorotUniform(), Shape.of(4, 4), 8)));
    }

    @Test
    void constantsAreConstant() {
        assertArrayEquals(new double[] {0, 0}, draw(Initializer.zeros(), Shape.of(2), 1));
        assertArrayEquals(new double[] {1, 1}, draw(Initializer.ones(), Shape.of(2), 1));
        assertArrayEquals(new double[] {2.5}, draw(Initializer.constant(2.5), Shape.scalar(), 1));
    }
}
