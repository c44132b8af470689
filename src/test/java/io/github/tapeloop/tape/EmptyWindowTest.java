package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Body;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.nn.Conv2d;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Windows over images in which they have no place, and over no images: nothing comes out, and gradients are zero. */
class EmptyWindowTest {

    private static TapeSession session;

    @BeforeAll
    static void open() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void close() {
        session.close();
    }

    /** @param kernel empty for pools, whose windows are attributes */
    record Row(String type, Shape image, Shape kernel, long[] window, Shape result) {

        int rank() {
            return image.numDimensions();
        }

        boolean isPool() {
            return kernel.isScalar();
        }

        private OperationBuilder with(OperationBuilder builder) {
            long[] ones = new long[rank()];
            Arrays.fill(ones, 1);
            builder.setAttr("strides", ones).setAttr("padding", "VALID");
            return isPool() ? builder.setAttr("ksize", window) : builder;
        }

        Operation make(Ops tf, List<? extends Operand<?>> x) {
            OperationBuilder builder = tf.scope().opBuilder(type, type);
            x.forEach(input -> builder.addInput(input.asOutput()));
            return with(builder).build();
        }

        List<Shape> inputs() {
            return isPool() ? List.of(image) : List.of(image, kernel);
        }

        @Override
        public String toString() {
            return type + image + (isPool() ? "" : kernel);
        }
    }

