package io.github.tapeloop.layer;

import io.github.tapeloop.layer.Node.Call;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * A model that is made of {@link Node}s: from its outputs back to the inputs that they take. It computes and trains as the
 * subclass of {@link MultiModel} that calls the same layers in the same order, bit for bit.
 *
 * <pre>{@code
 * Node x = Node.input("input", 28, 28, 1);
 * Node y = x.then(new Conv2D(16, 3, RELU).padding(SAME));
 * Node z = Node.of(new Add(), y, y.then(new Conv2D(16, 3).padding(SAME)));
 * Functional net = Functional.of(z.then(new Flatten()).then(new Dense(10)));
 * }</pre>
 *
 * <p>A layer of its nodes that has its home in another model, or has weights already, is shared with that, as by {@link
 * Layer#share(Layer)}; others have their home here. So a part of a network, over the same nodes, is a model of its own.
 */
public final class Functional extends MultiModel {

    private final Map<String, Node> outputs = new LinkedHashMap<>();
    private final Map<String, Call> inputs = new LinkedHashMap<>();
    /** Each after those that it takes. */
    private final List<Call> calls;

    private Functional(Node[] nodes) {
        for (Node node : nodes) {
            if (node.name() == null && nodes.length > 1) {
                throw new IllegalArgumentException("Of " + nodes.length + " outputs, " + node
                        + " has no name: give it one, Functional.of(a.named(\"price\"), b.named(\"sold\"))");
            }
            String name = node.name() == null ? OUTPUT : node.name();
            if (outputs.put(name, node) != null) {
                throw new IllegalArgumentException("Two outputs are named '" + name + "': give each a name of its own");
            }
        }
        this.calls = ordered(outputs.values());
        for (Call call : calls) {
            if (call.isInput() && inputs.put(call.input(), call) != null) {
                throw new IllegalArgumentException("Two inputs are named '" + call.input()
                        + "': make one by Node.input, and use it wherever its value is taken");
            }
        }
    }

    /**
     * Makes a model.
     *
     * @param outputs what it computes, at least one node; several have names, see {@link Node#named}
     * @return a new model
     * @throws IllegalArgumentException if an output has no name beside others, or two inputs or outputs have the same one
     */
    public static Functional of(Node... outputs) {
        if (outputs.length == 0) {
            throw new IllegalArgumentException("Functional needs at least one output");
        }
        Functional model = new Functional(outputs);
        Set<Layer> registered = new HashSet<>();
        for (Call call : model.calls) {
            if (!call.isInput() && registered.add(call.layer())) {
                model.adopt(call.layer());
            }
        }
        return model;
    }

    /** Calls in an order in which each comes after those that it takes: first the way to the first output. */
    private static List<Call> ordered(Iterable<Node> outputs) {
        List<Call> ordered = new ArrayList<>();
        Set<Call> begun = new HashSet<>();
        Set<Call> done = new HashSet<>();
        Deque<Call> open = new ArrayDeque<>(); // No recursion, as a network may be deep.
        for (Node output : outputs) {
            open.push(output.call());
            while (!open.isEmpty()) {
                Call next = open.peek();
                if (begun.add(next)) {
                    List<Call> before = new ArrayList<>();
                    next.inputs().values().forEach(input -> before.add(input.call()));
                    Collections.reverse(before);
                    before.stream().filter(call -> !begun.contains(call)).forEach(open::push);
                } else {
                    open.pop();
                    if (done.add(next)) {
                        ordered.add(next);
                    }
                }
            }
        }
        return ordered;
    }

    @Override
    public Functional named(String name) {
        super.named(name);
        return this;
    }

    /**
     * What this takes: for {@code model.build(session, model.inputs())}, or that of a trainer.
     *
     * @return types and shapes by the names of the inputs, in the order in which the model comes to them
     */
    public Map<String, Spec> inputs() {
        Map<String, Spec> specs = new LinkedHashMap<>();
        inputs.forEach((name, call) -> specs.put(name, call.spec()));
        return specs;
    }

    /**
     * Computes the outputs, node by node.
     *
     * @param pass makes ops, says whether to train, collects added losses
     * @param given by name; a model with one input takes the only one, whatever its name
     * @return the outputs by name, in the order they were given to {@link #of}
     * @throws IllegalArgumentException if an input is missing or of another shape, or a layer refuses what its node gives it
     */
    @Override
    public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> given) {
        Map<Call, Map<String, Operand<TFloat32>>> values = new HashMap<>();
        for (Call call : calls) {
            values.put(call, call.isInput() ? Map.of(OUTPUT, input(call, given)) : run(pass, call, values));
        }
        Map<String, Operand<TFloat32>> results = new LinkedHashMap<>();
        outputs.forEach((name, node) -> results.put(name, value(node, values)));
        results.values().forEach(y -> pass.gave(this, y));
        return results;
    }

    private Operand<TFloat32> input(Call call, Map<String, Operand<TFloat32>> given) {
        Operand<TFloat32> x = given.get(call.input());
        if (x == null && inputs.size() == 1 && given.size() == 1) {
            x = given.values().iterator().next();
        }
        if (x == null) {
            throw new IllegalArgumentException("Model '" + path() + "' has no input '" + call.input() + "' in "
                    + given.keySet() + ": its inputs are " + inputs.keySet() + "; name the columns of the data so");
        }
        if (!call.spec().shape().isCompatibleWith(Tensors.shape(x))) {
            throw new IllegalArgumentException("Input '" + call.input() + "' of model '" + path() + "' is "
                    + call.spec().shape() + ", got " + Tensors.describe(x));
        }
        return x;
    }

    private Map<String, Operand<TFloat32>> run(
            ForwardPass pass, Call call, Map<Call, Map<String, Operand<TFloat32>>> values) {
        Map<String, Operand<TFloat32>> taken = new LinkedHashMap<>();
        call.inputs().forEach((name, node) -> taken.put(name, value(node, values)));
        try {
            return call.run(pass, taken);
        } catch (IllegalArgumentException e) {
            throw e.getClass() == IllegalArgumentException.class
                    ? new IllegalArgumentException(
                            "Node " + label(call) + " of "
                                    + call.inputs().values().stream()
                                            .map(input -> label(input.call()))
                                            .toList() + ": " + e.getMessage(),
                            e)
                    : e;
        }
    }

    /** An input, or which layer of this model is called, and for which time if it is several times. */
    String label(Call call) {
        if (call.isInput()) {
            return "'" + call.input() + "'";
        }
        String name = layers().entrySet().stream()
                .filter(child -> child.getValue() == call.layer())
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
        List<Call> uses =
                calls.stream().filter(other -> other.layer() == call.layer()).toList();
        return "'" + name + "'" + (uses.size() == 1 ? "" : ", call " + (uses.indexOf(call) + 1));
    }

    private Operand<TFloat32> value(Node node, Map<Call, Map<String, Operand<TFloat32>>> values) {
        Map<String, Operand<TFloat32>> of = values.get(node.call());
        Operand<TFloat32> value =
                node.output() == null && of.size() == 1 ? of.values().iterator().next() : of.get(node.output());
        if (value == null) {
            throw new IllegalArgumentException("Model " + node.call().layer() + " gives "
                    + of.keySet() + ", and a node takes "
                    + (node.output() == null ? "one of them" : "'" + node.output() + "'")
                    + ": take one by node.output(name)");
        }
        return value;
    }

    @Override
    void draw(Diagram diagram) {
        diagram.draw(calls, outputs, layers());
    }
}
