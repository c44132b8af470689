package io.github.tapeloop.layer;

import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * A network: a layer that can stand alone. Subclass it, register layers in fields and call them in {@link #call}.
 *
 * <pre>{@code
 * final class Mlp extends Model {
 *     private final Dense hidden = layer(new Dense(64, RELU));
 *     private final Dense logits = layer(new Dense(10));
 *     @Override public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
 *         return logits.call(pass, hidden.call(pass, x));
 *     }
 * }
 * }</pre>
 */
public abstract class Model extends Layer implements Stateful {

    /** The name of the only input, where inputs have names. */
    public static final String INPUT = "input";

    /** The name of the only output, where outputs have names. */
    public static final String OUTPUT = "output";

    /** Creates a model without layers. */
    protected Model() {}

    @Override
    protected InputType inputType() {
        return InputType.ANY;
    }

    /**
     * Computes outputs by name of inputs by name. This model takes the first input and names its output {@link #OUTPUT};
     * one that has more of them is a {@link MultiModel}.
     *
     * @param pass makes ops, says whether to train, collects added losses
     * @param inputs by name, [batch, …] each, at least one, in the order of the data
     * @return the outputs by name, [batch, …] each
     */
    public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
        return Map.of(OUTPUT, call(pass, inputs.values().iterator().next()));
    }

    @Override
    public final Parameters state() {
        return variables();
    }

    /**
     * A table of the layers and their weights.
     *
     * @return text, a line a layer; weights appear once the model has been called
     */
    public final String summary() {
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%-40s %-24s %12s%n", "layer", "weights", "parameters"));
        row(text, this);
        Parameters all = variables();
        long trainable = trainableVariables().elements();
        text.append(String.format(
                Locale.ROOT,
                "total %,d, trainable %,d%s%n",
                all.elements(),
                trainable,
                all.size() == 0 ? " (not called yet: weights are made in the first call)" : ""));
        return text.toString();
    }

    private static void row(StringBuilder text, Layer layer) {
        List<Variable<?>> weights = layer.ownWeights();
        if (!weights.isEmpty() || layer.layers().isEmpty()) {
            String shapes = String.join(
                    " ",
                    weights.stream().map(weight -> weight.shape().toString()).toList());
            text.append(String.format(
                    Locale.ROOT,
                    "%-40s %-24s %,12d%n",
                    layer.path() + " (" + layer.getClass().getSimpleName() + ")",
                    shapes,
                    Parameters.of(weights).elements()));
        }
        layer.layers().values().forEach(child -> row(text, child));
    }
}
