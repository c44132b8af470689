package io.github.tapeloop.execution;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.state.Stateful;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;

/** The layers of a model that are frozen, as a part of the state: who thawed some after an epoch does not do so again. */
final class FrozenLayers implements ValueState {

    private final Layer model;

    FrozenLayers(Layer model) {
        this.model = model;
    }

    /** Those that do not train, since they are frozen or inside one that is. */
    Set<Layer> all() {
        Set<Layer> frozen = new HashSet<>();
        add(model, frozen);
        return frozen;
    }

    private static void add(Layer layer, Set<Layer> frozen) {
        if (layer.trainable()) {
            layer.layers().values().forEach(child -> add(child, frozen));
        } else {
            frozen.add(layer);
        }
    }

    private static void visit(String path, Layer layer, BiConsumer<String, Layer> visitor) {
        visitor.accept(path, layer);
        layer.layers().forEach((name, child) -> visit(path + "/" + name, child, visitor));
    }

    @Override
    public void saveState(Stateful.Writer out) {
        List<String> paths = new ArrayList<>();
        visit("", model, (path, layer) -> {
            if (layer.isFrozen()) {
                paths.add(path);
            }
        });
        out.put("frozen", paths);
    }

    @Override
    public void loadState(Stateful.Reader in) {
        Set<String> frozen = Set.copyOf(in.getStrings("frozen"));
        visit("", model, (path, layer) -> layer.trainable(!frozen.contains(path)));
    }
}
