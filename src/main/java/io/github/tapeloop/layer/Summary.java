package io.github.tapeloop.layer;

import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.tensorflow.ndarray.Shape;

/** The table of the layers of a model, whose columns are as wide as what is in them. */
final class Summary {

    private static final List<String> TITLES = List.of("layer", "output", "weights", "parameters", "");
    private static final int OUTPUT = 1;
    private static final int PARAMETERS = 3;

    private final Model model;
    private final Map<Layer, List<Shape>> shapes;
    private final List<List<String>> rows = new ArrayList<>();
    private final Set<Layer> shown = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<Variable<?>> trained = new HashSet<>();

    /** @param shapes what comes out of the layers, as far as that is known */
    Summary(Model model, Map<Layer, List<Shape>> shapes) {
        this.model = model;
        this.shapes = shapes;
    }

    String text() {
        model.trainableVariables().forEach(trained::add);
        rows.add(TITLES);
        add(model.path(), model, !model.trainable());
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                if (i == OUTPUT && shapes.isEmpty()) {
                    continue; // A column of question marks says nothing.
                }
                int width = width(i);
                String cell = row.get(i);
                String space = " ".repeat(width - cell.length());
                line.append(i == PARAMETERS ? space + cell : cell + space).append("  ");
            }
            text.append(line.toString().stripTrailing()).append(System.lineSeparator());
        }
        Parameters all = model.variables();
        long trainable = trained.stream().mapToLong(v -> v.shape().size()).sum();
        return text.append(String.format(
                        Locale.ROOT,
                        "total %,d, trainable %,d%s%n",
                        all.elements(),
                        trainable,
                        all.size() == 0 ? " (not called yet: weights are made by build, or in the first call)" : ""))
                .toString();
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }

    private void add(String path, Layer layer, boolean isFrozen) {
        boolean isFirst = shown.add(layer);
        List<Variable<?>> weights = isFirst ? layer.ownWeights() : List.of();
        String output = shapes.getOrDefault(layer, List.of()).stream()
                .map(Shape::toString)
                .collect(Collectors.joining(" "));
        rows.add(List.of(
                path + " (" + layer.getClass().getSimpleName() + ")",
                output.isEmpty() ? "?" : output,
                weights.stream().map(weight -> weight.shape().toString()).collect(Collectors.joining(" ")),
                isFirst
                        ? String.format(
                                Locale.ROOT, "%,d", Parameters.of(weights).elements())
                        : "",
                (isFrozen ? "frozen" : layer.hasLora() ? "LoRA" : "") + (isFirst ? "" : "the same as above")));
        if (isFirst) {
            layer.layers()
                    .forEach((name, child) ->
                            add(path + "/" + name, child, isFrozen || child.isFrozen() || layer.isFrozen(child)));
        }
    }
}
