package io.github.tapeloop.layer;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The four products of an attention, by name, each with a kernel, that has LoRA perhaps, and a bias. */
final class Projections {

    private static final List<String> ALL = List.of("query", "key", "value", "attention_output");
    /** What Hu et al. 2021 found to be worth it. */
    private static final List<String> USUAL = List.of("query", "value");

    private final MultiHeadAttention layer;
    WeightSpec kernel = WeightSpec.of(Initializer.glorotUniform());
    WeightSpec bias = WeightSpec.of(Initializer.zeros());
    boolean useBias = true;

    /** @param layer has the weights */
    Projections(MultiHeadAttention layer) {
        this.layer = layer;
    }

    /** @param names of products, none for query and value */
    void enableLora(int rank, double alpha, String... names) {
        Set<String> adapted = new LinkedHashSet<>(names.length == 0 ? USUAL : Arrays.asList(names));
        if (!ALL.containsAll(adapted) || adapted.size() < names.length) {
            throw new IllegalArgumentException("MultiHeadAttention enableLora takes some of the kernels " + ALL
                    + ", each once, got " + Arrays.toString(names));
        }
        layer.adapt(
                adapted.stream().map(Projections::kernelOf).toList(),
                ALL.stream()
                        .filter(name -> !adapted.contains(name))
                        .flatMap(name -> Stream.of(kernelOf(name), biasOf(name)))
                        .toList(),
                rank,
                alpha,
                kernel);
    }

    private static String kernelOf(String name) {
        return name + "/kernel";
    }

    private static String biasOf(String name) {
        return name + "/bias";
    }

    /**
     * Rows [rows, in] times a kernel, and the bias.
     *
     * @param kernelShape of three dimensions
     * @param biasShape the last ones of these, of which there are as many as a row of the result has
     */
    Operand<TFloat32> product(
            ForwardPass pass, Ops tf, String name, Operand<TFloat32> rows, Shape kernelShape, Shape biasShape) {
        long columns = biasShape.size();
        WeightSpec spec = kernel.initializer() instanceof VarianceScaling scaling
                ? kernel.initializer(scaling.ofMatrix(kernelShape.size() / columns, columns))
                : kernel;
        int inputs = kernelShape.numDimensions() - biasShape.numDimensions();
        Operand<TFloat32> y = Lora.product(layer, pass, tf, rows, kernelOf(name), kernelShape, inputs, spec);
        if (!useBias) {
            return y;
        }
        Operand<TFloat32> b =
                layer.weight(pass, biasOf(name), biasShape, rows.type(), bias).read(tf);
        return tf.nn.biasAdd(y, biasShape.numDimensions() == 1 ? b : tf.reshape(b, tf.constant(new long[] {columns})));
    }
}
