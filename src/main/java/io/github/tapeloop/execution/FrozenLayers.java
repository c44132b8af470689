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

    private static final String FROZEN = "frozen";
    private static final String FROZEN_HERE = "frozen_here";

    private final Layer model;

    FrozenLayers(Layer model) {
        this.model = model;
    }

    /** Those that the model does not train: no way that leads to them is without a frozen layer. */
    Set<Layer> all() {
        Set<Layer> trained = new HashSet<>();
        if (model.trainable()) {
            addTrained(model, trained);
        }
        Set<Layer> frozen = new HashSet<>();
        visit("", model, (path, layer) -> {
            if (!trained.contains(layer)) {
                frozen.add(layer);
            }
        });
        return frozen;
    }

    private static void addTrained(Layer layer, Set<Layer> trained) {
        if (!layer.isFrozen() && trained.add(layer)) {
            for (Layer child : layer.layers().values()) {
                if (!layer.isFrozen(child)) {
                    addTrained(child, trained);
                }
            }
        }
    }

    private static void visit(String path, Layer layer, BiConsumer<String, Layer> visitor) {
        visitor.accept(path, layer);
        layer.layers().forEach((name, child) -> visit(path + "/" + name, child, visitor));
    }

    @Override
    public void saveState(Stateful.Writer out) {
        List<String> everywhere = new ArrayList<>();
        List<String> here = new ArrayList<>();
        visit("", model, (path, layer) -> {
            if (layer.isFrozen()) {
                everywhere.add(path);
            }
            layer.layers().forEach((name, child) -> {
                if (layer.isFrozen(child)) {
                    here.add(path + "/" + name);
                }
            });
        });
        out.put(FROZEN, everywhere);
        out.put(FROZEN_HERE, here);
    }

    @Override
    public void loadState(Stateful.Reader in) {
        Set<String> everywhere = Set.copyOf(in.getStrings(FROZEN));
        Set<String> here = in.has(FROZEN_HERE) ? Set.copyOf(in.getStrings(FROZEN_HERE)) : Set.of();
        visit("", model, (path, layer) -> {
            layer.trainable(!everywhere.contains(path));
            layer.layers().forEach((name, child) -> layer.trainable(child, !here.contains(path + "/" + name)));
        });
    }
}
