package io.github.tapeloop.layer;

import io.github.tapeloop.layer.Node.Call;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.tensorflow.ndarray.Shape;

/**
 * A drawing of a model: boxes and arrows. A {@link Sequential} and a {@link Functional} know the way of the data; of any other layer
 * it is not known before a call, so the arrows lead from it to the layers inside.
 */
final class Diagram {

    /** @param lines what stands in it */
    private record Box(String id, List<String> lines) {}

    private record Arrow(String from, String to) {}

    private final Map<Layer, List<Shape>> shapes;
    private final List<Box> boxes = new ArrayList<>();
    private final List<Arrow> arrows = new ArrayList<>();

    /** @param shapes what comes out of the layers, as far as that is known */
    Diagram(Map<Layer, List<Shape>> shapes) {
        this.shapes = shapes;
    }

    /** Draws layers that follow one another. */
    void draw(List<Layer> sequence, Map<String, Layer> names) {
        String before = box(List.of(Model.INPUT));
        for (Layer layer : sequence) {
            String next = box(lines(name(layer, names), layer));
            arrows.add(new Arrow(before, next));
            before = next;
        }
        arrows.add(new Arrow(before, box(List.of(Model.OUTPUT))));
    }

    /** Draws calls and what they take. */
    void draw(List<Call> calls, Map<String, Node> outputs, Map<String, Layer> names) {
        Map<Call, String> ids = new IdentityHashMap<>();
        for (Call call : calls) {
            String id = box(
                    call.isInput()
                            ? List.of(call.input(), call.spec().shape().toString())
                            : lines(name(call.layer(), names), call.layer()));
            ids.put(call, id);
            call.inputs().values().forEach(input -> arrows.add(new Arrow(ids.get(input.call()), id)));
        }
        outputs.forEach((name, node) -> arrows.add(new Arrow(ids.get(node.call()), box(List.of(name)))));
    }

    /** Draws a layer and all inside it. */
    void drawTree(String name, Layer layer) {
        drawTree(name, layer, new IdentityHashMap<>());
    }

    private String drawTree(String name, Layer layer, Map<Layer, String> drawn) {
        String known = drawn.get(layer); // Shared: one box, and an arrow from each that has it.
        if (known != null) {
            return known;
        }
        String id = box(lines(name, layer));
        drawn.put(layer, id);
        layer.layers().forEach((each, child) -> arrows.add(new Arrow(id, drawTree(each, child, drawn))));
        return id;
    }

    private static String name(Layer layer, Map<String, Layer> names) {
        return names.entrySet().stream()
                .filter(entry -> entry.getValue() == layer)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
    }

    private List<String> lines(String name, Layer layer) {
        List<String> lines =
                new ArrayList<>(List.of(name + " (" + layer.getClass().getSimpleName() + ")"));
        shapes.getOrDefault(layer, List.of()).forEach(shape -> lines.add(shape.toString()));
        return lines;
    }

    private String box(List<String> lines) {
        String id = "n" + boxes.size();
        boxes.add(new Box(id, lines));
        return id;
    }

    /** The drawing in the language of Graphviz. */
    String dot() {
        StringBuilder text = new StringBuilder("digraph model {\n  node [shape=box];\n");
        for (Box box : boxes) {
            String label = joined(box, "\\n", line -> line.replace("\\", "\\\\").replace("\"", "\\\""));
            text.append("  " + box.id() + " [label=\"" + label + "\"];\n");
        }
        arrows.forEach(arrow -> text.append("  " + arrow.from() + " -> " + arrow.to() + ";\n"));
        return text.append("}\n").toString();
    }

    /** The drawing in the language of Mermaid. */
    String mermaid() {
        StringBuilder text = new StringBuilder("flowchart TD\n");
        for (Box box : boxes) {
            String label = joined(box, "<br/>", line -> line.replace("#", "#35;")
                    .replace("\"", "#quot;")
                    .replace("<", "#lt;")
                    .replace(">", "#gt;"));
            text.append("  " + box.id() + "[\"" + label + "\"]\n");
        }
        arrows.forEach(arrow -> text.append("  " + arrow.from() + " --> " + arrow.to() + "\n"));
        return text.toString();
    }

    private static String joined(Box box, String between, UnaryOperator<String> escape) {
        return box.lines().stream()
                .map(line -> escape.apply(
                        line.replaceAll("\\s+", " "))) // A name may have several lines, a box tells them apart.
                .collect(Collectors.joining(between));
    }
}
