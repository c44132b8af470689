package io.github.tapeloop.layer;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * A network with several inputs, several outputs, or both, told apart by name. A trainer hands it the inputs of a batch by
 * their names, and compares an output with the target of the same name.
 *
 * <pre>{@code
 * final class House extends MultiModel {
 *     private final Dense plan = layer(new Dense(16, RELU));
 *     private final Dense place = layer(new Dense(16, RELU));
 *     private final Concatenate both = layer(new Concatenate());
 *     private final Dense price = layer(new Dense(1));
 *     private final Dense sold = layer(new Dense(1));
 *     @Override public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
 *         Operand<TFloat32> features =
 *                 both.call(pass, plan.call(pass, inputs.get("plan")), place.call(pass, inputs.get("place")));
 *         return Map.of("price", price.call(pass, features), "sold", sold.call(pass, features));
 *     }
 * }
 * }</pre>
 *
 * <p>Loss and metrics of an output leave out what the {@link ForwardPass#mask} of that output leaves out.
 */
public abstract class MultiModel extends Model {

    /** Creates a model without layers. */
    protected MultiModel() {}

    /**
     * Computes the outputs.
     *
     * @param pass makes ops, says whether to train, collects added losses
     * @param inputs by name, [batch, …] each
     * @return the outputs by name, [batch, …] each, at least one
     */
    @Override
    public abstract Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs);

    /**
     * Computes the only output of the only input, named {@code input}: for a model that has no more.
     *
     * @throws IllegalArgumentException if there are several outputs
     */
    @Override
    public final Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Map<String, Operand<TFloat32>> outputs = call(pass, Map.of(INPUT, x));
        if (outputs.size() != 1) {
            throw new IllegalArgumentException("Model '" + path() + "' has the outputs " + outputs.keySet()
                    + " and not a single one: call it with its inputs by name");
        }
        return outputs.values().iterator().next();
    }
}
