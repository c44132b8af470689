package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;

/** Values of every type as arrays. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OperandReaderTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterAll
    void close() {
        session.close();
    }

    /** An operand of any type, Java's class for it or not. */
    private Operand<?> cast(Operand<?> x, DataType type) {
        return tf.scope()
                .opBuilder("Cast", "Cast")
                .addInput(x.asOutput())
                .setAttr("DstT", type)
                .build()
                .output(0);
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "DT_FLOAT",
                "DT_DOUBLE",
                "DT_HALF",
                "DT_BFLOAT16",
                "DT_INT8",
                "DT_INT16",
                "DT_INT32",
                "DT_INT64",
                "DT_UINT8",
                "DT_UINT16",
                "DT_UINT32",
                "DT_UINT64"
            })
    void numbersOfEveryTypeAreReadRowMajorAndNothingIsLeft(DataType type) {
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(tf)) {
            Operand<?> x = cast(tf.constant(new float[][] {{1, 2, 3}, {4, 5, 100}}), type);
            int live = session.liveHandles();
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 100}, session.floats(x));
            assertArrayEquals(new double[] {1, 2, 3, 4, 5, 100}, session.doubles(x));
            boolean whole = !List.of(DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_HALF, DataType.DT_BFLOAT16)
                    .contains(type);
            if (whole) {
                assertArrayEquals(new int[] {1, 2, 3, 4, 5, 100}, session.ints(x));
                assertArrayEquals(new long[] {1, 2, 3, 4, 5, 100}, session.longs(x));
            } else {
                String message = assertThrows(IllegalArgumentException.class, () -> session.ints(x))
                        .getMessage();
                assertTrue(message.contains("Expected whole numbers, got " + Tensors.name(type) + " [2, 3]"), message);
            }
            assertArrayEquals(new double[0], session.doubles(cast(tf.constant(new float[0]), type)));
            assertEquals(live + 2, session.liveHandles());
            assertEquals(0, session.leakReport().tapes().get(0).ops());
        }
    }

    @Test
    void extremesSurvive() {
        try (TensorScope scope = session.scope()) {
            float[] odd = {Float.NaN, Float.NEGATIVE_INFINITY, -0f, Float.MIN_VALUE, Float.MAX_VALUE};
            assertArrayEquals(odd, session.floats(tf.constant(odd)));
            assertArrayEquals(
                    new double[] {1e300, -1e-300}, session.doubles(tf.constant(new double[] {1e300, -1e-300})));
            assertArrayEquals(
                    new float[] {Float.POSITIVE_INFINITY, 0.1f},
                    session.floats(tf.constant(new double[] {1e300, 0.1})));
            long[] far = {Long.MIN_VALUE, Long.MAX_VALUE};
            assertArrayEquals(far, session.longs(tf.constant(far)));
            assertArrayEquals(new long[] {255}, session.longs(cast(tf.constant(255), DataType.DT_UINT8)));
            assertArrayEquals(
                    new long[] {0xffffffffL}, session.longs(cast(tf.constant(0xffffffffL), DataType.DT_UINT32)));
        }
    }

    @Test
    void numbersThatDoNotFitAreRefusedWithTheirPlace() {
        try (TensorScope scope = session.scope()) {
            Operand<?> wide = tf.constant(new long[] {1, 1L << 40});
            String message = assertThrows(IllegalArgumentException.class, () -> session.ints(wide))
                    .getMessage();
            assertTrue(message.contains("1099511627776 as element 1 of int64 [2]"), message);
            Operand<?> unsigned = cast(tf.constant(-1L), DataType.DT_UINT64);
            message = assertThrows(IllegalArgumentException.class, () -> session.longs(unsigned))
                    .getMessage();
            assertTrue(message.contains("18446744073709551615"), message);
            assertArrayEquals(new double[] {1.8446744073709552e19}, session.doubles(unsigned));
        }
    }

    @Test
    void truthValuesAndTextsAreRead() {
        try (TensorScope scope = session.scope()) {
            Operand<?> flags = tf.constant(new boolean[][] {{true, false}, {false, true}});
            assertArrayEquals(new boolean[] {true, false, false, true}, session.booleans(flags));
            assertArrayEquals(
                    new String[] {"a", "", "β→c"}, session.strings(tf.constantOf(TString.vectorOf("a", "", "β→c"))));
            assertArrayEquals(new String[] {"one"}, session.strings(tf.constant("one")));
            assertArrayEquals(new boolean[0], session.booleans(tf.constant(new boolean[0])));
        }
    }

    Stream<Arguments> wrongTypes() {
        return Stream.of(
                wrong("real numbers", s -> s.floats(tf.constant("text"))),
                wrong("real numbers", s -> s.doubles(tf.constant(true))),
                wrong("whole numbers", s -> s.longs(tf.constant(true))),
                wrong("whole numbers", s -> s.ints(tf.constant("text"))),
                wrong("truth values", s -> s.booleans(tf.constant(1))),
                wrong("texts", s -> s.strings(tf.constant(1f))),
                wrong("real numbers", s -> s.floats(cast(tf.constant(1f), DataType.DT_COMPLEX64))));
    }

    private static Arguments wrong(String expected, Function<TapeSession, Object> read) {
        return Arguments.of(expected, read);
    }

    @ParameterizedTest
    @MethodSource("wrongTypes")
    void otherTypesAreRefused(String expected, Function<TapeSession, Object> read) {
        try (TensorScope scope = session.scope()) {
            String message = assertThrows(IllegalArgumentException.class, () -> read.apply(session))
                    .getMessage();
            assertTrue(message.startsWith("Expected " + expected + ", got "), message);
        }
    }

    @Test
    void variablesOfAnyTypeAreRead() {
        try (TensorScope scope = session.scope()) {
            for (Operand<? extends TType> first : List.<Operand<? extends TType>>of(
                    tf.constant(new float[] {1.5f, -2}),
                    tf.constant(new double[] {1.5, -2}),
                    tf.dtypes.cast(tf.constant(new float[] {1.5f, -2}), TBfloat16.class))) {
                try (Variable<?> variable = Variable.create(tf, "v", first, true)) {
                    assertArrayEquals(new float[] {1.5f, -2}, variable.toFloats());
                    assertArrayEquals(new double[] {1.5, -2}, variable.toDoubles());
                }
            }
        }
    }

    @Test
    void aFreedOrTracedOperandHasNoValue() {
        Operand<TFloat64> freed;
        try (TensorScope scope = session.scope()) {
            freed = tf.constant(1.0);
        }
        assertThrows(IllegalStateException.class, () -> session.floats(freed));
        assertThrows(
                IllegalArgumentException.class,
                () -> TracedFunction.trace(
                        session,
                        "reads",
                        List.of(new TracedFunction.Spec(DataType.DT_FLOAT, Shape.of(2))),
                        (ops, in) -> {
                            session.floats(in.get(0));
                            return in;
                        }));
    }

    @Test
    @SuppressWarnings("unchecked") // What a model of float64 data gives, whatever its type says.
    void anOperandThatSaysItIsFloat32IsReadAsWhatItIs() {
        try (TensorScope scope = session.scope()) {
            Operand<TFloat32> mistaken = (Operand<TFloat32>) (Operand<?>) tf.constant(new double[] {0.1, 2});
            assertArrayEquals(new float[] {0.1f, 2}, session.floats(mistaken));
            assertArrayEquals(new double[] {0.1, 2}, session.doubles(mistaken));
        }
    }
}
