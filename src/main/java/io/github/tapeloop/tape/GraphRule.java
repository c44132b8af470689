package io.github.tapeloop.tape;

import io.github.tapeloop.op.NodeAttributes;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** A gradient as a list of ops to make again: what TensorFlow's C++ library would have put into a graph. */
final class GraphRule implements GradientRule {

    static final String INPUT = "input_";
    static final String OUTPUT_GRADIENT = "output_gradient_";
    static final String FORWARD = "forward";

    /** An output of a step, or of the forward op, or something given. */
    private record Ref(String node, int index) {

        static Ref parse(String text) {
            int colon = text.lastIndexOf(':');
            return colon < 0
                    ? new Ref(text, 0)
                    : new Ref(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
        }
    }

    /** One op; {@code groups} holds -1 for a single input and a length for a list. */
    private record Step(NodeDef node, List<Ref> inputs, List<Integer> groups) {}

    private final List<Step> steps;
    private final Map<Integer, Ref> results;

    private GraphRule(List<Step> steps, Map<Integer, Ref> results) {
        this.steps = steps;
        this.results = results;
    }

    /**
     * Keeps what of a graph leads to some results.
     *
     * @param results for each input of the forward op the output that is its gradient, {@code node:index}
     */
    static GraphRule of(GraphDef graph, Map<Integer, String> results) {
        Map<String, NodeDef> nodes = new HashMap<>();
        graph.getNodeList().forEach(node -> nodes.put(node.getName(), node));
        Map<String, Step> ordered = new LinkedHashMap<>();
        Map<Integer, Ref> refs = new HashMap<>();
        results.forEach((input, text) -> {
            Ref ref = Ref.parse(text);
            refs.put(input, ref);
            visit(ref.node(), nodes, ordered);
        });
        return new GraphRule(List.copyOf(ordered.values()), Map.copyOf(refs));
    }

    private static void visit(String name, Map<String, NodeDef> nodes, Map<String, Step> ordered) {
        if (isGiven(name) || ordered.containsKey(name)) {
            return;
        }
        NodeDef node = nodes.get(name);
        List<Ref> inputs = node.getInputList().stream()
                .filter(input -> !input.startsWith("^"))
                .map(Ref::parse)
                .toList();
        inputs.forEach(input -> visit(input.node(), nodes, ordered));
        ordered.put(name, new Step(node, inputs, NodeAttributes.inputGroups(node)));
    }

    private static boolean isGiven(String name) {
        return name.equals(FORWARD) || name.startsWith(INPUT) || name.startsWith(OUTPUT_GRADIENT);
    }

    @Override
    public void apply(Ops tf, OpGradient gradient) {
        Map<String, Operation> made = new HashMap<>();
        for (Step step : steps) {
            made.put(
                    step.node().getName(),
                    NodeAttributes.remake(
                            tf,
                            step.node(),
                            step.groups(),
                            i -> resolve(step.inputs().get(i), made, gradient)));
        }
        results.forEach((input, ref) -> gradient.propagate(input, () -> resolve(ref, made, gradient)));
    }

    private static Output<?> resolve(Ref ref, Map<String, Operation> made, OpGradient gradient) {
        String node = ref.node();
        if (node.equals(FORWARD)) {
            return gradient.output(ref.index()).asOutput();
        } else if (node.startsWith(INPUT)) {
            return gradient.input(Integer.parseInt(node.substring(INPUT.length())))
                    .asOutput();
        } else if (node.startsWith(OUTPUT_GRADIENT)) {
            return gradient.gradient(Integer.parseInt(node.substring(OUTPUT_GRADIENT.length())))
                    .asOutput();
        }
        return made.get(node).output(ref.index());
    }
}
