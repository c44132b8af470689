package io.github.tapeloop.layer;

import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Locale;

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

    /** Creates a model without layers. */
    protected Model() {}

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
