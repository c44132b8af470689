package io.github.tapeloop.tape;

import static io.github.tapeloop.FiniteDifferences.assertClose;
import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.numbers;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
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
 * Windows that step beyond the image, where TensorFlow's gradient kernels for float32 are wrong or end the process: they stand on
 * one place, as with a step that is as long as the image.
 */
class LongStepTest {

    private static final int SIZE = 6;

    private static TapeSession session;

    @BeforeAll
    static void open() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void close() {
        session.close();
    }

    enum Kind {
        IMAGES(4, 3, 2),
        ONE_CHANNEL(4, 1, 2),
        DEPTHWISE(4, 3, 2),
        VOLUMES(5, 3, 2);

        private final int rank;
        private final int channels;
        private final int filters;

        Kind(int rank, int channels, int filters) {
            this.rank = rank;
            this.channels = channels;
            this.filters = filters;
        }

        Shape image() {
            return shape(2, SIZE, channels);
        }

        Shape kernel() {
            Shape window = Shape.of(2, 2);
            return (rank == 5 ? window.append(2) : window).append(channels).append(filters);
        }

        private Shape shape(long first, long size, long last) {
            Shape shape = Shape.of(first);
            for (int i = 2; i < rank; i++) {
                shape = shape.append(size);
            }
            return shape.append(last);
        }

        List<Long> strides(long step, long last) {
            List<Long> strides = new ArrayList<>(List.of(1L));
            for (int i = 2; i < rank; i++) {
                strides.add(i == rank - 1 && this != DEPTHWISE ? last : step);
            }
            strides.add(1L);
            return strides;
        }

        Operand<TFloat32> apply(
                Ops tf, Operand<TFloat32> x, Operand<TFloat32> w, long step, long last, String padding) {
            List<Long> strides = strides(step, last);
            return switch (this) {
                case IMAGES, ONE_CHANNEL -> tf.nn.conv2d(x, w, strides, padding);
                case DEPTHWISE -> tf.nn.depthwiseConv2dNative(x, w, strides, padding);
                case VOLUMES -> tf.nn.conv3d(x, w, strides, padding);
            };
        }
    }

    /** @param last the step along the width */
    record Row(Kind kind, String padding, long step, long last) {

        long[] withinImage() {
            return new long[] {Math.min(step, SIZE), Math.min(last, SIZE)};
        }
    }

    static Stream<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (String padding : List.of("VALID", "SAME")) {
                for (long step :
                        new long[] {100, 1 << 13, 30_000, 1 << 16, 1 << 20, 1_000_000_000, Integer.MAX_VALUE}) {
                    rows.add(new Row(kind, padding, step, step));
                    rows.add(new Row(kind, padding, 2, step));
                    rows.add(new Row(kind, padding, step, 2));
                }
            }
        }
        return rows.stream().filter(row -> row.kind() != Kind.DEPTHWISE || row.step() == row.last());
    }

    /** The result and the gradients of the sum of its squares. */
    private static List<Operand<?>> results(Ops tf, Row row, long step, long last, List<? extends Operand<?>> inputs) {
        Operand<TFloat32> x = typed(inputs.get(0));
        Operand<TFloat32> w = typed(inputs.get(1));
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            tape.watch(w);
            Operand<TFloat32> y = row.kind().apply(tf, x, w, step, last, row.padding());
            Operand<TFloat32> all = tf.reshape(tf.math.square(y), tf.constant(new int[] {-1}));
            Operand<TFloat32> loss = tf.sum(all, tf.constant(0));
            return List.of(
                    y,
                    tape.gradient(loss, x).orElseThrow(),
                    tape.gradient(loss, w).orElseThrow());
        }
    }

    @SuppressWarnings("unchecked") // All are of the run's type.
    private static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    private static List<Operand<TFloat32>> inputs(Row row, Class<? extends TNumber> type) {
        return Stream.of(row.kind().image(), row.kind().kernel())
                .map(shape -> constant(session.tf(), shape, numbers(shape.size()), type))
                .toList();
    }

    private static void assertSame(List<double[]> expected, List<? extends Operand<?>> actual, String how) {
        for (int i = 0; i < expected.size(); i++) {
            assertClose(expected.get(i), values(session, actual.get(i)), 1e-5, how + ", part " + i);
        }
    }

    private static List<Spec> specs(Shape image, Row row) {
        return List.of(
                new Spec(DataType.DT_FLOAT, image),
                new Spec(DataType.DT_FLOAT, row.kind().kernel()));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void aStepBeyondTheImageIsOneToItsEnd(Row row) {
        try (TensorScope scope = session.scope()) {
            long[] within = row.withinImage();
            List<double[]> expected =
                    results(session.tf(), row, within[0], within[1], inputs(row, TFloat64.class)).stream()
                            .map(x -> values(session, x))
                            .toList();
            List<Operand<TFloat32>> inputs = inputs(row, TFloat32.class);
            assertSame(expected, results(session.tf(), row, row.step(), row.last(), inputs), "at once");
            for (long batch : new long[] {2, -1}) {
                Shape image = row.kind().shape(batch, SIZE, row.kind().channels);
                try (TracedFunction function = TracedFunction.trace(
                        session, "steps", specs(image, row), (tf, x) -> results(tf, row, row.step(), row.last(), x))) {
                    assertSame(expected, function.call(inputs), "traced for " + image);
                }
            }
        }
    }

    @Test
    void aGradientOfAnImageOfUnknownSizeIsRefusedLongSteps() {
        Row row = new Row(Kind.IMAGES, "VALID", 1 << 16, 1);
        TapeloopException e = assertThrows(
                TapeloopException.class,
                () -> TracedFunction.trace(
                        session,
                        "steps",
                        specs(Shape.of(2, -1, SIZE, 3), row),
                        (tf, x) -> results(tf, row, row.step(), row.last(), x)));
        assertTrue(e.getMessage().contains("steps of more than 8192"), e.getMessage());
    }
}
