package io.github.tapeloop.tape;

import static io.github.tapeloop.FiniteDifferences.assertClose;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** The gradients of {@link GradientCoverageTest} once more: traced, where no dimension is known, and in float32. */
class GradientFormsTest {

    /** Op types that need to know how large matrices are: for their rule, or for TensorFlow's inference of shapes. */
    private static final Set<String> NEED_MATRIX_SHAPES =
            Set.of("Qr", "Svd", "MatrixSolveLs", "MatrixDiagV2", "MatrixDiagV3");

    /** Op types that TensorFlow cannot trace with open dimensions at all. */
    private static final Set<String> NEED_SHAPES = Set.of("MatrixSetDiagV2", "MatrixSetDiagV3");

    private static TapeSession session;

    @BeforeAll
    static void open() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void close() {
        session.close();
    }

    private static Stream<GradientRow> rows() {
        return GradientCoverageTest.rows();
    }

    /** All but an op that stands for an input, which functions cannot have inside. */
    static Stream<GradientRow> rowsToTrace() {
        return rows().filter(row -> !row.type().equals("PlaceholderWithDefault"));
    }

    static Stream<GradientRow> rowsOfAnyType() {
        return rows().filter(GradientRow::takesAnyType);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rowsToTrace")
    void tracedWithOpenDimensionsTheGradientIsTheSame(GradientRow row) {
        try (TensorScope scope = session.scope()) {
            List<Operand<TFloat64>> inputs = inputs(row, TFloat64.class);
            List<Spec> specs = inputs.stream()
                    .map(input -> new Spec(input.asOutput().dataType(), open(row, Tensors.shape(input))))
                    .toList();
            TracedFunction function =
                    TracedFunction.trace(session, "gradient", specs, (tf, in) -> gradients(tf, row, typed(in)));
            try (function) {
                assertSame(row, inputs, function.call(inputs), 1e-10);
            }
        }
    }

    private static Shape open(GradientRow row, Shape shape) {
        if (NEED_SHAPES.contains(row.type())) {
            return shape;
        }
        long[] open = shape.asArray();
        int known = NEED_MATRIX_SHAPES.contains(row.type()) ? Math.min(2, open.length) : 0;
        Arrays.fill(open, 0, open.length - known, Shape.UNKNOWN_SIZE);
        return Shape.of(open);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rowsOfAnyType")
    void inFloat32TheGradientIsTheSame(GradientRow row) {
        try (TensorScope scope = session.scope()) {
            List<Operand<TFloat64>> singles = inputs(row, TFloat32.class);
            assertSame(row, inputs(row, TFloat64.class), gradients(session.tf(), row, singles), 2e-3);
        }
    }

    /** The gradient ops of some take fewer types than the ops. */
    @ParameterizedTest
    @ValueSource(
            strings = {"ResizeBilinear", "ResizeBicubic", "ResizeNearestNeighbor", "CropAndResize", "ScaleAndTranslate"
            })
    void anImageOfAnyTypeHasTheGradientOfOneInFloat32(String type) {
        double[] single = slopeOfAnImage(type, TFloat32.class);
        assertTrue(Arrays.stream(single).anyMatch(slope -> slope != 0), type);
        assertArrayEquals(single, slopeOfAnImage(type, TFloat64.class), 1e-5);
        assertArrayEquals(single, slopeOfAnImage(type, TFloat16.class), 5e-3);
        if (!type.equals("CropAndResize")) { // It takes no bfloat16.
            assertArrayEquals(single, slopeOfAnImage(type, TBfloat16.class), 5e-2);
        }
    }

    private static double[] slopeOfAnImage(String type, Class<? extends TNumber> kind) {
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(session.tf())) {
            Ops tf = session.tf();
            Operand<? extends TNumber> image =
                    tf.dtypes.cast(tf.constant(new float[][][][] {{{{1}, {2}}, {{3}, {5}}}}), kind);
            tape.watch(image);
            List<Operand<?>> inputs = new ArrayList<>(List.of(image));
            if (type.equals("CropAndResize")) {
                inputs.add(tf.constant(new float[][] {{0.1f, 0, 0.9f, 1}}));
                inputs.add(tf.constant(new int[] {0}));
            }
            inputs.add(tf.constant(new int[] {3, 4}));
            if (type.equals("ScaleAndTranslate")) {
                inputs.add(tf.constant(new float[] {1.5f, 2}));
                inputs.add(tf.constant(new float[] {0.1f, 0}));
            }
            Operand<? extends TNumber> y = RawOps.make(tf, type, inputs.toArray(Operand<?>[]::new));
            return session.doubles(tape.gradient(y, image).orElseThrow());
        }
    }

    private static void assertSame(
            GradientRow row, List<Operand<TFloat64>> inputs, List<? extends Operand<?>> computed, double relative) {
        List<Operand<?>> expected = gradients(session.tf(), row, inputs);
        for (int i = 0; i < inputs.size(); i++) {
            assertClose(
                    values(session, expected.get(i)), values(session, computed.get(i)), relative, row + " input " + i);
        }
    }

    private static List<Operand<TFloat64>> inputs(GradientRow row, Class<? extends TNumber> type) {
        List<Operand<?>> inputs = new ArrayList<>();
        for (int i = 0; i < row.inputs().size(); i++) {
            GradientRow.Input input = row.inputs().get(i);
            Operand<TFloat64> exact = session.tf().constant(input.shape(), DataBuffers.of(input.values(i + 1)));
            inputs.add(Tensors.cast(session.tf(), exact, type));
        }
        return typed(inputs);
    }

    @SuppressWarnings("unchecked") // A row of any type says so; the others get float64.
    private static List<Operand<TFloat64>> typed(List<Operand<?>> operands) {
        return operands.stream().map(operand -> (Operand<TFloat64>) operand).toList();
    }

    /** Of Σ y + y²/2 over all floating point outputs. */
    private static List<Operand<?>> gradients(Ops tf, GradientRow row, List<Operand<TFloat64>> inputs) {
        try (GradientTape tape = GradientTape.open(tf)) {
            inputs.forEach(tape::watch);
            List<Operand<TFloat64>> terms = new ArrayList<>();
            for (Output<?> output : row.body().make(tf, inputs).all()) {
                if (Tensors.isDifferentiable(output.dataType())) {
                    Formula<TFloat64> y = Formula.of(tf, Tensors.cast(tf, output, TFloat64.class));
                    terms.add(y.squared().times(0.5).plus(y).total());
                }
            }
            List<Operand<?>> result = new ArrayList<>();
            var found = tape.gradients(terms, List.of(), inputs);
            for (int i = 0; i < inputs.size(); i++) {
                Operand<TFloat64> input = inputs.get(i);
                result.add(found.get(i).isPresent() ? found.get(i).get() : tf.zerosLike(input));
            }
            return result;
        }
    }
}
