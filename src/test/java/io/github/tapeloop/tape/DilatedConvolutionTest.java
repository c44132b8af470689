package io.github.tapeloop.tape;

import static io.github.tapeloop.FiniteDifferences.assertClose;
import static io.github.tapeloop.FiniteDifferences.numbers;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.PartitionedCall;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * Gradients of convolutions with gaps in their window, against those of the same convolution whose kernel has zeros in the
 * gaps. Which of them a processor computes at all is TensorFlow's to say: Conv2D with the channels last always.
 */
class DilatedConvolutionTest {

    private static final Class<TFloat64> EXACT = TFloat64.class;
    private static final Class<TFloat32> SINGLE = TFloat32.class;

    /** Strides, rates, and sizes of the window. */
    private static final long[][][] WAYS = {
        {{1, 1}, {2, 2}, {3, 2}},
        {{1, 1}, {1, 3}, {2, 3}},
        {{1, 1}, {4, 2}, {1, 2}},
        {{2, 3}, {3, 2}, {2, 3}},
        {{2, 2}, {2, 4}, {3, 2}},
        {{3, 3}, {2, 1}, {2, 1}},
    };

    /** TensorFlow takes the last two rates for each other where it infers the shape of a traced Conv3D. */
    private static final long[][][] WAYS_IN_SPACE = {
        {{1, 1, 1}, {1, 2, 2}, {2, 2, 3}},
        {{2, 1, 2}, {3, 2, 2}, {2, 2, 2}},
    };

    private static TapeSession session;

    @BeforeAll
    static void open() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void close() {
        session.close();
    }

    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (String padding : List.of("VALID", "SAME", "EXPLICIT")) {
            for (long[][] way : WAYS) {
                cases.add(new Case("Conv2D", EXACT, false, padding, way));
                cases.add(new Case("Conv2D", SINGLE, false, padding, way));
                cases.add(new Case("Conv2D", TFloat16.class, false, padding, way));
                cases.add(new Case("Conv2D", SINGLE, true, padding, way));
                if (way[0][0] == way[0][1]) { // All that TensorFlow's op takes.
                    cases.add(new Case("DepthwiseConv2dNative", SINGLE, false, padding, way));
                    cases.add(new Case("DepthwiseConv2dNative", SINGLE, true, padding, way));
                }
            }
        }
        for (String padding : List.of("VALID", "SAME")) {
            for (long[][] way : WAYS_IN_SPACE) {
                cases.add(new Case("Conv3D", SINGLE, false, padding, way));
                cases.add(new Case("Conv3D", SINGLE, true, padding, way));
            }
        }
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void theGradientIsThatOfAKernelWithZerosInTheGaps(Case one) {
        assumeProcessorComputes(one);
        try (TensorScope scope = session.scope()) {
            List<Operand<?>> inputs = one.inputs();
            compare(one, gradients(session.tf(), one, inputs, true), gradients(session.tf(), one, inputs, false));
        }
    }

