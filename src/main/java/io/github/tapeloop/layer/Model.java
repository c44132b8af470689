package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
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

    /** What comes out of the layers, as this was built. */
    private Map<Layer, List<Shape>> shapes = Map.of();

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

    /**
     * Names a model that stands alone, whose name is that of its class otherwise. Names of weights begin with it, so that two models of
     * a class that share their layers with a third are told apart. One inside another gets its name there.
     *
     * @param name letters A to Z, digits, '_', '.' and '-'
     * @return this
     * @throws IllegalStateException if the model is in another one, or was built or called already
     */
    public Model named(String name) {
        rename(name);
        return this;
    }

    @Override
    public final Parameters state() {
        return variables();
    }

    /**
     * Makes the weights before there is any data, those that a first step would make: a model that was built trains as one that
     * was not, bit for bit. The model is called once, in training, with placeholders of float32. From then on {@link
     * #summary()} shows the shapes that come out of its layers, and weights can be read, given and loaded.
     *
     * <pre>{@code
     * model.build(session, Shape.of(-1, 28, 28, 1));
     * }</pre>
     *
     * @param session where the weights are going to be
     * @param input the shape of the only input, [batch, …], -1 for any size
     * @return the shapes of the outputs by name
     * @throws IllegalArgumentException if the model does not take such an input, or has inputs of its own names; weights that were made
     *     so far are gone
     * @throws IllegalStateException if the model belongs to another session
     */
    public final Map<String, Shape> build(TapeSession session, Shape input) {
        return build(session, Map.of(INPUT, Build.floats(input)));
    }

    /**
     * Makes the weights before there is any data, for inputs by name.
     *
     * <pre>{@code
     * model.build(session, Map.of("ids", new Spec(DataType.DT_INT32, Shape.of(-1, 20))));
     * }</pre>
     *
     * @param session where the weights are going to be
     * @param inputs their types and shapes, [batch, …] each, -1 for any size, in the order of the data
     * @return the shapes of the outputs by name
     * @throws IllegalArgumentException if the model does not take such inputs; weights that were made so far are gone
     * @throws IllegalStateException if the model belongs to another session
     */
    public final Map<String, Shape> build(TapeSession session, Map<String, Spec> inputs) {
        return build(session, DtypePolicy.FULL, inputs);
    }

    /**
     * Makes the weights before there is any data, for a model that will be called in a mixed precision.
     *
     * @param session where the weights are going to be
     * @param precision that of the passes that will call the model
     * @param inputs their types and shapes, [batch, …] each, -1 for any size, in the order of the data
     * @return the shapes of the outputs by name
     * @throws IllegalArgumentException if the model does not take such inputs; weights that were made so far are gone
     * @throws IllegalStateException if the model belongs to another session
     */
    public final Map<String, Shape> build(TapeSession session, DtypePolicy precision, Map<String, Spec> inputs) {
        Build build = Build.of(this, session, precision, inputs);
        shapes = build.shapes();
        return build.outputs();
    }

    /**
     * A table of the layers: the shapes that come out of them, the shapes of their weights and how many numbers these are, and
     * what is frozen.
     *
     * @return text, a line a layer; weights appear once the model has been built or called, shapes that come out once it has been
     *     built, ? where they are not known: the layer was not called, or makes no op of its own
     */
    public final String summary() {
        return new Summary(this, shapes).text();
    }

    /**
     * A drawing of the layers in the language of Graphviz: {@code dot -Tsvg} makes a picture of it. {@link Sequential} and {@link
     * Functional} models show the way of the data, others which layer has which inside.
     *
     * @return text, with the shapes that come out of layers once the model has been built
     */
    public final String toDot() {
        return diagram().dot();
    }

    /**
     * The drawing of {@link #toDot()} in the language of Mermaid, which pages of GitHub and GitLab show as a picture in a block of
     * {@code mermaid}.
     *
     * @return text, with the shapes that come out of layers once the model has been built
     */
    public final String toMermaid() {
        return diagram().mermaid();
    }

    private Diagram diagram() {
        Diagram diagram = new Diagram(shapes);
        draw(diagram);
        return diagram;
    }

    /** Draws the layers. */
    void draw(Diagram diagram) {
        diagram.drawTree(path(), this);
    }
}
