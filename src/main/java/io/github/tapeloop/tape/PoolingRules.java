package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Ops over neighbourhoods. TensorFlow's C++ rules of these leave attributes out: explicit paddings, which fails, and
 * all attributes of {@code LRN}, which gives the gradient of another function.
 */
final class PoolingRules {

    private PoolingRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("MaxPool", PoolingRules::maxPool);
        rules.put("LRN", PoolingRules::localResponseNormalization);
    }

    private static void maxPool(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            OperationBuilder builder = builder(tf, "MaxPoolGrad", op.input(0), op.output(0), op.gradient(0));
            return RawOps.attributesOf(op, builder, "ksize", "strides", "padding", "explicit_paddings", "data_format")
                    .build()
                    .output(0);
        });
    }

    private static void localResponseNormalization(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            OperationBuilder builder = builder(tf, "LRNGrad", op.gradient(0), op.input(0), op.output(0));
            return RawOps.attributesOf(op, builder, "depth_radius", "bias", "alpha", "beta")
                    .build()
                    .output(0);
        });
    }

    private static OperationBuilder builder(Ops tf, String type, Operand<TType> a, Operand<TType> b, Operand<TType> c) {
        return tf.scope()
                .opBuilder(type, type)
                .addInput(a.asOutput())
                .addInput(b.asOutput())
                .addInput(c.asOutput());
    }
}
