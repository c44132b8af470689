package io.github.tapeloop.runtime;

import static java.util.Map.entry;

import io.github.tapeloop.op.OpAttributes;
import io.github.tapeloop.op.OpCall;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * Table of the calls that cannot fail when a graph runs, whatever numbers they meet: maths of floats whose shapes are all
 * known to fit when the op is made, with results of a size that memory has. By op type, what more is asked of the call.
 * What is not in it may fail. The heaviest ops of dense, convolutional and attention nets are: the update of one layer need
 * not wait for the gradients of the layers before it, which on two cores saves a twentieth of a step.
 */
final class UnfailingCalls {

    /** What a result may take, in bytes. TensorFlow's CPU kernels ask for memory and fail without. */
    private static final long LARGEST = 64L << 20;

    private static final Map<String, Predicate<OpCall>> BY_TYPE = table();

    private UnfailingCalls() {}

    private static Map<String, Predicate<OpCall>> table() {
        Map<String, Predicate<OpCall>> table = new HashMap<>();
        // Inputs of one shape, that of the result; gradients are made from two of them.
        Stream.of(
                        "Neg Abs Sign Square Sqrt Rsqrt Exp Log Log1p Tanh Sigmoid Erf Relu Relu6 Elu Selu Softplus LeakyRelu",
                        "TanhGrad SigmoidGrad RsqrtGrad SqrtGrad ReluGrad Relu6Grad EluGrad SeluGrad SoftplusGrad LeakyReluGrad",
                        "Identity StopGradient AddN Softmax LogSoftmax")
                .flatMap(types -> Stream.of(types.split(" ")))
                .forEach(type -> table.put(type, UnfailingCalls::areAlike));
        // Their shapes are compared when the op is made.
        Stream.of(
                        "Add AddV2 Sub Mul MulNoNan Div RealDiv DivNoNan Maximum Minimum SquaredDifference",
                        "MatMul BatchMatMulV2 BiasAddGrad L2Loss")
                .flatMap(types -> Stream.of(types.split(" ")))
                .forEach(type -> table.put(type, call -> true));
        // The result's shape is known only if axes and sizes are, and those are looked at then; of a vector or number,
        // anyway.
        Stream.of("Reshape", "ExpandDims", "Fill").forEach(type -> table.put(type, call -> true));
        Stream.of("Sum", "Mean", "Max", "Min")
                .forEach(type -> table.put(type, call -> Tensors.rank(call.input(0)) > 0));
        table.put("Transpose", call -> Tensors.rank(call.input(0)) > 1);
        table.putAll(Map.ofEntries(
                entry("BiasAdd", UnfailingCalls::hasChannelsLast),
                entry("Conv2D", UnfailingCalls::isPlainWindow),
                entry("Conv2DBackpropInput", UnfailingCalls::isPlainWindow),
                entry("Conv2DBackpropFilter", UnfailingCalls::isPlainWindow),
                entry("MaxPool", UnfailingCalls::isPlainPool),
                entry("MaxPoolGrad", call -> isPlainPool(call) && isOfPool(call))));
        return Map.copyOf(table);
    }

    /**
     * Whether a call is one of those.
     *
     * @param call how the op was asked for
     * @param made the op in the graph
     */
    static boolean include(OpCall call, Operation made) {
        Predicate<OpCall> row = BY_TYPE.get(call.type());
        return row != null
                && Arrays.stream(call.inputsCopied()).allMatch(UnfailingCalls::isKnown)
                && IntStream.range(0, made.numOutputs()).allMatch(i -> fits(made.output(i)))
                && row.test(call);
    }

    /** Floats, or the whole numbers that axes and sizes are. */
    private static boolean isKnown(Output<?> input) {
        return !isOpen(Tensors.shape(input)) && (bytes(input) > 0 || isWhole(input.dataType()));
    }

    private static boolean isWhole(DataType type) {
        return type == DataType.DT_INT32 || type == DataType.DT_INT64;
    }

    private static boolean fits(Output<?> result) {
        Shape shape = Tensors.shape(result);
        return !isOpen(shape) && bytes(result) > 0 && shape.size() <= LARGEST / bytes(result);
    }

    private static boolean isOpen(Shape shape) {
        return shape.isUnknown() || shape.hasUnknownDimension();
    }

    /** What an element takes, or 0 if kernels of the type are not everywhere. */
    private static int bytes(Output<?> output) {
        return switch (output.dataType()) {
            case DT_FLOAT -> 4;
            case DT_DOUBLE -> 8;
            default -> 0;
        };
    }

    private static boolean areAlike(OpCall call) {
        Shape first = Tensors.shape(call.input(0));
        return IntStream.range(1, call.inputs()).allMatch(i -> first.equals(Tensors.shape(call.input(i))));
    }

    private static boolean hasChannelsLast(OpCall call) {
        Object format = OpAttributes.as(String.class, call.attribute("data_format"));
        return format == null || format.equals("NHWC");
    }

    /** Without gaps, for which kernels of some processors have no gradient. */
    private static boolean isPlainWindow(OpCall call) {
        long[] dilations = OpAttributes.numbers(call.attribute("dilations"));
        return hasChannelsLast(call)
                && (dilations == null || Arrays.stream(dilations).allMatch(dilation -> dilation == 1));
    }

    /** Over height and width. */
    private static boolean isPlainPool(OpCall call) {
        long[] window = OpAttributes.numbers(call.attribute("ksize"));
        long[] strides = OpAttributes.numbers(call.attribute("strides"));
        return hasChannelsLast(call)
                && window != null
                && strides != null
                && window.length == 4
                && strides.length == 4
                && window[0] == 1
                && window[3] == 1
                && strides[0] == 1
                && strides[3] == 1;
    }

    /** Whether an image, its pool and the gradient of that belong together; no shape function asks. */
    private static boolean isOfPool(OpCall call) {
        Shape image = Tensors.shape(call.input(0));
        long[] window = OpAttributes.numbers(call.attribute("ksize"));
        WindowCalls.Geometry geometry = WindowCalls.Geometry.of(call, 4);
        if (geometry == null || image.numDimensions() != 4) {
            return false;
        }
        long[] pooled = image.asArray();
        for (int axis : geometry.axes()) {
            pooled[axis] = geometry.places(axis, pooled[axis], window[axis]);
        }
        return Arrays.stream(pooled).allMatch(size -> size >= 0)
                && Tensors.shape(call.input(1)).equals(Shape.of(pooled))
                && Tensors.shape(call.input(2)).equals(Shape.of(pooled));
    }
}
