package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.tape.GradientTape;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Activations at kinks, at the ends of what a type holds, and of NaN. */
class ActivationEdgesTest {

    private static final double[] POINTS = {
        0, -0.0, 0.5, -0.5, 1, -1, 3, -3, 6, 300, -300, 3e4, -3e4, 1e18, -1e18, 1e30, -1e30
    };
    private static final double MOST_OF_FLOAT16 = 65504;

    private static TapeSession session;
    private static Ops tf;

    @BeforeAll
    static void open() {
        session = TapeSession.builder().threads(1, 1).build();
        tf = session.tf();
    }

    @AfterAll
    static void close() {
        session.close();
    }

    private record Kind(String name, ActivationFunction function) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static List<Kind> kinds() throws IllegalAccessException {
        List<Kind> kinds = new ArrayList<>();
        for (Field field : Activations.class.getFields()) {
            if (field.getType() == ActivationFunction.class && !field.getName().equals("GLU")) {
                kinds.add(new Kind(field.getName(), (ActivationFunction) field.get(null)));
            }
        }
        kinds.add(new Kind("relu max 3", Activations.relu(0, 3, 0)));
        kinds.add(new Kind("relu max 3, from 1/2", Activations.relu(0, 3, 0.5)));
        kinds.add(new Kind("relu slope 0.1, max 3, from 1/2", Activations.relu(0.1, 3, 0.5)));
        kinds.add(new Kind("elu 1/2", Activations.elu(0.5)));
        kinds.add(new Kind("celu 1/2", Activations.celu(0.5)));
        kinds.add(new Kind("leakyRelu 0.1", Activations.leakyRelu(0.1)));
        kinds.add(new Kind("squareplus 1", Activations.squareplus(1)));
        kinds.add(new Kind("threshold 1/2", Activations.threshold(0.5, -2)));
        return kinds;
    }

    static Stream<Arguments> kindsAndTypes() throws IllegalAccessException {
        return kinds().stream()
                .flatMap(kind -> Stream.of(TFloat32.class, TFloat64.class, TFloat16.class, TBfloat16.class)
                        .map(type -> Arguments.of(kind, type)));
    }

    /** The value, the slope and the slope of the slope. */
    private static double[] at(ActivationFunction function, double point, Class<? extends TNumber> type) {
        try (TensorScope scope = session.scope();
                GradientTape second = GradientTape.open(tf);
                GradientTape first = GradientTape.open(tf)) {
            Operand<TFloat32> x = typed(Tensors.cast(tf, tf.constant(new double[][] {{point}}), type));
            first.watch(x);
            second.watch(x);
            Operand<TFloat32> y = function.call(tf, x);
            Operand<?> slope = first.gradient(total(y), x).orElse(null);
            double[] value = session.doubles(y);
            if (slope == null) {
                return new double[] {value[0], 0, 0};
            }
            double bend = second.gradient(total(typed(slope)), x)
                    .map(found -> session.doubles(found)[0])
                    .orElse(0.0);
            return new double[] {value[0], session.doubles(slope)[0], bend};
        }
    }

    private static Operand<TFloat32> total(Operand<TFloat32> y) {
        return tf.sum(y, tf.constant(new int[] {0, 1}));
    }

    @SuppressWarnings("unchecked") // The package's note on TFloat32.
    private static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("kindsAndTypes")
    void valuesAndSlopesOfFiniteNumbersAreFinite(Kind kind, Class<? extends TNumber> type) {
        for (double point : POINTS) {
            boolean grows = Set.of("EXPONENTIAL").contains(kind.name()) && point > 6;
            if (grows || type == TFloat16.class && Math.abs(point) > MOST_OF_FLOAT16) {
                continue;
            }
            for (double value : at(kind.function(), point, type)) {
                assertTrue(Double.isFinite(value), () -> kind + " at " + point + ": " + value);
            }
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("kindsAndTypes")
    void nanComesOutWhereNanGoesIn(Kind kind, Class<? extends TNumber> type) {
        assertTrue(Double.isNaN(at(kind.function(), Double.NaN, type)[0]), kind::toString);
    }

    static Stream<Arguments> kinks() {
        return Stream.of(
                Arguments.of("RELU", Activations.RELU, 0, 0, 0),
                Arguments.of("RELU6 at 0", Activations.RELU6, 0, 0, 0),
                Arguments.of("RELU6 at 6", Activations.RELU6, 6, 6, 0),
                Arguments.of("relu with a limit at 0", Activations.relu(0, 3, 0), 0, 0, 0),
                Arguments.of("relu with a limit at it", Activations.relu(0, 3, 0), 3, 3, 0),
                Arguments.of("relu with a limit inside", Activations.relu(0, 3, 0), 2, 2, 1),
                Arguments.of("relu at its threshold", Activations.relu(0.5, 3, 2), 2, 2, 1),
                Arguments.of("relu at -∞", Activations.relu(0, 3, 0.5), Double.NEGATIVE_INFINITY, 0, 0),
                Arguments.of("CELU at 0", Activations.CELU, 0, 0, 1),
                Arguments.of("threshold", Activations.threshold(0.5, -2), 0.5, -2, 0),
                Arguments.of("SQUAREPLUS at 0", Activations.SQUAREPLUS, 0, 1, 0.5));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinks")
    void atAKinkTheSlopeIsThatOfOneSide(
            String name, ActivationFunction function, double point, double value, double slope) {
        for (Class<? extends TNumber> type : List.<Class<? extends TNumber>>of(TFloat32.class, TFloat64.class)) {
            double[] found = at(function, point, type);
            assertEquals(value, found[0], 1e-7);
            assertEquals(slope, found[1], 1e-7);
        }
    }

    static Stream<Arguments> smallValues() {
        return Stream.of(
                Arguments.of("CELU", Activations.CELU, -1e-4, -9.9995000167e-5),
                Arguments.of("elu 1/2", Activations.elu(0.5), -1e-6, -4.99999750e-7),
                Arguments.of("GELU", Activations.GELU, -6, -5.9195272e-9),
                Arguments.of("SQUAREPLUS", Activations.SQUAREPLUS, -1e4, 1e-4),
                Arguments.of("SQUAREPLUS far up", Activations.SQUAREPLUS, 1e25, 1e25));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("smallValues")
    void smallValuesKeepTheirDigitsInFloat32(String name, ActivationFunction function, double point, double value) {
        assertEquals(1, at(function, point, TFloat32.class)[0] / value, 2e-5);
    }
}
