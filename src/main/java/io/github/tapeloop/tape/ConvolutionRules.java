package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Convolutions. TensorFlow's C++ rules leave the dilation out, which on a CPU ends the process: the backward kernel is
 * given shapes that do not fit each other.
 */
final class ConvolutionRules {

    private ConvolutionRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Conv2D", (tf, op) -> convolution(tf, op, "Conv2D"));
        rules.put("DepthwiseConv2dNative", (tf, op) -> convolution(tf, op, "DepthwiseConv2dNative"));
    }

    private static void convolution(Ops tf, OpGradient op, String type) {
        Operand<TType> image = op.input(0);
        Operand<TType> kernel = op.input(1);
        op.propagate(0, () -> {
            OperationBuilder builder = tf.scope().opBuilder(type + "BackpropInput", type + "BackpropInput");
            builder.addInput(Shapes.of(tf, image).asOutput());
            builder.addInput(kernel.asOutput());
            return finish(builder, op);
        });
        op.propagate(1, () -> {
            OperationBuilder builder = tf.scope().opBuilder(type + "BackpropFilter", type + "BackpropFilter");
            builder.addInput(image.asOutput());
            builder.addInput(Shapes.of(tf, kernel).asOutput());
            return finish(builder, op);
        });
    }

    private static Operand<TType> finish(OperationBuilder builder, OpGradient op) {
        builder.addInput(op.gradient(0).asOutput());
        return RawOps.attributesOf(op, builder, "strides", "dilations", "explicit_paddings", "padding", "data_format")
                .build()
                .output(0);
    }
}
