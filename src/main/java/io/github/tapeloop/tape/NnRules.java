package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.nn.BiasAdd;
import org.tensorflow.types.family.TNumber;

/** Activations, biases and the fused cross-entropies. */
final class NnRules {

    private NnRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Relu", NnRules::relu);
        rules.put("ReluGrad", NnRules::reluGrad);
        rules.put("BiasAdd", NnRules::biasAdd);
        rules.put("BiasAddGrad", NnRules::biasAddGrad);
        rules.put("QuantizeAndDequantizeV4", NnRules::quantize);
        rules.put("Softmax", NnRules::softmax);
        rules.put("LogSoftmax", NnRules::logSoftmax);
        rules.put("SoftmaxCrossEntropyWithLogits", NnRules::softmaxCrossEntropy);
        rules.put("SparseSoftmaxCrossEntropyWithLogits", NnRules::sparseSoftmaxCrossEntropy);
    }

    private static <T extends TNumber> void relu(Ops tf, OpGradient op) {
        op.propagate(0, () -> RawOps.binary(tf, "ReluGrad", op.<T>gradient(0), op.<T>output(0)));
    }

    /** z = dy where features are positive: linear in dy, flat in the features. */
    private static <T extends TNumber> void reluGrad(Ops tf, OpGradient op) {
        op.propagate(0, () -> RawOps.binary(tf, "ReluGrad", op.<T>gradient(0), op.<T>input(1)));
        op.propagate(1, () -> tf.zerosLike(op.<T>input(1)));
    }

    private static void biasAdd(Ops tf, OpGradient op) {
        op.propagate(0, () -> op.gradient(0));
        op.propagate(1, () -> {
            OperationBuilder builder = tf.scope()
                    .opBuilder("BiasAddGrad", "BiasAddGrad")
                    .addInput(rows(tf, op).asOutput());
            return RawOps.attributesOf(op, builder, "data_format").build().output(0);
        });
    }

    /**
     * The gradient as rows of channels. In a graph TensorFlow would make one op of the gradients of a bias and of the filter
     * of a convolution before it; summing the bias takes that op longer than an op of its own.
     */
    private static Operand<?> rows(Ops tf, OpGradient op) {
        Operand<?> dy = op.gradient(0);
        long channels = Tensors.shape(op.input(1)).get(0);
        boolean last = op.attribute("data_format", String.class).orElse("NHWC").equals("NHWC");
        return last && channels >= 0 && Tensors.rank(dy) > 2
                ? tf.reshape(dy, Tensors.constant(tf, new long[] {-1, channels}))
                : dy;
    }

    /** The sum over all but the channels, so its gradient is a bias added to zeros. */
    private static <T extends TNumber> void biasAddGrad(Ops tf, OpGradient op) {
        op.propagate(
                0,
                () -> tf.nn.biasAdd(
                        tf.zerosLike(op.<T>input(0)),
                        op.<T>gradient(0),
                        BiasAdd.dataFormat(
                                op.attribute("data_format", String.class).orElse("NHWC"))));
    }

    /** Straight through inside the range, to its ends outside: TensorFlow has an op for it. */
    private static void quantize(Ops tf, OpGradient op) {
        Operation gradient = tf.scope()
                .opBuilder("QuantizeAndDequantizeV4Grad", "QuantizeAndDequantizeV4Grad")
                .addInput(op.gradient(0).asOutput())
                .addInput(op.input(0).asOutput())
                .addInput(op.input(1).asOutput())
                .addInput(op.input(2).asOutput())
                .setAttr("axis", op.attribute("axis", Long.class).orElse(-1L))
                .build();
        for (int i = 0; i < 3; i++) {
            Output<?> ofInput = gradient.output(i);
            op.propagate(i, () -> ofInput);
        }
    }

    /** (dy - Σ dy y) y, sums over the last axis. */
    private static <T extends TNumber> void softmax(Ops tf, OpGradient op) {
        op.propagate(0, () -> softmaxGradient(tf, op.<T>output(0), op.gradient(0)));
    }

    private static <T extends TNumber> Operand<T> softmaxGradient(Ops tf, Operand<T> softmax, Operand<T> dy) {
        return tf.math.mul(tf.math.sub(dy, lastAxisSum(tf, tf.math.mul(dy, softmax))), softmax);
    }

    private static <T extends TNumber> Operand<T> lastAxisSum(Ops tf, Operand<T> x) {
        return tf.sum(x, tf.constant(new int[] {-1}), Sum.keepDims(true));
    }

    /** dy - softmax Σ dy. */
    private static <T extends TNumber> void logSoftmax(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<T> dy = op.gradient(0);
            return tf.math.sub(dy, tf.math.mul(tf.math.exp(op.<T>output(0)), lastAxisSum(tf, dy)));
        });
    }

    /**
     * The op's second output is already the gradient of the first with respect to the logits. When that second output is
     * itself differentiated (a second derivative), it is softmax minus labels.
     */
    private static <T extends TNumber> void softmaxCrossEntropy(Ops tf, OpGradient op) {
        op.propagate(0, () -> Broadcasting.reduceTo(tf, logitsGradient(tf, op), op.<T>input(0)));
        op.propagate(1, () -> {
            Operand<T> toLoss = op.hasGradient(0)
                    ? tf.math.neg(tf.math.mul(column(tf, op.<T>gradient(0)), tf.nn.logSoftmax(op.<T>input(0))))
                    : tf.zerosLike(op.<T>output(1));
            Operand<T> both = op.hasGradient(1) ? tf.math.sub(toLoss, op.<T>gradient(1)) : toLoss;
            return Broadcasting.reduceTo(tf, both, op.<T>input(1));
        });
    }

    private static <T extends TNumber> void sparseSoftmaxCrossEntropy(Ops tf, OpGradient op) {
        op.propagate(0, () -> NnRules.<T>logitsGradient(tf, op));
    }

    private static <T extends TNumber> Operand<T> logitsGradient(Ops tf, OpGradient op) {
        Operand<T> ofLoss = op.hasGradient(0) ? tf.math.mul(column(tf, op.<T>gradient(0)), op.<T>output(1)) : null;
        if (!op.hasGradient(1)) {
            return ofLoss;
        }
        Operand<T> second = softmaxGradient(tf, tf.nn.softmax(op.<T>input(0)), op.gradient(1));
        return ofLoss == null ? second : tf.math.add(ofLoss, second);
    }

    /** [batch] as [batch, 1]. */
    private static <T extends TNumber> Operand<T> column(Ops tf, Operand<T> perExample) {
        return tf.expandDims(perExample, tf.constant(-1));
    }
}
