package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
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
            builder.addInput(sizes(tf, image).asOutput());
            builder.addInput(kernel.asOutput());
            return finish(builder, op);
        });
        op.propagate(1, () -> {
            OperationBuilder builder = tf.scope().opBuilder(type + "BackpropFilter", type + "BackpropFilter");
            builder.addInput(image.asOutput());
            builder.addInput(sizes(tf, kernel).asOutput());
            return finish(builder, op);
        });
    }

    private static Operand<TType> finish(OperationBuilder builder, OpGradient op) {
        builder.addInput(op.gradient(0).asOutput());
        op.op().attribute("strides", long[].class).ifPresent(value -> builder.setAttr("strides", value));
        op.op().attribute("dilations", long[].class).ifPresent(value -> builder.setAttr("dilations", value));
        op.op()
                .attribute("explicit_paddings", long[].class)
                .ifPresent(value -> builder.setAttr("explicit_paddings", value));
        op.op().attribute("padding", String.class).ifPresent(value -> builder.setAttr("padding", value));
        op.op().attribute("data_format", String.class).ifPresent(value -> builder.setAttr("data_format", value));
        return builder.build().output(0);
    }

    private static Operand<TInt32> sizes(Ops tf, Operand<?> operand) {
        Shape shape = Tensors.shape(operand);
        return shape.hasUnknownDimension()
                ? tf.shape(operand)
                : tf.constant(Arrays.stream(shape.asArray())
                        .mapToInt(Math::toIntExact)
                        .toArray());
    }
}