    /** Half precision is too coarse for them. */
    static Stream<Case> casesDifferentiatedTwice() {
        return cases().filter(one -> one.number() != TFloat16.class);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("casesDifferentiatedTwice")
    void theSecondDerivativeIsThatOfAKernelWithZerosInTheGaps(Case one) {
        assumeProcessorComputes(one);
        try (TensorScope scope = session.scope()) {
            List<Operand<?>> inputs = one.inputs();
            compare(one, twice(session.tf(), one, inputs, true), twice(session.tf(), one, inputs, false));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void tracedWithKnownAndWithOpenSizesTheGradientIsTheSameToTheBit(Case one) {
        assumeProcessorComputes(one);
        try (TensorScope scope = session.scope()) {
            List<Operand<?>> inputs = one.inputs();
            List<double[]> eager = read(gradients(session.tf(), one, inputs, false));
            for (boolean open : new boolean[] {false, true}) {
                List<Spec> specs =
                        inputs.stream().map(input -> spec(input, open)).toList();
                try (TracedFunction function = TracedFunction.trace(
                        session, "gradients", specs, (tf, given) -> gradients(tf, one, given, false))) {
                    List<double[]> traced = read(function.call(inputs));
                    for (int i = 0; i < eager.size(); i++) {
                        assertArrayEquals(eager.get(i), traced.get(i), one + (open ? " open" : " known"));
                    }
                }
            }
        }
    }

    private static Spec spec(Operand<?> input, boolean open) {
        long[] sizes = Tensors.shape(input).asArray();
        if (open) {
            Arrays.fill(sizes, Shape.UNKNOWN_SIZE);
        }
        return new Spec(input.asOutput().dataType(), Shape.of(sizes));
    }

    @Test
    void insideAFunctionTheGradientIsTheSame() {
        Case one = new Case("Conv2D", EXACT, false, "EXPLICIT", WAYS[3]);
        try (TensorScope scope = session.scope();
                ConcreteFunction function = ConcreteFunction.create(tf -> {
                    Placeholder<TFloat64> x = tf.placeholder(EXACT, Placeholder.shape(Shape.of(one.image())));
                    Placeholder<TFloat64> kernel =
                            tf.placeholder(EXACT, Placeholder.shape(Shape.of(one.kernel(false))));
                    return Signature.builder("dilated")
                            .input("x", x)
                            .input("kernel", kernel)
                            .output("y", one.convolve(tf, x, kernel, false))
                            .build();
                })) {
            List<Operand<?>> inputs = one.inputs();
            List<Operand<?>> called = gradients(
                    session.tf(), inputs, (tf, x) -> PartitionedCall.create(tf.scope(), x, List.of(EXACT), function)
                            .output()
                            .get(0));
            compare(one, gradients(session.tf(), one, inputs, true), called);
        }
    }

    @Test
    void anEmptyBatchHasAKernelGradientOfZeros() {
        Case one = new Case("Conv2D", EXACT, false, "SAME", WAYS[0]);
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Operand<?> none = tf.zeros(tf.constant(new int[] {0, 11, 10, Case.CHANNELS}), EXACT);
            List<Operand<?>> found =
                    gradients(tf, one, List.of(none, one.inputs().get(1)), false);
            assertEquals(Shape.of(0, 11, 10, Case.CHANNELS), Tensors.shape(found.get(0)));
            assertArrayEquals(new double[values(session, one.inputs().get(1)).length], values(session, found.get(1)));
        }
    }

    /** Against the convolutions of the groups one by one. */
    @ParameterizedTest
    @CsvSource({"VALID, 1, 1", "SAME, 2, 1", "SAME, 1, 2", "VALID, 1, 3"})
    void groupsOfChannelsHaveTheirOwnGradient(String padding, long step, long rate) {
        Case one = new Case("Conv2D", EXACT, false, padding, new long[][] {{step, step}, {rate, rate}, {2, 3}});
        try (TensorScope scope = session.scope()) {
            List<Operand<?>> inputs = List.of(one.input(new long[] {2, 8, 9, 6}), one.input(new long[] {2, 3, 2, 9}));
            List<Operand<?>> apart = gradients(session.tf(), inputs, (tf, x) -> {
                List<? extends Operand<?>> images =
                        tf.split(tf.constant(3), x.get(0), 3L).output();
                List<? extends Operand<?>> kernels =
                        tf.split(tf.constant(3), x.get(1), 3L).output();
                List<Operand<TFloat64>> y = new ArrayList<>();
                for (int group = 0; group < 3; group++) {
                    y.add(typed(one.convolve(tf, images.get(group), kernels.get(group), false)));
                }
                return tf.concat(y, tf.constant(3));
            });
            compare(one, apart, gradients(session.tf(), one, inputs, false));
        }
    }

    /** The forward op says in a sentence what a processor has no kernel for. */
    private static void assumeProcessorComputes(Case one) {
        if (!one.always()) {
            try (TensorScope scope = session.scope()) {
                List<Operand<?>> inputs = one.inputs();
                one.convolve(session.tf(), inputs.get(0), inputs.get(1), false);
            } catch (OpException e) {
                String text = e.getMessage();
                boolean isMissing = text.contains("dilat") || text.contains("NHWC");
                assertTrue(isMissing, text);
                assumeTrue(false, text);
            }
        }
    }

    private static void compare(Case one, List<Operand<?>> expected, List<Operand<?>> found) {
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(Tensors.shape(expected.get(i)), Tensors.shape(found.get(i)));
            assertClose(
                    values(session, expected.get(i)),
                    values(session, found.get(i)),
                    one.tolerance(),
                    one + " input " + i);
        }
    }

    private static List<double[]> read(List<? extends Operand<?>> operands) {
        return operands.stream().map(operand -> values(session, operand)).toList();
    }

    private static List<Operand<?>> gradients(Ops tf, Case one, List<? extends Operand<?>> inputs, boolean filled) {
        return gradients(tf, inputs, (ops, x) -> one.convolve(ops, x.get(0), x.get(1), filled));
    }

    /** Of a number that depends on the whole gradient. */
    private static List<Operand<?>> twice(Ops tf, Case one, List<? extends Operand<?>> inputs, boolean filled) {
        return gradients(tf, inputs, (ops, x) -> {
            List<Operand<?>> first = gradients(ops, one, x, filled);
            return tf.math.add(curved(ops, first.get(0)), curved(ops, first.get(1)));
        });
    }

    private static List<Operand<?>> gradients(
            Ops tf, List<? extends Operand<?>> inputs, BiFunction<Ops, List<Operand<?>>, Operand<?>> target) {
        try (GradientTape tape = GradientTape.open(tf)) {
            inputs.forEach(tape::watch);
            Operand<TFloat64> loss = curved(tf, target.apply(tf, List.copyOf(inputs)));
            return tape.gradients(List.of(loss), List.of(), inputs).stream()
                    .<Operand<?>>map(Optional::orElseThrow)
                    .toList();
        }
    }

    /** Σ y + y²/2. */
    private static Operand<TFloat64> curved(Ops tf, Operand<?> y) {
        Formula<TFloat64> formula = Formula.of(tf, typed(y));
        return formula.squared().times(0.5).plus(formula).total();
    }

    @SuppressWarnings("unchecked") // Operands of any type go by this one.
    private static Operand<TFloat64> typed(Operand<?> y) {
        return (Operand<TFloat64>) y;
    }

    /** What one convolution is made with: strides, rates and kernel sizes are of the axes that the window moves along. */
    private record Case(
            String type,
            Class<? extends TNumber> number,
            boolean channelsFirst,
            String padding,
            long[] strides,
            long[] rates,
            long[] window) {

        Case(String type, Class<? extends TNumber> number, boolean channelsFirst, String padding, long[][] way) {
            this(type, number, channelsFirst, padding, way[0], way[1], way[2]);
        }

        private static final int CHANNELS = 2;
        private static final int FILTERS = 3;

        int rank() {
            return window.length + 2;
        }

        boolean always() {
            return type.equals("Conv2D") && !channelsFirst;
        }

        /** No multiple of any rate. */
        long[] image() {
            long[] sizes = window.length == 3 ? new long[] {7, 5, 5} : new long[] {11, 10};
            return around(2, sizes, CHANNELS);
        }

        /** As many numbers as an op takes for all axes. */
        long[] around(long batch, long[] inner, long channels) {
            long[] shape = new long[rank()];
            shape[0] = batch;
            shape[channelsFirst ? 1 : rank() - 1] = channels;
            System.arraycopy(inner, 0, shape, channelsFirst ? 2 : 1, inner.length);
            return shape;
        }

        long[] kernel(boolean filled) {
            LongStream sizes = IntStream.range(0, window.length)
                    .mapToLong(axis -> filled ? (window[axis] - 1) * rates[axis] + 1 : window[axis]);
            return LongStream.concat(sizes, LongStream.of(CHANNELS, FILTERS)).toArray();
        }

        double tolerance() {
            return number == EXACT ? 1e-12 : number == SINGLE ? 2e-5 : 2e-2;
        }

        private OperationBuilder convolution(Ops tf, Operand<?> image, Operand<?> kernel) {
            OperationBuilder builder = RawOps.builder(tf, type, image, kernel)
                    .setAttr("strides", around(1, strides, 1))
                    .setAttr("padding", padding);
            if (padding.equals("EXPLICIT")) {
                long[] pairs = new long[2 * rank()];
                int first = channelsFirst ? 4 : 2;
                for (int i = 0; i < 2 * window.length; i++) {
                    pairs[first + i] = i % 3;
                }
                builder.setAttr("explicit_paddings", pairs);
            }
            return channelsFirst ? builder.setAttr("data_format", rank() == 5 ? "NCDHW" : "NCHW") : builder;
        }

        /** With gaps, or, with the channels last, with zeros in their place. */
        Operand<?> convolve(Ops tf, Operand<?> image, Operand<?> kernel, boolean filled) {
            if (!filled) {
                return convolution(tf, image, kernel)
                        .setAttr("dilations", around(1, rates, 1))
                        .build()
                        .output(0);
            }
            Case last = new Case(type, number, false, padding, new long[][] {strides, rates, window});
            Operand<?> x = channelsFirst ? reordered(tf, image, 1, rank()) : image;
            Operand<?> y = last.convolution(tf, x, fill(tf, kernel)).build().output(0);
            return channelsFirst ? reordered(tf, y, rank() - 2, rank()) : y;
        }

        /** The axes but the batch's turned round by some places. */
        private static <T extends TType> Operand<T> reordered(Ops tf, Operand<T> x, int places, int rank) {
            return tf.linalg.transpose(
                    x,
                    tf.constant(IntStream.range(0, rank)
                            .map(axis -> axis == 0 ? 0 : 1 + (axis - 1 + places) % (rank - 1))
                            .toArray()));
        }

        /** A kernel with zeros in the gaps. */
        private Operand<?> fill(Ops tf, Operand<?> kernel) {
            int[] steps = new int[rank()];
            Arrays.fill(steps, 1);
            IntStream.range(0, window.length).forEach(axis -> steps[axis] = (int) rates[axis]);
            Operand<?> ends = tf.constant(new int[rank()]);
            int[] sizes = Arrays.stream(kernel(true)).mapToInt(Math::toIntExact).toArray();
            long all = (1L << rank()) - 1;
            return RawOps.builder(tf, "StridedSliceGrad", tf.constant(sizes), ends, ends, tf.constant(steps), kernel)
                    .setAttr("begin_mask", all)
                    .setAttr("end_mask", all)
                    .build()
                    .output(0);
        }

        /** Image and kernel. */
        List<Operand<?>> inputs() {
            return List.of(input(image()), input(kernel(false)));
        }

        private Operand<?> input(long[] sizes) {
            Shape shape = Shape.of(sizes);
            double range = number == TFloat16.class ? 0.1 : 1; // Second derivatives are of the third power.
            double[] values =
                    Arrays.stream(numbers(shape.size())).map(x -> range * x).toArray();
            Operand<TFloat64> exact = session.tf().constant(shape, DataBuffers.of(values));
            return Tensors.cast(session.tf(), exact, number);
        }

        @Override
        public String toString() {
            return type + (channelsFirst ? " channels first " : " ") + number.getSimpleName() + " " + padding
                    + " strides " + Arrays.toString(strides) + " rates " + Arrays.toString(rates) + " window "
                    + Arrays.toString(window);
        }
    }
}