    static Stream<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (String type : List.of("Conv2D", "DepthwiseConv2dNative")) {
            Shape kernel = Shape.of(3, 3, 1, 7);
            rows.add(new Row(type, Shape.of(6, 2, 14, 1), kernel, null, Shape.of(6, 0, 12, 7)));
            rows.add(new Row(type, Shape.of(6, 5, 2, 1), kernel, null, Shape.of(6, 3, 0, 7)));
            rows.add(new Row(type, Shape.of(0, 5, 5, 1), kernel, null, Shape.of(0, 3, 3, 7)));
            rows.add(new Row(type, Shape.of(2, 5, 5, 1), Shape.of(3, 3, 1, 0), null, Shape.of(2, 3, 3, 0)));
        }
        Shape cube = Shape.of(2, 2, 2, 2, 4);
        rows.add(new Row("Conv3D", Shape.of(2, 1, 4, 4, 2), cube, null, Shape.of(2, 0, 3, 3, 4)));
        rows.add(new Row("Conv3D", Shape.of(0, 4, 4, 4, 2), cube, null, Shape.of(0, 3, 3, 3, 4)));
        for (String type : List.of("MaxPool", "AvgPool")) {
            long[] window = {1, 3, 3, 1};
            rows.add(new Row(type, Shape.of(6, 2, 14, 1), Shape.scalar(), window, Shape.of(6, 0, 12, 1)));
            rows.add(new Row(type, Shape.of(0, 5, 5, 2), Shape.scalar(), window, Shape.of(0, 3, 3, 2)));
        }
        for (String type : List.of("MaxPool3D", "AvgPool3D")) {
            long[] window = {1, 2, 2, 2, 1};
            rows.add(new Row(type, Shape.of(2, 1, 4, 4, 2), Shape.scalar(), window, Shape.of(2, 0, 3, 3, 2)));
            rows.add(new Row(type, Shape.of(0, 4, 4, 4, 2), Shape.scalar(), window, Shape.of(0, 3, 3, 3, 2)));
        }
        return rows.stream();
    }

    private static Operand<TFloat32> ones(Ops tf, Shape shape) {
        return tf.ones(tf.constant(shape.asArray()), TFloat32.class);
    }

    /** Runs a body at once and as a function that knows all shapes. */
    private static void bothWays(Body body, List<Shape> inputs, List<Shape> expected) {
        List<Spec> specs =
                inputs.stream().map(shape -> new Spec(DataType.DT_FLOAT, shape)).toList();
        try (TensorScope scope = session.scope();
                TracedFunction function = TracedFunction.trace(session, "window", specs, body)) {
            List<Operand<TFloat32>> given =
                    inputs.stream().map(shape -> ones(session.tf(), shape)).toList();
            assertZeros(body.apply(session.tf(), List.copyOf(given)), expected);
            assertZeros(function.call(given), expected);
        }
    }

    private static void assertZeros(List<? extends Operand<?>> results, List<Shape> expected) {
        assertEquals(expected, results.stream().map(Tensors::shape).toList());
        results.forEach(result -> assertEquals(0.0, total(result)));
    }

    @SuppressWarnings("unchecked") // All operands here are float32.
    private static double total(Operand<?> operand) {
        double[] sum = {0};
        session.read((Operand<TFloat32>) operand, tensor -> {
            tensor.scalars().forEach(scalar -> sum[0] += Math.abs(scalar.getFloat()));
            return 0;
        });
        return sum[0];
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void theResultHasItsShapeAndNoElements(Row row) {
        bothWays((tf, x) -> List.of(row.make(tf, x).output(0)), row.inputs(), List.of(row.result()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void theGradientIsZero(Row row) {
        Body gradients = (tf, x) -> {
            try (GradientTape tape = GradientTape.open(tf)) {
                x.forEach(tape::watch);
                List<Operand<?>> found = new ArrayList<>();
                for (Optional<Operand<?>> gradient :
                        tape.gradients(List.of(row.make(tf, x).output(0)), List.of(), x)) {
                    found.add(gradient.orElseThrow());
                }
                return found;
            }
        };
        bothWays(gradients, row.inputs(), row.inputs());
    }

    /** The gradient ops by themselves, as users of raw ops call them; by what they are gradients with respect to. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void theGradientOpsGiveZeros(Row row) {
        for (int input = 0; input < row.inputs().size(); input++) {
            int to = input;
            Body body = (tf, x) -> List.of(gradientOp(row, tf, x, to).output(0));
            List<Shape> given = new ArrayList<>(row.inputs());
            given.add(row.result());
            bothWays(body, given, List.of(row.inputs().get(to)));
        }
    }

    private static Operation gradientOp(Row row, Ops tf, List<? extends Operand<?>> x, int to) {
        boolean deep = row.rank() == 5;
        String type = row.isPool() ? row.type() + "Grad" : row.type() + (to == 0 ? "BackpropInput" : "BackpropFilter");
        OperationBuilder builder = tf.scope().opBuilder(type + (deep && !row.isPool() ? "V2" : ""), "Gradient");
        Operand<TInt32> sizes = sizes(tf, row.inputs().get(to));
        Operand<?> dy = x.get(x.size() - 1);
        List<Operand<?>> inputs = row.type().startsWith("Max")
                ? List.of(x.get(0), dy, dy)
                : row.isPool()
                        ? List.of(sizes, dy)
                        : to == 0 ? List.of(sizes, x.get(1), dy) : List.of(x.get(0), sizes, dy);
        inputs.forEach(input -> builder.addInput(input.asOutput()));
        return row.with(builder).build();
    }

    private static Operand<TInt32> sizes(Ops tf, Shape shape) {
        return tf.constant(
                Arrays.stream(shape.asArray()).mapToInt(Math::toIntExact).toArray());
    }

    static Stream<Row> rowsWithoutImages() {
        return rows().filter(row -> row.image().get(0) == 0);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rowsWithoutImages")
    void aBatchOfAnySizeMayTurnOutToBeEmpty(Row row) {
        List<Spec> open = row.inputs().stream()
                .map(shape -> new Spec(
                        DataType.DT_FLOAT, shape.get(0) == 0 ? shape.tail().prepend(Shape.UNKNOWN_SIZE) : shape))
                .toList();
        Body body = (tf, x) -> {
            try (GradientTape tape = GradientTape.open(tf)) {
                x.forEach(tape::watch);
                Operand<?> last = x.get(x.size() - 1);
                return List.of(tape.gradients(List.of(row.make(tf, x).output(0)), List.of(), List.of(last))
                        .get(0)
                        .orElseThrow());
            }
        };
        try (TracedFunction function = TracedFunction.trace(session, "open", open, body);
                TensorScope scope = session.scope()) {
            List<Operand<TFloat32>> given = row.inputs().stream()
                    .map(shape -> ones(session.tf(), shape))
                    .toList();
            Shape last = row.inputs().get(row.inputs().size() - 1);
            assertZeros(function.call(given), List.of(last));
        }
    }

    /** They compare the type of the op they stand for. */
    @Test
    void theClassesOfTensorFlowJavaTakeWhatTakesTheirPlace() {
        Body body = (tf, x) -> {
            Conv2d<TFloat32> y = tf.nn.conv2d(float32(x.get(0)), float32(x.get(1)), List.of(1L, 1L, 1L, 1L), "VALID");
            try (GradientTape tape = GradientTape.open(tf)) {
                tape.watch(y);
                Ops after = tf.withControlDependencies(List.of(y));
                return List.of(tape.gradient(after.math.square(y), y).orElseThrow());
            }
        };
        bothWays(body, List.of(Shape.of(6, 2, 14, 1), Shape.of(3, 3, 1, 7)), List.of(Shape.of(6, 0, 12, 7)));
    }

    @SuppressWarnings("unchecked") // All operands here are float32.
    private static Operand<TFloat32> float32(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }
}
