package io.github.tapeloop.tape;

import static io.github.tapeloop.FiniteDifferences.assertClose;
import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.numbers;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * Windows of all kinds and steps of all lengths, longer than the window most of all, beside plain loops: what an op gives, its
 * gradients, and the gradient of its gradient.
 */
class SparseWindowTest {

    private static final int BATCH = 2;
    private static final int FILTERS = 2;

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
        CONVOLUTION(2, "Conv2D"),
        DEPTHWISE(2, "DepthwiseConv2dNative"),
        MAX_POOL(2, "MaxPool"),
        AVERAGE_POOL(2, "AvgPool"),
        DILATION(2, "Dilation2D"),
        PATCHES(2, "ExtractImagePatches"),
        VOLUMES(3, "Conv3D"),
        EXACT_VOLUMES(3, "Conv3D"),
        MAX_POOL_OF_VOLUMES(3, "MaxPool3D"),
        AVERAGE_POOL_OF_VOLUMES(3, "AvgPool3D");

        private final int axes;
        private final String op;

        Kind(int axes, String op) {
            this.axes = axes;
            this.op = op;
        }

        boolean isConvolution() {
            return op.contains("Conv");
        }

        boolean isLargest() {
            return op.startsWith("MaxPool") || this == DILATION;
        }

        boolean hasKernel() {
            return isConvolution() || this == DILATION;
        }

