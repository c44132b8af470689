package io.github.tapeloop.tape;

import static io.github.tapeloop.FiniteDifferences.assertClose;
import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.numbers;
import static io.github.tapeloop.FiniteDifferences.values;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * Windows over one channel that have one place along the width, where TensorFlow's kernel reads past its memory: each
 * convolution and its gradients, and what a transposed one does on the way back, against the kernel for float64.
 */
class OneColumnWindowTest {

    private static TapeSession session;

    @BeforeAll
    static void open() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void close() {
        session.close();
    }

    record Row(String padding, int width, int window, int step, int down, int filters) {

        Shape image() {
            return Shape.of(2, 4, width, 1);
        }

        Shape kernel() {
            return Shape.of(2, window, 1, filters);
        }

        Shape result() {
            int rows = padding.equals("SAME") ? (4 + down - 1) / down : 2 / down + 1;
            return Shape.of(2, rows, 1, filters);
        }

        List<Long> strides() {
            return List.of(1L, (long) down, (long) step, 1L);
        }
    }

    static Stream<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (int window = 1; window <= 5; window++) {
            for (int step = 2; step <= 5; step++) {
                for (int down = 1; down <= 2; down++) {
                    for (int width = window; width < window + step; width++) {
                        rows.add(new Row("VALID", width, window, step, down, 1 + width % 2));
                    }
                    for (int width = 1; width <= step; width++) {
                        rows.add(new Row("SAME", width, window, step, down, 1 + width % 2));
                    }
                }
            }
        }
        return rows.stream();
    }

    /** The result, the gradients of the sum of its squares, and the slope of a transposed convolution along its input. */
    private static List<Operand<?>> results(Ops tf, Row row, List<? extends Operand<?>> inputs) {
        Operand<TFloat32> x = typed(inputs.get(0));
        Operand<TFloat32> w = typed(inputs.get(1));
        Operand<TFloat32> dy = typed(inputs.get(2));
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            tape.watch(w);
            tape.watch(dy);
            Operand<TFloat32> y = tf.nn.conv2d(x, w, row.strides(), row.padding());
            Operand<TFloat32> loss = tf.sum(tf.math.square(y), tf.constant(new int[] {0, 1, 2, 3}));
            Operand<TFloat32> back = tf.nn.conv2dBackpropInput(
                    tf.constant(new int[] {2, 4, row.width(), 1}), w, dy, row.strides(), row.padding());
            Operand<TFloat32> there = tf.sum(tf.math.mul(back, x), tf.constant(new int[] {0, 1, 2, 3}));
            return List.of(
                    y,
                    tape.gradient(loss, x).orElseThrow(),
                    tape.gradient(loss, w).orElseThrow(),
                    tape.gradient(there, dy).orElseThrow());
        }
    }

    @SuppressWarnings("unchecked") // All are of the run's type.
    private static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    private static List<Operand<TFloat32>> inputs(Row row, Class<? extends TNumber> type) {
        return Stream.of(row.image(), row.kernel(), row.result())
                .map(shape -> constant(session.tf(), shape, numbers(shape.size()), type))
                .toList();
    }

    private static void assertSame(List<double[]> expected, List<? extends Operand<?>> actual, String how) {
        for (int i = 0; i < expected.size(); i++) {
            assertClose(expected.get(i), values(session, actual.get(i)), 1e-5, how + ", part " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void whatComesOutAndItsGradientsAreThoseOfFloat64(Row row) {
        try (TensorScope scope = session.scope()) {
            List<double[]> expected = results(session.tf(), row, inputs(row, TFloat64.class)).stream()
                    .map(x -> values(session, x))
                    .toList();
            List<Operand<TFloat32>> inputs = inputs(row, TFloat32.class);
            assertSame(expected, results(session.tf(), row, inputs), "at once");
            List<Spec> known = inputs.stream()
                    .map(x -> new Spec(DataType.DT_FLOAT, Tensors.shape(x)))
                    .toList();
            List<Spec> open = inputs.stream()
                    .map(x -> new Spec(DataType.DT_FLOAT, opened(Tensors.shape(x), x == inputs.get(1))))
                    .toList();
            for (List<Spec> specs : List.of(known, open)) {
                try (TracedFunction function =
                        TracedFunction.trace(session, "window", specs, (tf, x) -> results(tf, row, x))) {
                    assertSame(expected, function.call(inputs), "traced " + specs);
                }
            }
        }
    }

    private static Shape opened(Shape shape, boolean isKernel) {
        return isKernel ? shape : Shape.of(-1, -1, -1, shape.get(3));
    }
}
