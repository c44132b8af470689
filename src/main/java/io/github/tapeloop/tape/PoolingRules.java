package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * Ops over neighbourhoods. TensorFlow's C++ rules of these leave attributes out: explicit paddings, which fails, and
 * all attributes of {@code LRN}, which gives the gradient of another function.
 */
final class PoolingRules {

    private static final String[] WINDOW = {"ksize", "strides", "padding", "data_format"};

    private PoolingRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("MaxPool", PoolingRules::maxPool);
        rules.put("MaxPoolWithArgmax", PoolingRules::maxPoolWithArgmax);
        rules.put("LRN", PoolingRules::localResponseNormalization);
        rules.put("AvgPoolGrad", (tf, op) -> average(tf, op, "AvgPool"));
        rules.put("AvgPool3DGrad", (tf, op) -> average(tf, op, "AvgPool3D"));
        chosen(rules, "MaxPoolGrad", "MaxPoolGradGrad");
        chosen(rules, "MaxPoolGradV2", "MaxPoolGradGradV2");
        chosen(rules, "MaxPool3DGrad", "MaxPool3DGradGrad");
        rules.put("Dilation2D", PoolingRules::dilation);
    }

    private static void maxPool(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            OperationBuilder builder = RawOps.builder(tf, "MaxPoolGrad", op.input(0), op.output(0), op.gradient(0));
            RawOps.attributesOf(op, builder, "explicit_paddings");
            return RawOps.attributesOf(op, builder, WINDOW).build().output(0);
        });
    }

    /** The second output says where each largest element is in its image, or in the whole batch. */
    private static <T extends TType> void maxPoolWithArgmax(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TInt64> shape = Tensors.cast(tf, Shapes.of(tf, op.input(0)), TInt64.class);
            Operand<TInt64> all = tf.prod(shape, tf.constant(0));
            Operand<TInt64> places = Tensors.cast(tf, op.output(1), TInt64.class);
            if (!op.flag("include_batch_in_index")) {
                Operand<TInt64> batch = tf.gather(shape, tf.constant(0), tf.constant(0));
                Operand<TInt64> one = tf.constant(1L);
                Operand<TInt64> image = tf.math.div(all, tf.math.maximum(batch, one));
                Operand<TInt64> starts = tf.math.mul(tf.range(tf.constant(0L), batch, one), image);
                places = tf.math.add(places, tf.reshape(starts, tf.constant(new int[] {-1, 1, 1, 1})));
            }
            Operand<?> flat = tf.reshape(places, tf.constant(new int[] {-1}));
            Formula<T> dy = op.<T>dy().reshape(-1);
            return Formula.of(tf, RawOps.<T>make(tf, "UnsortedSegmentSum", dy, flat, all))
                    .reshape(shape);
        });
    }

    private static void localResponseNormalization(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            OperationBuilder builder = RawOps.builder(tf, "LRNGrad", op.gradient(0), op.input(0), op.output(0));
            return RawOps.attributesOf(op, builder, "depth_radius", "bias", "alpha", "beta")
                    .build()
                    .output(0);
        });
    }

    /** The gradient of an average is linear, and its own gradient the average. */
    private static void average(Ops tf, OpGradient op, String type) {
        op.propagate(1, () -> {
            OperationBuilder builder = RawOps.builder(tf, type, op.gradient(0));
            return RawOps.attributesOf(op, builder, WINDOW).build().output(0);
        });
    }

    /**
     * What puts gradients where the largest elements were, and what takes them from there: each is the gradient of the
     * other with respect to its third input. Which elements are the largest does not change with small changes.
     */
    private static void chosen(Map<String, GradientRule> rules, String puts, String takes) {
        rules.put(puts, (tf, op) -> chosen(tf, op, takes));
        rules.put(takes, (tf, op) -> chosen(tf, op, puts));
    }

    private static void chosen(Ops tf, OpGradient op, String type) {
        if (op.attribute("padding", Object.class).equals(Optional.of("EXPLICIT"))) {
            throw new GradientException("TensorFlow has no gradient of it with explicit paddings");
        }
        op.propagate(2, () -> {
            OperationBuilder builder = RawOps.builder(tf, type, op.input(0), op.input(1), op.gradient(0));
            for (int i = 3; i < op.inputs(); i++) {
                builder.addInput(op.input(i).asOutput());
            }
            return RawOps.attributesOf(op, builder, WINDOW).build().output(0);
        });
    }

    /** The largest of the sums of image and kernel: TensorFlow has an op for either gradient. */
    private static void dilation(Ops tf, OpGradient op) {
        for (int i = 0; i < 2; i++) {
            String type = i == 0 ? "Dilation2DBackpropInput" : "Dilation2DBackpropFilter";
            op.propagate(i, () -> {
                OperationBuilder builder = RawOps.builder(tf, type, op.input(0), op.input(1), op.gradient(0));
                return RawOps.attributesOf(op, builder, "strides", "rates", "padding")
                        .build()
                        .output(0);
            });
        }
    }
}
