package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * What LoRA (Hu et al. 2021) adds to a kernel, seen as a matrix [in, out], which is frozen: alpha / rank · a · b, with a [in, rank]
 * drawn by {@link Initializer#heUniform()} and b [rank, out], zeros at first. The product a · b is never made in a call: two thin
 * products cost less than one of the size of the kernel, and so do their gradients.
 */
record Lora(int rank, double alpha) {

    /** @param layer is named where a number is refused */
    Lora(Layer layer, int rank, double alpha) {
        this(
                Require.atLeast(1, layer.getClass().getSimpleName() + " LoRA rank", rank),
                Require.positive(layer.getClass().getSimpleName() + " LoRA alpha", alpha));
    }

    private double scale() {
        return alpha / rank;
    }

    /** The name of the first factor of a weight: {@code query/lora_kernel_a} of {@code query/kernel}. */
    static String a(String weight) {
        return factor(weight, "_a");
    }

    /** The name of the second factor. */
    static String b(String weight) {
        return factor(weight, "_b");
    }

    private static String factor(String weight, String which) {
        int last = weight.lastIndexOf('/') + 1;
        return weight.substring(0, last) + "lora_" + weight.substring(last) + which;
    }

    /** Both factors of a weight, made when they are first asked for. */
    record Factors(Variable<TFloat32> a, Variable<TFloat32> b) {}

    /**
     * The factors of a weight of a layer. As in Keras its regularizer holds each of them, and the frozen weight adds no penalty.
     *
     * @param shape that of the weight
     * @param inputs so many of its dimensions are what the matrix has as rows
     */
    Factors factors(
            Layer layer,
            ForwardPass pass,
            String weight,
            Shape shape,
            int inputs,
            Class<TFloat32> type,
            WeightSpec spec) {
        Shape columns = shape;
        for (int i = 0; i < inputs; i++) {
            columns = columns.tail();
        }
        return new Factors(
                layer.weight(
                        pass,
                        a(weight),
                        shape.take(inputs).append(rank),
                        type,
                        held(Initializer.heUniform(), spec.penalty())),
                layer.weight(pass, b(weight), columns.prepend(rank), type, held(Initializer.zeros(), spec.penalty())));
    }

    private static WeightSpec held(Initializer initializer, Regularizer regularizer) {
        WeightSpec spec = WeightSpec.of(initializer);
        return regularizer == null ? spec : spec.regularizer(regularizer);
    }

    /**
     * Rows times a weight of a layer, and what LoRA adds to it, where that is enabled.
     *
     * @param rows [rows, in]
     * @param shape that of the weight
     * @param inputs so many of its dimensions are what the matrix has as rows
     * @return [rows, out]
     */
    static Operand<TFloat32> product(
            Layer layer,
            ForwardPass pass,
            Ops tf,
            Operand<TFloat32> rows,
            String weight,
            Shape shape,
            int inputs,
            WeightSpec spec) {
        Class<TFloat32> type = rows.type();
        Operand<TFloat32> kernel = layer.weight(pass, weight, shape, type, spec).read(tf);
        Operand<TFloat32> y = tf.linalg.matMul(rows, matrix(tf, kernel, shape, inputs));
        Lora lora = layer.lora(weight);
        if (lora == null) {
            return y;
        }
        Factors factors = lora.factors(layer, pass, weight, shape, inputs, type, spec);
        Operand<TFloat32> a = factors.a().read(tf);
        Operand<TFloat32> thin =
                tf.linalg.matMul(rows, matrix(tf, a, factors.a().shape(), inputs));
        return tf.math.add(y, lora.widened(tf, thin, factors.b()));
    }

    /** What comes of rows · a, [rows, rank]: alpha / rank · rows · b, [rows, out]. */
    Operand<TFloat32> widened(Ops tf, Operand<TFloat32> thin, Variable<TFloat32> b) {
        Operand<TFloat32> scaled = scale() == 1 ? thin : tf.math.mul(thin, Tensors.constant(tf, scale(), thin.type()));
        return tf.linalg.matMul(scaled, matrix(tf, b.read(tf), b.shape(), 1));
    }

    /** A weight and what is added to it. */
    Operand<TFloat32> merged(Ops tf, Variable<TFloat32> weight, Variable<TFloat32> a, Variable<TFloat32> b) {
        Operand<TFloat32> thin = matrix(tf, a.read(tf), a.shape(), a.shape().numDimensions() - 1);
        return tf.math.add(
                weight.read(tf),
                tf.reshape(widened(tf, thin, b), tf.constant(weight.shape().asArray())));
    }

    private static Operand<TFloat32> matrix(Ops tf, Operand<TFloat32> value, Shape shape, int inputs) {
        if (shape.numDimensions() == 2) {
            return value;
        }
        return tf.reshape(
                value,
                tf.constant(new long[] {-1, shape.size() / shape.take(inputs).size()}));
    }
}