        Class<? extends TNumber> type() {
            return this == EXACT_VOLUMES ? TFloat64.class : TFloat32.class;
        }
    }

    /** @param size of the image, as all, one number for each direction */
    record Row(Kind kind, boolean same, int channels, List<Integer> size, List<Integer> window, List<Integer> step) {

        int places(int axis) {
            int size = this.size.get(axis);
            int step = this.step.get(axis);
            return same ? (size + step - 1) / step : (size - window.get(axis) + step) / step;
        }

        /** How much is added before the image. */
        int before(int axis) {
            int reach = (places(axis) - 1) * step.get(axis) + window.get(axis);
            return same ? Math.max(0, reach - size.get(axis)) / 2 : 0;
        }

        Shape image() {
            return around(BATCH, size, channels);
        }

        Shape kernel() {
            Shape kernel = Shape.of(window.stream().mapToLong(size -> size).toArray());
            return kind.isConvolution() ? kernel.append(channels).append(FILTERS) : kernel.append(channels);
        }
    }

    private static Shape around(long first, List<Integer> sizes, long last) {
        LongStream inner = sizes.stream().mapToLong(size -> size);
        return Shape.of(LongStream.concat(LongStream.concat(LongStream.of(first), inner), LongStream.of(last))
                .toArray());
    }

    static Stream<Row> rows() {
        SplittableRandom random = new SplittableRandom(5);
        List<Row> rows = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (int i = 0; i < 12; i++) {
                List<Integer> window = some(random, kind.axes, 1, 3);
                List<Integer> step = some(random, kind.axes, 1, i < 10 ? 8 : Integer.MAX_VALUE - 1);
                List<Integer> size = some(random, kind.axes, 3, 7);
                if (kind == Kind.DEPTHWISE) {
                    step = List.of(step.get(0), step.get(0));
                }
                rows.add(new Row(kind, i % 4 != 0, 1 + i % 3, size, window, step));
            }
        }
        return rows.stream();
    }

    private static List<Integer> some(SplittableRandom random, int count, int low, int high) {
        return random.ints(count, low, high + 1).boxed().toList();
    }

    /** y[out] is the sum of w[weight] · x[in] where there are weights, else of coefficient · x[in]. */
    private record Term(int out, int in, int weight, double coefficient) {}

    /** A window op as a sum of terms for each of its numbers. */
    private static final class Loops {

        private final Row row;
        private final List<Term> terms = new ArrayList<>();
        private int outputs;

        Loops(Row row, double[] x, double[] w) {
            this.row = row;
            int[] places = IntStream.range(0, row.kind.axes).map(row::places).toArray();
            for (int image = 0; image < BATCH; image++) {
                for (int place = 0; place < Arrays.stream(places).reduce(1, (a, b) -> a * b); place++) {
                    stand(image, place, places, x, w);
                }
            }
        }

        /** The window at one place. */
        private void stand(int image, int place, int[] places, double[] x, double[] w) {
            int elements = row.window.stream().reduce(1, (a, b) -> a * b);
            int[] inputs = IntStream.range(0, elements)
                    .map(element -> pixel(image, place, element, places))
                    .toArray();
            int channels = row.channels;
            int first = outputs;
            int each = row.kind == Kind.DEPTHWISE ? channels * FILTERS : row.kind.isConvolution() ? FILTERS : channels;
            outputs += row.kind == Kind.PATCHES ? elements * channels : each;
            double inside = Arrays.stream(inputs).filter(at -> at >= 0).count();
            for (int c = 0; c < channels; c++) {
                Term largest = null;
                for (int element = 0; element < elements; element++) {
                    int in = inputs[element] * channels + c;
                    int weight = element * channels + c;
                    if (inputs[element] < 0) {
                        continue;
                    }
                    if (row.kind.isConvolution()) {
                        for (int f = 0; f < FILTERS; f++) {
                            int out = first + (row.kind == Kind.DEPTHWISE ? c * FILTERS + f : f);
                            terms.add(new Term(out, in, weight * FILTERS + f, w[weight * FILTERS + f]));
                        }
                    } else if (row.kind == Kind.PATCHES) {
                        terms.add(new Term(first + weight, in, -1, 1));
                    } else if (row.kind.isLargest()) {
                        Term next = new Term(first + c, in, row.kind.hasKernel() ? weight : -1, 1);
                        largest = largest == null || size(next, x, w) > size(largest, x, w) ? next : largest;
                    } else {
                        terms.add(new Term(first + c, in, -1, 1 / inside));
                    }
                }
                if (largest != null) {
                    terms.add(largest);
                }
            }
        }

        private static double size(Term term, double[] x, double[] w) {
            return x[term.in] + (term.weight < 0 ? 0 : w[term.weight]);
        }

        /** Where an element of the window stands; negative outside the image. */
        private int pixel(int image, int place, int element, int[] places) {
            int at = 0;
            int stride = 1;
            for (int axis = row.kind.axes - 1; axis >= 0; axis--) {
                int size = row.size.get(axis);
                int here =
                        place % places[axis] * row.step.get(axis) - row.before(axis) + element % row.window.get(axis);
                if (here < 0 || here >= size) {
                    return -1;
                }
                at += here * stride;
                stride *= size;
                place /= places[axis];
                element /= row.window.get(axis);
            }
            return image * stride + at;
        }

        double[] output(double[] x, double[] w) {
            double[] y = linear(x);
            if (row.kind == Kind.DILATION) {
                terms.forEach(term -> y[term.out] += w[term.weight]);
            }
            return y;
        }

        /** What comes out of x by the terms alone. */
        double[] linear(double[] x) {
            double[] y = new double[outputs];
            terms.forEach(term -> y[term.out] += term.coefficient * x[term.in]);
            return y;
        }

        double[] toImage(double[] dy, int size) {
            double[] dx = new double[size];
            terms.forEach(term -> dx[term.in] += term.coefficient * dy[term.out]);
            return dx;
        }

        double[] toKernel(double[] dy, double[] x, int size) {
            double[] dw = new double[size];
            terms.forEach(term -> dw[term.weight] += dy[term.out] * (row.kind == Kind.DILATION ? 1 : x[term.in]));
            return dw;
        }
    }

    /** What comes out, the gradients of the sum of its squares, and that of how v goes along with the first. */
    private static List<double[]> expected(Row row, double[] x, double[] w, double[] v) {
        Loops loops = new Loops(row, x, w);
        double[] y = loops.output(x, w);
        double[] dy = twice(y);
        List<double[]> expected = new ArrayList<>(List.of(y, loops.toImage(dy, x.length)));
        if (row.kind.hasKernel()) {
            expected.add(loops.toKernel(dy, x, w.length));
        }
        if (row.kind != Kind.DILATION) {
            expected.add(loops.toImage(twice(loops.linear(v)), x.length));
        }
        return expected;
    }

    private static double[] twice(double[] y) {
        return Arrays.stream(y).map(value -> 2 * value).toArray();
    }

    private static List<Operand<?>> results(Ops tf, Row row, List<? extends Operand<?>> inputs) {
        Operand<TFloat32> x = typed(inputs.get(0));
        Operand<TFloat32> w = typed(inputs.get(1));
        List<Operand<?>> results = new ArrayList<>();
        try (GradientTape second = GradientTape.persistent(tf);
                GradientTape tape = GradientTape.persistent(tf)) {
            second.watch(x);
            tape.watch(x);
            tape.watch(w);
            Operand<TFloat32> y = apply(tf, row, x, w);
            Operand<TFloat32> loss = sum(tf, tf.math.square(y));
            Operand<TFloat32> dx = typed(tape.gradient(loss, x).orElseThrow());
            results.addAll(List.of(y, dx));
            if (row.kind.hasKernel()) {
                results.add(tape.gradient(loss, w).orElseThrow());
            }
            if (row.kind != Kind.DILATION) { // TensorFlow has no gradient of its gradient.
                Operand<TFloat32> along = sum(tf, tf.math.mul(dx, typed(inputs.get(2))));
                results.add(second.gradient(along, x).orElseThrow());
            }
        }
        return results;
    }

    private static Operand<TFloat32> sum(Ops tf, Operand<TFloat32> x) {
        return tf.sum(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(0));
    }

    private static Operand<TFloat32> apply(Ops tf, Row row, Operand<TFloat32> x, Operand<TFloat32> w) {
        Kind kind = row.kind;
        OperationBuilder op = tf.scope().opBuilder(kind.op, "Window").addInput(x.asOutput());
        if (kind.hasKernel()) {
            op.addInput(w.asOutput());
        } else {
            op.setAttr(
                    kind == Kind.PATCHES ? "ksizes" : "ksize",
                    around(1, row.window, 1).asArray());
        }
        if (kind == Kind.PATCHES || kind == Kind.DILATION) {
            op.setAttr("rates", new long[] {1, 1, 1, 1});
        }
        op.setAttr("strides", around(1, row.step, 1).asArray());
        return op.setAttr("padding", row.same ? "SAME" : "VALID").build().output(0);
    }

    @SuppressWarnings("unchecked") // All are of the row's type.
    private static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    private static void assertSame(List<double[]> expected, List<? extends Operand<?>> actual, String how) {
        for (int i = 0; i < expected.size(); i++) {
            assertClose(expected.get(i), values(session, actual.get(i)), 1e-5, how + ", part " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void aWindowStandsWhereALoopPutsIt(Row row) {
        double[] x = numbers(row.image().size());
        double[] w = numbers(row.kernel().size());
        double[] v = numbers(2 * row.image().size() + 1);
        double[] along = Arrays.copyOfRange(v, x.length + 1, v.length);
        List<double[]> expected = expected(row, x, w, along);
        try (TensorScope scope = session.scope()) {
            List<Operand<TFloat32>> inputs = List.of(
                    constant(session.tf(), row.image(), x, row.kind.type()),
                    constant(session.tf(), row.kernel(), w, row.kind.type()),
                    constant(session.tf(), row.image(), along, row.kind.type()));
            assertSame(expected, results(session.tf(), row, inputs), "at once");
            boolean isLong = row.step.stream().anyMatch(step -> step > 1 << 13); // For those the size must be known.
            List<Integer> open =
                    row.size.stream().map(size -> isLong ? size : -1).toList();
            Shape image = around(-1, open, row.channels);
            var type = inputs.get(0).asOutput().dataType();
            boolean isOpen = row.kind.op.equals("Conv3D") && !isLong;
            Shape kernel = isOpen ? Shape.of(-1, -1, -1, row.channels, FILTERS) : row.kernel();
            List<Spec> specs = List.of(new Spec(type, image), new Spec(type, kernel), new Spec(type, image));
            try (TracedFunction function =
                    TracedFunction.trace(session, "windows", specs, (tf, given) -> results(tf, row, given))) {
                assertSame(expected, function.call(inputs), "traced for " + image);
            }
        }
    }

    /** A pixel that is not finite is seen by the window that stands on it, and by no other. */
    @ParameterizedTest
    @EnumSource(names = {"CONVOLUTION", "DEPTHWISE", "VOLUMES", "EXACT_VOLUMES"})
    void aWindowThatTurnsOutToHaveOneElementSeesNoOther(Kind kind) {
        for (boolean same : new boolean[] {true, false}) {
            List<Integer> each = IntStream.range(0, kind.axes).boxed().toList();
            List<Integer> size = each.stream().map(axis -> 4 + axis).toList();
            List<Integer> window = each.stream().map(axis -> 1).toList();
            List<Integer> step = each.stream().map(axis -> 3).toList();
            Row row = new Row(kind, same, 1, size, window, step);
            double[] x = numbers(row.image().size());
            x[0] = Double.NaN;
            x[1] = Double.POSITIVE_INFINITY; // No window stands there.
            double[] w = numbers(row.kernel().size());
            try (TensorScope scope = session.scope()) {
                List<Operand<TFloat32>> inputs = List.of(
                        constant(session.tf(), row.image(), x, kind.type()),
                        constant(session.tf(), row.kernel(), w, kind.type()),
                        constant(session.tf(), row.image(), numbers(x.length), kind.type()));
                List<Operand<?>> expected = results(session.tf(), row, inputs);
                var type = inputs.get(0).asOutput().dataType();
                Shape open = around(-1, row.size, 1);
                long[] sizes = row.kernel().asArray();
                Arrays.fill(sizes, 0, kind.axes, -1);
                List<Spec> specs = List.of(new Spec(type, open), new Spec(type, Shape.of(sizes)), new Spec(type, open));
                try (TracedFunction function =
                        TracedFunction.trace(session, "windows", specs, (tf, given) -> results(tf, row, given))) {
                    List<Operand<?>> actual = List.copyOf(function.call(inputs));
                    for (int i = 0; i < 2; i++) {
                        assertArrayEquals(
                                values(session, expected.get(i)),
                                values(session, actual.get(i)),
                                1e-5,
                                "part " + i + (same ? " of SAME" : " of VALID"));
                    }
                    assertTrue(Double.isFinite(values(session, actual.get(1))[1]), "beside the window");
                }
            }
        }
    }
}
