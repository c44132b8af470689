package io.github.tapeloop.layer;

import java.util.List;
import java.util.function.BiConsumer;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** A model whose layers follow one another. */
public final class Sequential extends Model {

    private final List<Layer> sequence;

    private Sequential(Layer[] layers, BiConsumer<Sequential, Layer> register) {
        if (layers.length == 0) {
            throw new IllegalArgumentException("Sequential needs at least one layer");
        }
        this.sequence = List.of(layers);
        sequence.forEach(layer -> register.accept(this, layer));
    }

    /**
     * Chains layers.
     *
     * @param layers the first takes the model's input; at least one, none of which is in another model
     * @return a new model
     * @throws IllegalStateException if one is in another model: see {@link #sharing}
     */
    public static Sequential of(Layer... layers) {
        return new Sequential(layers, Sequential::layer);
    }

    /**
     * Chains layers of which some have their home in another model, or are models that have been trained: a trained body in a new
     * model, which goes on to train it, too, unless it is frozen.
     *
     * <pre>{@code
     * Sequential.sharing(body, new Dense(5));
     * }</pre>
     *
     * @param layers the first takes the model's input; at least one. Those that have no home get it here, the others are shared as by
     *     {@link #share(Layer)}
     * @return a new model
     * @throws IllegalArgumentException if one comes twice
     */
    public static Sequential sharing(Layer... layers) {
        return new Sequential(layers, Sequential::adopt);
    }

    @Override
    public Sequential named(String name) {
        super.named(name);
        return this;
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

    @Override
    void draw(Diagram diagram) {
        diagram.draw(sequence, layers());
    }
}
