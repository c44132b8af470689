package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Convolutions and their two gradient ops. A convolution is linear in the image and in the kernel, so each of the three is
 * the gradient of the others. TensorFlow's C++ rules leave the dilation out, which on a CPU ends the process: the backward
 * kernel is given shapes that do not fit each other. Where there is one, {@link DilatedConvolution} is the way back.
 */
final class ConvolutionRules {

    private static final String[] ATTRIBUTES = {"strides", "dilations", "explicit_paddings", "padding", "data_format"};

    private ConvolutionRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        add(rules, "Conv2D", "");
        add(rules, "DepthwiseConv2dNative", "");
        add(rules, "Conv3D", "V2");
    }

    private static void add(Map<String, GradientRule> rules, String type, String version) {
        String toImage = type + "BackpropInput" + version;
        String toKernel = type + "BackpropFilter" + version;
        rules.put(type, (tf, op) -> {
            op.propagate(0, () -> toImage(tf, op, toImage, op.input(0), op.input(1), op.gradient(0)));
            op.propagate(1, () -> toKernel(tf, op, toKernel, op.input(0), op.input(1), op.gradient(0)));
        });
        rules.put(toImage, (tf, op) -> {
            op.propagate(1, () -> toKernel(tf, op, toKernel, op.gradient(0), op.input(1), op.input(2)));
            op.propagate(2, () -> make(tf, op, type, op.gradient(0), op.input(1)));
        });
        rules.put(toKernel, (tf, op) -> {
            op.propagate(0, () -> toImage(tf, op, toImage, op.input(0), op.gradient(0), op.input(2)));
            op.propagate(2, () -> make(tf, op, type, op.input(0), op.gradient(0)));
        });
    }

    /** Of the image, only the shape matters. */
    private static Operand<TType> toImage(
            Ops tf, OpGradient op, String type, Operand<TType> image, Operand<TType> kernel, Operand<TType> dy) {
        int groups = groups(op, image, kernel);
        if (groups > 1) {
            int channels = channels(op, image);
            List<Output<TType>> images = split(tf, image, channels, groups);
            List<Output<TType>> kernels = split(tf, kernel, Shapes.rank(kernel) - 1, groups);
            List<Output<TType>> gradients = split(tf, dy, channels, groups);
            return joined(
                    tf, channels, groups, i -> toImage(tf, op, type, images.get(i), kernels.get(i), gradients.get(i)));
        }
        return DilatedConvolution.is(op)
                ? new DilatedConvolution(tf, op).toImage(type, image, kernel, dy)
                : make(tf, op, type, Shapes.of(tf, image), kernel, dy);
    }

    /** Of the kernel, only the shape matters. */
    private static Operand<TType> toKernel(
            Ops tf, OpGradient op, String type, Operand<TType> image, Operand<TType> kernel, Operand<TType> dy) {
        int groups = groups(op, image, kernel);
        if (groups > 1) {
            int channels = channels(op, image);
            int filters = Shapes.rank(kernel) - 1;
            List<Output<TType>> images = split(tf, image, channels, groups);
            List<Output<TType>> kernels = split(tf, kernel, filters, groups);
            List<Output<TType>> gradients = split(tf, dy, channels, groups);
            return joined(
                    tf, filters, groups, i -> toKernel(tf, op, type, images.get(i), kernels.get(i), gradients.get(i)));
        }
        return DilatedConvolution.is(op)
                ? new DilatedConvolution(tf, op).toKernel(type, image, kernel, dy)
                : make(tf, op, type, image, Shapes.of(tf, kernel), dy);
    }

    /**
     * How many groups the channels are in, each with filters of its own: TensorFlow's backward kernels take them with oneDNN
     * only. One if a traced function leaves the channels open.
     */
    private static int groups(OpGradient op, Operand<?> image, Operand<?> kernel) {
        Shape images = Tensors.shape(image);
        Shape kernels = Tensors.shape(kernel);
        if (op.type().startsWith("Depthwise") || images.isUnknown() || kernels.isUnknown()) {
            return 1;
        }
        long all = images.get(channels(op, image));
        long each = kernels.get(kernels.numDimensions() - 2);
        return all > 0 && each > 0 ? Math.toIntExact(all / each) : 1;
    }

    private static int channels(OpGradient op, Operand<?> image) {
        String format = op.attribute("data_format", String.class).orElse("");
        return format.startsWith("NC") ? 1 : Shapes.rank(image) - 1;
    }

    private static List<Output<TType>> split(Ops tf, Operand<TType> whole, int axis, int groups) {
        return tf.split(Tensors.constant(tf, axis), whole, (long) groups).output();
    }

    private static Operand<TType> joined(Ops tf, int axis, int groups, IntFunction<Operand<TType>> part) {
        return tf.concat(IntStream.range(0, groups).mapToObj(part).toList(), Tensors.constant(tf, axis));
    }

    /** An op with the attributes that all three have. */
    private static Operand<TType> make(Ops tf, OpGradient op, String type, Operand<?>... inputs) {
        OperationBuilder builder = RawOps.builder(tf, type, inputs);
        return RawOps.attributesOf(op, builder, ATTRIBUTES).build().output(0);
    }
}
