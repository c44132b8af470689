package io.github.tapeloop.step;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;

/**
 * What the inputs of a model have looked like: the shapes used last, the first dimension open, each once. Data of other names,
 * types or ranks is another one: what was seen before is forgotten.
 */
public final class SeenInputs {

    /** How many shapes are remembered. */
    private static final int MOST = 32;

    /** The one that came longest ago comes first. */
    private final Set<Map<String, Spec>> kinds = new LinkedHashSet<>();

    private Map<String, Spec> last = Map.of();

    /** Looks at the inputs of a step. */
    void see(Map<String, ? extends Operand<?>> inputs) {
        if (inputs.size() == last.size() && inputs.entrySet().stream().allMatch(this::isAsBefore)) {
            return;
        }
        Map<String, Spec> now = new LinkedHashMap<>();
        inputs.forEach((name, input) -> now.put(name, new Spec(Tensors.dataType(input), Tensors.shape(input))));
        willSee(now);
    }

    /** Remembers what inputs will look like. */
    public void willSee(Map<String, Spec> inputs) {
        Map<String, Spec> now = new LinkedHashMap<>();
        inputs.forEach((name, spec) -> now.put(name, new Spec(spec.type(), open(spec.shape()))));
        if (!isSameData(last, now)) {
            kinds.clear();
        }
        last = Collections.unmodifiableMap(now);
        kinds.remove(last);
        kinds.add(last);
        if (kinds.size() > MOST) {
            kinds.remove(kinds.iterator().next());
        }
    }

    private boolean isAsBefore(Map.Entry<String, ? extends Operand<?>> input) {
        Spec spec = last.get(input.getKey());
        Shape shape = Tensors.shape(input.getValue());
        if (spec == null
                || spec.type() != Tensors.dataType(input.getValue())
                || spec.shape().numDimensions() != shape.numDimensions()) {
            return false;
        }
        for (int i = 1; i < shape.numDimensions(); i++) {
            if (spec.shape().get(i) != shape.get(i)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSameData(Map<String, Spec> one, Map<String, Spec> other) {
        return one.keySet().equals(other.keySet())
                && one.entrySet().stream().allMatch(input -> {
                    Spec spec = other.get(input.getKey());
                    return spec.type() == input.getValue().type()
                            && spec.shape().numDimensions()
                                    == input.getValue().shape().numDimensions();
                });
    }

    private static Shape open(Shape shape) {
        return shape.numDimensions() < 1 ? shape : shape.tail().prepend(Shape.UNKNOWN_SIZE);
    }

    /** By name, in the order of the data, each shape that was seen; none if no step asked for its inputs by name. */
    public List<Map<String, Spec>> kinds() {
        return List.copyOf(kinds);
    }
}
