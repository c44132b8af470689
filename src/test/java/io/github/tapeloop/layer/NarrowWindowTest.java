package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Windows of one element, and windows that step over elements, which some of TensorFlow's kernels get wrong. */
class NarrowWindowTest {

    private static final Shape IMAGES = Shape.of(2, 14, 14, 4);
    private static final Shape SERIES = Shape.of(2, 14, 4);

    private static Arguments row(String name, Shape input, Supplier<Layer> layer) {
        return Arguments.of(name, input, layer);
    }

    static Stream<Arguments> depthwise() {
        return Stream.of(
                row("one element, two filters", IMAGES, () -> new DepthwiseConv2D(1).depthMultiplier(2)),
                row("a row, two filters", IMAGES, () -> new DepthwiseConv2D(1, 2, Activations.LINEAR)
                        .depthMultiplier(2)),
                row("one step, four filters", SERIES, () -> new DepthwiseConv1D(1).depthMultiplier(4)),
                row("gaps", IMAGES, () -> new DepthwiseConv2D(1).strides(2)),
                row("an edge left out", IMAGES, () -> new DepthwiseConv2D(3).strides(2)),
                row("an edge of a series left out", SERIES, () -> new DepthwiseConv1D(3).strides(2)),
                row("separable", IMAGES, () -> new SeparableConv2D(2, 1).depthMultiplier(2)),
                row("strided and separable", SERIES, () -> new SeparableConv1D(2, 1).strides(2)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("depthwise")
    void depthwiseConvolutionsAreRightInBfloat16(String name, Shape input, Supplier<Layer> layer) {
        List<double[]> full = run(layer.get(), input, DtypePolicy.FULL);
        List<double[]> half = run(layer.get(), input, DtypePolicy.MIXED_BFLOAT16);
        for (int i = 0; i < full.size(); i++) {
            double size = Arrays.stream(full.get(i)).map(Math::abs).max().orElseThrow();
            assertArrayEquals(full.get(i), half.get(i), 0.03 * size, "part " + i);
        }
    }

    /** The output, the input and its gradient, then each weight and its gradient; the loss is the sum of squares. */
    private static List<double[]> run(Layer layer, Shape input, DtypePolicy precision) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(3).build();
                GradientTape tape = GradientTape.persistent(session.tf())) {
            Ops tf = session.tf();
            Operand<TFloat32> x = normal(tf, input);
            tape.watch(x);
            Operand<TFloat32> y = ForwardPass.inference(tf).in(precision).call(layer, x);
            Operand<TFloat32> flat = tf.reshape(tf.math.square(y), tf.constant(new int[] {-1}));
            Operand<TFloat32> loss = tf.sum(flat, tf.constant(0));
            List<double[]> results = new ArrayList<>();
            results.add(values(session, y));
            results.add(values(session, x));
            results.add(values(session, tape.gradient(loss, x).orElseThrow()));
            Gradients gradients = tape.gradients(loss, layer.trainableVariables());
            for (Variable<?> weight : layer.variables()) {
                results.add(values(session, (Operand<?>) weight.read(tf)));
                results.add(values(session, gradients.of(weight).orElseThrow()));
            }
            return results;
        }
    }

    private static Operand<TFloat32> normal(Ops tf, Shape shape) {
        return tf.random.statelessRandomNormal(
                tf.constant(shape.asArray()), tf.constant(new long[] {1, 2}), TFloat32.class);
    }

    static Stream<Arguments> strided() {
        return Stream.of(
                strided("images", IMAGES, 2, step -> new Conv2D(4, 1).strides(step)),
                strided("padded images", IMAGES, 3, step -> new Conv2D(4, 1)
                        .strides(step)
                        .padding(Padding.SAME)),
                strided("groups", IMAGES, 2, step -> new Conv2D(4, 1)
                        .strides(step)
                        .groups(2)),
                strided("series", SERIES, 2, step -> new Conv1D(4, 1).strides(step)),
                strided("causal series", SERIES, 2, step -> new Conv1D(4, 1)
                        .strides(step)
                        .padding(Padding.CAUSAL)),
                strided("transposed images", IMAGES, 2, step -> new Conv2DTranspose(4, 1).strides(step)),
                strided("transposed series", SERIES, 2, step -> new Conv1DTranspose(4, 1).strides(step)),
                strided("padded transposed", IMAGES, 3, step -> new Conv2DTranspose(4, 1)
                        .strides(step)
                        .padding(Padding.SAME)));
    }

    private static Arguments strided(String name, Shape input, int step, IntFunction<Layer> layer) {
        return Arguments.of(name, input, step, layer);
    }

    /** A kernel that writes past its memory ends the process, though not at once. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("strided")
    void aStridedWindowOfOneElementTakesWhatItMeets(String name, Shape input, int step, IntFunction<Layer> layer) {
        boolean up = name.contains("transposed");
        double[] each = run(layer.apply(1), input, DtypePolicy.FULL).get(0);
        for (int repeat = 0; repeat < 20; repeat++) {
            List<double[]> results = run(layer.apply(step), input, DtypePolicy.FULL);
            double[] y = results.get(0);
            double[] met = up ? every(step, y, input, 14 * step) : every(step, each, input, 14);
            assertArrayEquals(up ? each : y, met, 1e-5f);
            assertEquals(dot(met, met), dot(y, y), 1e-4, "zeros between");
            // The loss is of degree 2 in the input and in the kernel: Euler's theorem.
            assertEquals(1, dot(results.get(1), results.get(2)) / (2 * dot(y, y)), 1e-5);
            assertEquals(1, dot(results.get(3), results.get(4)) / (2 * dot(y, y)), 1e-5);
        }
    }

    /** Every step-th element of images or series of a size with 4 channels. */
    private static double[] every(int step, double[] whole, Shape input, int size) {
        List<Double> kept = new ArrayList<>();
        for (int i = 0; i < whole.length; i++) {
            int column = i / 4 % size;
            int row = input.numDimensions() == 3 ? 0 : i / 4 / size % size;
            if (column % step == 0 && row % step == 0) {
                kept.add(whole[i]);
            }
        }
        return kept.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
    }
}
