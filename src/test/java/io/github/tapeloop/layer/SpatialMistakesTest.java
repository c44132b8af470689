package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** Wrong options and inputs of layers over images and series are refused with what was expected and what was given. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SpatialMistakesTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterAll
    void close() {
        session.close();
    }

    private static Arguments option(String message, Supplier<?> layer) {
        return Arguments.of(message, layer);
    }

    static Stream<Arguments> options() {
        return Stream.of(
                option("Expected Conv2D filters of at least 1, got 0", () -> new Conv2D(0, 1)),
                option("Expected Conv1D kernelSize of at least 1, got 0", () -> new Conv1D(1, 0)),
                option(
                        "Expected Conv2D kernelSize of at least 1, got -1",
                        () -> new Conv2D(1, 2, -1, Activations.RELU)),
                option("Expected Conv2D strides of at least 1, got 0", () -> new Conv2D(1, 2).strides(0)),
                option("Expected Conv2D strides of at least 1, got -2", () -> new Conv2D(1, 2).strides(3, -2)),
                option(
                        "Expected a dilationRate of Conv2D of at most 1048576, both directions multiplied, got 1025 x 1024:"
                                + " the image is cut into as many parts",
                        () -> new Conv2D(1, 2).dilationRate(1025, 1024)),
                option("Expected Conv1D dilationRate of at least 1, got 0", () -> new Conv1D(1, 2).dilationRate(0)),
                option(
                        "Conv2D cannot have strides and dilationRate above 1 at once, got strides 2 and dilationRate 3",
                        () -> new Conv2D(1, 2).strides(2).dilationRate(3)),
                option(
                        "SeparableConv1D cannot have strides and dilationRate above 1 at once, got strides 4 and"
                                + " dilationRate 2",
                        () -> new SeparableConv1D(1, 2).dilationRate(2).strides(4)),
                option("Expected Conv2D groups of at least 1, got 0", () -> new Conv2D(6, 2).groups(0)),
                option("Conv1D needs groups that divide its filters, got 4 groups and 6 filters", () -> new Conv1D(6, 2)
                        .groups(4)),
                option("Conv2D takes padding VALID or SAME, got CAUSAL, which is for Conv1D", () -> new Conv2D(6, 2)
                        .padding(Padding.CAUSAL)),
                option("MaxPool1D takes padding VALID or SAME, got CAUSAL, which is for Conv1D", () -> new MaxPool1D(2)
                        .padding(Padding.CAUSAL)),
                option("Expected Conv2DTranspose filters of at least 1, got 0", () -> new Conv2DTranspose(0, 1)),
                option("Expected Conv1DTranspose kernelSize of at least 1, got 0", () -> new Conv1DTranspose(1, 0)),
                option("Expected DepthwiseConv2D depthMultiplier of at least 1, got 0", () -> new DepthwiseConv2D(2)
                        .depthMultiplier(0)),
                option("Expected DepthwiseConv1D strides of at least 1, got 0", () -> new DepthwiseConv1D(2)
                        .strides(0)),
                option("Expected SeparableConv2D filters of at least 1, got -1", () -> new SeparableConv2D(-1, 2)),
                option("Expected MaxPool1D poolSize of at least 1, got 0", () -> new MaxPool1D(0)),
                option("Expected AveragePool1D poolSize of at least 1, got 0", () -> new AveragePool1D(0)),
                option("Expected AveragePool2D poolSize of at least 1, got 0", () -> new AveragePool2D(2, 0)),
                option("Expected MaxPool2D strides of at least 1, got 0", () -> new MaxPool2D(2).strides(0)),
                option(
                        "ZeroPadding1D needs padding of at least 0 at each side, got [-1, -1]",
                        () -> new ZeroPadding1D(-1)),
                option(
                        "ZeroPadding2D needs padding of at least 0 at each side, got [1, 2, 3, -4]",
                        () -> new ZeroPadding2D(1, 2, 3, -4)),
                option(
                        "Cropping1D needs cropping of at least 0 at each side, got [0, -1]",
                        () -> new Cropping1D(0, -1)),
                option(
                        "Cropping2D needs cropping of at least 0 at each side, got [-1, -1, -1, -1]",
                        () -> new Cropping2D(-1)),
                option("Expected UpSampling2D size of at least 1, got 0", () -> new UpSampling2D(1, 0)),
                option("Expected UpSampling1D size of at least 1, got 0", () -> new UpSampling1D(0)),
                option("Expected Resizing height of at least 1, got 0", () -> new Resizing(0, 3)),
                option("Expected Resizing width of at least 1, got -3", () -> new Resizing(1, -3)),
                option("Expected SpatialDropout1D rate in [0, 1), got 1.0", () -> new SpatialDropout1D(1)),
                option("Expected SpatialDropout2D rate in [0, 1), got -0.5", () -> new SpatialDropout2D(-0.5)),
                option("Permute needs each of the dimensions 1 to 2 once, got [1, 3]", () -> new Permute(1, 3)),
                option("Permute needs each of the dimensions 1 to 2 once, got [0, 1]", () -> new Permute(0, 1)),
                option("Expected a finite Rescaling scale, got NaN", () -> new Rescaling(Double.NaN)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("options")
    void aWrongOptionIsNamedWithItsRange(String message, Supplier<?> layer) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, layer::get).getMessage());
    }

    private static Arguments input(Layer layer, Shape shape, String message) {
        return Arguments.of(layer, shape, message);
    }

    static Stream<Arguments> inputs() {
        return Stream.of(
                input(
                        new Conv1D(1, 2),
                        Shape.of(2, 5),
                        "expects [batch, steps, channels], got float32 [2, 5]: add the channels with a Reshape(steps, 1)"),
                input(
                        new MaxPool2D(2),
                        Shape.of(2, 5, 6),
                        "expects [batch, height, width, channels], got float32 [2, 5, 6]: add the channels with a"
                                + " Reshape(height, width, 1)"),
                input(
                        new Conv2D(4, 2).groups(2),
                        Shape.of(1, 4, 4, 3),
                        "expects channels that its 2 groups divide, got float32 [1, 4, 4, 3]"),
                input(
                        new MaxPool2D(2, 4),
                        Shape.of(1, 3, 3, 1),
                        "expects at least the 2 rows and 4 columns of its window, got float32 [1, 3, 3, 1]"),
                input(
                        new Conv1D(1, 3).dilationRate(2),
                        Shape.of(1, 4, 1),
                        "expects at least the 5 steps of its window, got float32 [1, 4, 1]"),
                input(
                        new Cropping1D(2, 2),
                        Shape.of(1, 4, 1),
                        "expects more than 4 along axis 1 for its cropping, got float32 [1, 4, 1]"),
                input(
                        new Permute(2, 1),
                        Shape.of(1, 4, 1, 2),
                        "expects the batch and 2 dimensions, got float32 [1, 4, 1, 2]"),
                input(
                        new SpatialDropout2D(0.5),
                        Shape.of(1, 4, 1),
                        "expects [batch, height, width, channels], got float32 [1, 4, 1]"),
                input(
                        new GlobalMaxPool1D(),
                        Shape.of(1, 4, 1, 2),
                        "expects [batch, steps, channels], got float32 [1, 4, 1, 2]"),
                input(new ZeroPadding2D(1), Shape.of(4), "expects [batch, height, width, channels], got float32 [4]"),
                input(
                        new Resizing(2, 2),
                        Shape.of(4, 4),
                        "expects [batch, height, width, channels], got float32 [4, 4]"));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("inputs")
    void anInputThatDoesNotFitIsDescribed(Layer layer, Shape shape, String message) {
        Operand<TFloat32> x = tf.fill(tf.constant(shape.asArray()), tf.constant(1f));
        refused(layer, message, () -> layer.call(ForwardPass.inference(tf), x));
    }

    static Stream<Arguments> inNeedOfSizes() {
        Shape image = Shape.of(2, -1, 4, 3);
        Shape series = Shape.of(2, -1, 3);
        String known = "expects known sizes between batch and channels, got float32 ";
        return Stream.of(
                input(new Conv2DTranspose(1, 2), image, known + "[2, -1, 4, 3]"),
                input(new Conv1DTranspose(1, 2), series, known + "[2, -1, 3]"),
                input(new Conv2D(1, 2).dilationRate(2), image, known + "[2, -1, 4, 3]"),
                input(new UpSampling2D(2), image, known + "[2, -1, 4, 3]"),
                input(new UpSampling1D(2), series, known + "[2, -1, 3]"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("inNeedOfSizes")
    void anOpenSizeIsRefusedWhereItMustBeKnown(Layer layer, Shape shape, String message) {
        refused(layer, message, () -> traced(layer, shape));
    }

    private void refused(Layer layer, String message, Executable call) {
        String text = assertThrows(IllegalArgumentException.class, call).getMessage();
        String where = "Layer '" + layer.path() + "' (" + layer.getClass().getSimpleName() + ") ";
        assertTrue(text.startsWith(where + message), text);
    }

    @SuppressWarnings("unchecked") // The placeholder is float32.
    private String traced(Layer layer, Shape shape) {
        String[] result = new String[1];
        TracedFunction.Spec spec = new TracedFunction.Spec(DataType.DT_FLOAT, shape);
        TracedFunction.trace(session, "traced", List.of(spec), (ops, in) -> {
                    Operand<TFloat32> y = layer.call(ForwardPass.inference(ops), (Operand<TFloat32>) in.get(0));
                    result[0] = y.shape().toString();
                    return List.of(y);
                })
                .close();
        return result[0];
    }

    @Test
    void heightAndWidthMayBeOpenWhereNothingAsksForThem() {
        Shape image = Shape.of(-1, -1, -1, 3);
        assertEquals("[-1, -1, -1, 2]", traced(new Conv2D(2, 3), image));
        assertEquals("[-1, -1, -1, 3]", traced(new AveragePool2D(2), image));
        assertEquals("[-1, -1, -1, 3]", traced(new Cropping2D(1), image));
        assertEquals("[-1, 4, 5, 3]", traced(new Resizing(4, 5), image));
        assertEquals("[-1, -1, 2]", traced(new Conv1D(2, 3).padding(Padding.CAUSAL), Shape.of(-1, -1, 3)));
        assertEquals("[-1, 3]", traced(new GlobalAveragePool2D(), image));
    }

    @Test
    void optionsAreRefusedOnceTheLayerWasCalled() {
        Conv2D layer = new Conv2D(2, 2);
        layer.call(ForwardPass.inference(tf), tf.constant(new float[1][3][3][1]));
        List<Supplier<?>> options = List.of(
                () -> layer.strides(2),
                () -> layer.padding(Padding.SAME),
                () -> layer.dilationRate(2),
                () -> layer.groups(2),
                () -> layer.useBias(false),
                () -> layer.kernel(w -> w.initializer(Initializer.ones())),
                () -> layer.bias(w -> w.initializer(Initializer.ones())),
                () -> layer.kernel(w -> w.regularizer(Regularizer.l2(1))),
                () -> layer.kernel(w -> w.constraint(Constraint.nonNegative())));
        for (Supplier<?> option : options) {
            String text = assertThrows(IllegalStateException.class, option::get).getMessage();
            assertTrue(text.startsWith("Layer 'conv2d': Conv2D was used already, so its "), text);
        }
    }

    @Test
    void weightsHaveKerasNamesAndShapesAndStayWithinTheirConstraints() {
        SeparableConv2D layer = new SeparableConv2D(2, 3)
                .depthMultiplier(2)
                .pointwiseKernel(w -> w.initializer(Initializer.constant(-1)).constraint(Constraint.nonNegative()));
        layer.call(ForwardPass.inference(tf), tf.constant(new float[1][3][3][4]));
        assertEquals(
                List.of(
                        "separable_conv2d/depthwise_kernel [3, 3, 4, 2]",
                        "separable_conv2d/pointwise_kernel [1, 1, 8, 2]",
                        "separable_conv2d/bias [2]"),
                layer.variables().names().stream()
                        .map(name -> name + " " + layer.variables().get(name).shape())
                        .toList());
        var pointwise = layer.variables().get("separable_conv2d/pointwise_kernel");
        pointwise.project(tf);
        double[] values = FiniteDifferences.values(session, pointwise.read(tf));
        assertTrue(Arrays.stream(values).allMatch(value -> value == 0));
    }

    static Stream<Arguments> sizes() {
        int huge = Integer.MAX_VALUE;
        return Stream.of(
                Arguments.of("more than 4294967294 along axis 1", new Cropping2D(huge)),
                Arguments.of("more than 2147483648 along axis 2", new Cropping2D(0, 0, 1, huge)),
                Arguments.of("a dimension of 6000000000", new Conv2DTranspose(1, 3).strides(1_000_000_000)),
                Arguments.of(
                        "a dimension of 6000000000",
                        new Conv2DTranspose(1, 3).padding(Padding.SAME).strides(1_000_000_000)),
                Arguments.of(
                        "a dimension of 6442450944",
                        new UpSampling2D(1 << 30).interpolation(Resizing.Interpolation.BILINEAR)));
    }

    /** Of which an int is too short to reckon with. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("sizes")
    void sizesThatNoDimensionHasAreNamed(String words, Layer layer) {
        Operand<TFloat32> x = tf.zeros(tf.constant(new long[] {1, 6, 6, 1}), TFloat32.class);
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> layer.call(ForwardPass.inference(tf), x));
        assertTrue(e.getMessage().contains(words), e.getMessage());
        assertTrue(e.getMessage().contains("float32 [1, 6, 6, 1]"), e.getMessage());
    }

    @Test
    void aTransposedConvolutionOfNothingIsRefused() {
        Operand<TFloat32> x = tf.zeros(tf.constant(new long[] {1, 6, 0, 1}), TFloat32.class);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> new Conv2DTranspose(1, 3).call(ForwardPass.inference(tf), x));
        assertTrue(e.getMessage().contains("at least one place"), e.getMessage());
    }

    static Stream<Layer> convolutions() {
        return Stream.of(
                new Conv1D(1, 1),
                new Conv2D(1, 1),
                new Conv1DTranspose(1, 1),
                new Conv2DTranspose(1, 1),
                new DepthwiseConv1D(1),
                new DepthwiseConv2D(1),
                new SeparableConv1D(1, 1),
                new SeparableConv2D(1, 1));
    }

    @ParameterizedTest
    @MethodSource("convolutions")
    void aConvolutionOfNoChannelsIsRefused(Layer layer) {
        long[] shape = layer instanceof Convolution<?> convolution && convolution.series()
                ? new long[] {1, 2, 0}
                : new long[] {1, 2, 2, 0};
        Operand<TFloat32> x = tf.zeros(tf.constant(shape), TFloat32.class);
        refused(
                layer,
                "expects at least one channel, got float32 " + Shape.of(shape),
                () -> layer.call(ForwardPass.inference(tf), x));
    }
}
