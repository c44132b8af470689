package io.github.tapeloop.layer;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** A model whose layers follow one another. */
public final class Sequential extends Model {

    private final List<Layer> sequence;

    private Sequential(List<Layer> sequence) {
        this.sequence = sequence;
        sequence.forEach(this::layer);
    }

    /**
     * Chains layers.
     *
     * @param layers the first takes the model's input; at least one
     * @return a new model
     */
    public static Sequential of(Layer... layers) {
        if (layers.length == 0) {
            throw new IllegalArgumentException("Sequential needs at least one layer");
        }
        return new Sequential(List.of(layers));
    }

    /**
     * Calls each layer with the output of the one before.
     *
     * @param pass the pass of the call
     * @param x what the first layer takes
     * @return what the last layer returns
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Operand<TFloat32> y = x;
        for (Layer layer : sequence) {
            y = pass.gave(layer, layer.call(pass, y));
        }
        return pass.gave(this, y);
    }
}
