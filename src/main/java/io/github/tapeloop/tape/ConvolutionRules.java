package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
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
        return DilatedConvolution.is(op)
                ? new DilatedConvolution(tf, op).toImage(type, image, kernel, dy)
                : make(tf, op, type, Shapes.of(tf, image), kernel, dy);
    }

    /** Of the kernel, only the shape matters. */
    private static Operand<TType> toKernel(
            Ops tf, OpGradient op, String type, Operand<TType> image, Operand<TType> kernel, Operand<TType> dy) {
        return DilatedConvolution.is(op)
                ? new DilatedConvolution(tf, op).toKernel(type, image, kernel, dy)
                : make(tf, op, type, image, Shapes.of(tf, kernel), dy);
    }

    /** An op with the attributes that all three have. */
    private static Operand<TType> make(Ops tf, OpGradient op, String type, Operand<?>... inputs) {
        OperationBuilder builder = RawOps.builder(tf, type, inputs);
        return RawOps.attributesOf(op, builder, ATTRIBUTES).build().output(0);
    }
}
