package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * The shapes of what comes out of the layers in one traced call of a model. Of a layer that a {@link Sequential} or another
 * layer of this library calls, the caller tells. What a layer of the user's calls is read off the graph: the ops of a layer
 * are named after it, and its output is the last of them that is used by others.
 */
final class OutputShapes {

    /** Nothing that a layer gives back: masks, variables and lists. */
    private static final Set<DataType> BESIDE = Set.of(DataType.DT_BOOL, DataType.DT_RESOURCE, DataType.DT_VARIANT);

    private static final String ENTRY = "entry_of_a_layer_";

    private final Graph graph;
    private final ExecutionEnvironment environment;
    private final Map<Layer, List<Output<?>>> given = new IdentityHashMap<>();
    private final Map<Layer, List<Output<?>>> taken = new IdentityHashMap<>();
    /** By the names of the ops that mark the moments. */
    private final Map<String, Layer> entries = new HashMap<>();

    /**
     * @param graph what the call is traced into
     * @param environment that of the ops of the trace
     */
    OutputShapes(Graph graph, ExecutionEnvironment environment) {
        this.graph = graph;
        this.environment = environment;
    }

    /**
     * Notes that a layer is called.
     *
     * @param x its input, null if it does not say
     */
    void entered(ExecutionEnvironment where, Layer layer, Operand<?> x) {
        if (x != null) {
            taken.computeIfAbsent(layer, key -> new ArrayList<>()).add(x.asOutput());
        }
        if (where == environment) { // And not in a function of its own, which has a graph of its own.
            String name = ENTRY + entries.size();
            graph.opBuilder("NoOp", name, graph.baseScope()).build();
            entries.put(name, layer);
        }
    }

    /** Notes what a layer gave to who called it. */
    void gave(Layer layer, Operand<?> y) {
        given.computeIfAbsent(layer, key -> new ArrayList<>()).add(y.asOutput());
    }

    /**
     * The shapes that came out of a layer and of all inside it, at the end of the trace.
     *
     * @return by layer, each shape once; none for a layer of which nothing is known
     */
    Map<Layer, List<Shape>> of(Layer root) {
        Ops ops = new Ops();
        Map<Layer, List<Shape>> shapes = new IdentityHashMap<>();
        root.tree().forEach(layer -> {
            List<Output<?>> outputs = given.containsKey(layer) ? given.get(layer) : ops.outputs(layer);
            Set<String> seen = new LinkedHashSet<>();
            List<Shape> each = new ArrayList<>();
            for (Output<?> output : outputs.isEmpty() ? taken.getOrDefault(layer, List.of()) : outputs) {
                Shape shape = Tensors.shape(output);
                if (seen.add(shape.toString())) { // Shapes with open dimensions are not equal to each other.
                    each.add(shape);
                }
            }
            shapes.put(layer, List.copyOf(each));
        });
        return shapes;
    }

    /** The ops of the graph, in the order in which they were made, and who uses what of them. */
    private final class Ops {

        private final Map<String, GraphOperation> byName = new LinkedHashMap<>();
        /** The names of the users of each output, by the name of its op. */
        private final Map<String, Map<Integer, List<String>>> users = new HashMap<>();

        Ops() {
            for (Iterator<GraphOperation> all = graph.operations(); all.hasNext(); ) {
                GraphOperation op = all.next();
                byName.put(op.name(), op);
                for (int i = 0; i < op.numInputs(); i++) {
                    Output<?> input = op.input(i);
                    users.computeIfAbsent(input.op().name(), key -> new HashMap<>())
                            .computeIfAbsent(input.index(), key -> new ArrayList<>())
                            .add(op.name());
                }
            }
        }

        /** What a layer gave back, call by call. */
        List<Output<?>> outputs(Layer layer) {
            List<String> prefixes =
                    layer.tree().stream().map(part -> part.path() + "/").toList();
            List<Output<?>> outputs = new ArrayList<>();
            Output<?> last = null;
            for (GraphOperation op : byName.values()) {
                if (entries.get(op.name()) == layer && last != null) {
                    outputs.add(last);
                    last = null;
                }
                Output<?> left = isWithin(op.name(), prefixes) ? leaving(op, prefixes) : null;
                last = left == null ? last : left;
            }
            if (last != null) {
                outputs.add(last);
            }
            return outputs;
        }

        /** The output of an op that others than those of the layer use, or nobody yet: the model gives it back. Else null. */
        private Output<?> leaving(GraphOperation op, List<String> prefixes) {
            Map<Integer, List<String>> ofOp = users.getOrDefault(op.name(), Map.of());
            for (int i = 0; i < op.numOutputs(); i++) {
                boolean isUsed = ofOp.getOrDefault(i, List.of()).stream().anyMatch(user -> !isWithin(user, prefixes));
                if ((isUsed || ofOp.isEmpty()) && !BESIDE.contains(op.output(i).dataType())) {
                    return op.output(i);
                }
            }
            return null;
        }

        private boolean isWithin(String name, List<String> prefixes) {
            return prefixes.stream().anyMatch(name::startsWith);
        }
    }
}
