package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * A value in a {@link Functional} model: an input, or what a layer makes of other values. Nodes are made before there is data;
 * a model calls the layers.
 *
 * <pre>{@code
 * Node left = Node.input("left", 8), right = Node.input("right", 8);
 * Dense shared = new Dense(16, RELU);                                  // one layer, two nodes
 * Node both = Node.of(new Concatenate(), left.then(shared), right.then(shared));
 * Functional house = Functional.of(both.then(new Dense(1)).named("price"), both.then(new Dense(2)).named("sold"));
 * }</pre>
 *
 * <p>A node is computed once in a call of a model, however many others take it. Masks go with values: {@code
 * Node.of(new Add(), x, x.then(block))} has the mask that {@link Add} gives it. Immutable; may be part of several models, which
 * share its layers.
 */
public final class Node {

    /** A use of a layer, or an input. Several nodes are of one call if it has several outputs. */
    static final class Call {

        private final Layer layer;
        private final Map<String, Node> inputs;
        private final String input;
        private final Spec spec;

        private Call(Layer layer, Map<String, Node> inputs, String input, Spec spec) {
            this.layer = layer;
            this.inputs = inputs;
            this.input = input;
            this.spec = spec;
        }

        boolean isInput() {
            return layer == null;
        }

        /** The name of an input. */
        String input() {
            return input;
        }

        /** What an input looks like. */
        Spec spec() {
            return spec;
        }

        /** What is called; null for an input. */
        Layer layer() {
            return layer;
        }

        /** What it is called with, by the names of a model's inputs, or numbered. */
        Map<String, Node> inputs() {
            return inputs;
        }

        /** Calls the layer with the values of the inputs. */
        Map<String, Operand<TFloat32>> run(ForwardPass pass, Map<String, Operand<TFloat32>> values) {
            if (layer instanceof Model model) {
                Map<String, Operand<TFloat32>> outputs = model.call(pass, values);
                outputs.values().forEach(y -> pass.gave(model, y));
                return outputs;
            }
            List<Operand<TFloat32>> all = List.copyOf(values.values());
            return Map.of(
                    Model.OUTPUT,
                    pass.gave(layer, all.size() == 1 ? layer.call(pass, all.get(0)) : layer.call(pass, all)));
        }
    }

    private final Call call;
    /** Which output of the call; null for the only one. */
    private final String output;
    /** What a model calls it; null if nothing was said. */
    private final String name;

    private Node(Call call, String output, String name) {
        this.call = call;
        this.output = output;
        this.name = name;
    }

    /**
     * An input of float32, [batch, sizes…].
     *
     * @param name the name of the input in the data; {@link Model#INPUT} in data with one input
     * @param sizes the shape of an example, -1 for a size that may differ from batch to batch
     * @return a new input, which is another one than any of the same name
     */
    public static Node input(String name, long... sizes) {
        return input(name, new Spec(DataType.DT_FLOAT, Shape.of(sizes).prepend(-1)));
    }

    /**
     * An input of any type.
     *
     * @param name the name of the input in the data
     * @param spec its type and shape, [batch, …], -1 for what may differ from batch to batch
     * @return a new input
     */
    public static Node input(String name, Spec spec) {
        Objects.requireNonNull(name, "name: that of the input in the data");
        if (spec.shape().isUnknown() || spec.shape().numDimensions() < 1) {
            throw new IllegalArgumentException("Input '" + name + "' has the shape " + spec.shape()
                    + ": give one that begins with the batch, Shape.of(-1, …)");
        }
        return new Node(new Call(null, Map.of(), name, spec), null, null);
    }

    /**
     * What a layer makes of some values: of several, if it takes them, as {@link Merge} layers and {@link MultiHeadAttention} do.
     *
     * @param layer any layer or model; the same one in several nodes has one set of weights
     * @param inputs what it takes, in order, at least one
     * @return a new node
     */
    public static Node of(Layer layer, Node... inputs) {
        Map<String, Node> numbered = new LinkedHashMap<>();
        for (Node input : inputs) {
            String place = layer instanceof Model ? Model.INPUT : String.valueOf(numbered.size());
            if (numbered.put(place, Objects.requireNonNull(input, "an input of a node")) != null) {
                throw new IllegalArgumentException(
                        layer + " is a model, whose inputs have names: Node.of(model, Map.of(name, node, …))");
            }
        }
        return node(layer, numbered);
    }

    private static Node node(Layer layer, Map<String, Node> inputs) {
        Objects.requireNonNull(layer, "layer: what makes the value");
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException(
                    "A node of " + layer + " needs an input: begin with Node.input(name, …)");
        }
        return new Node(new Call(layer, inputs, null, null), null, null);
    }

    /**
     * What a model with several inputs makes of them. If it has several outputs, take each by {@link #output}.
     *
     * @param model any model
     * @param inputs by the names that the model gives its inputs, at least one
     * @return a new node
     */
    public static Node of(Model model, Map<String, Node> inputs) {
        return node(model, new LinkedHashMap<>(inputs));
    }

    /**
     * What a layer makes of this value.
     *
     * @param layer any layer or model with one input
     * @return a new node
     */
    public Node then(Layer layer) {
        return of(layer, this);
    }

    /**
     * One of several outputs of a model.
     *
     * @param name what the model calls it
     * @return a node of the same call
     * @throws IllegalArgumentException if this is no node of a model
     */
    public Node output(String name) {
        if (!(call.layer instanceof Model)) {
            throw new IllegalArgumentException("There is no output '" + name + "' of " + this + ": it is no model");
        }
        return new Node(call, Objects.requireNonNull(name, "name"), null);
    }

    /**
     * The same value under a name: that of the output of a model.
     *
     * @param given the name
     * @return a node of the same call
     */
    public Node named(String given) {
        return new Node(call, output, Objects.requireNonNull(given, "name"));
    }

    Call call() {
        return call;
    }

    /** Which output of the call; null for the only one. */
    String output() {
        return output;
    }

    /** The name that was given; null if none was. */
    String name() {
        return name;
    }

    @Override
    public String toString() {
        return name != null
                ? "node '" + name + "'"
                : call.isInput() ? "input '" + call.input + "'" : "the node of " + call.layer;
    }
}
