package io.github.tapeloop.serving;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** What callers give, looked at and made into the inputs of a graph. Immutable. */
public final class Examples {

    private final List<Map<String, Spec>> kinds;

    /**
     * The inputs of a call.
     *
     * @param kind which part of the graph takes them
     * @param tensors in its order
     */
    public record Given(int kind, List<TType> tensors) {

        /** How many examples there are. */
        int examples() {
            return Math.toIntExact(tensors.get(0).shape().get(0));
        }

        /** What one example looks like, of each input. */
        List<Shape> exampleShapes() {
            return tensors.stream().map(tensor -> tensor.shape().tail()).toList();
        }
    }

    /** @param kinds what the graph takes, by name, of each kind */
    public Examples(List<Map<String, Spec>> kinds) {
        this.kinds = kinds;
    }

    /** One kind that takes what any of some do: dimensions in which they differ are open. */
    public static Map<String, Spec> open(List<Map<String, Spec>> kinds) {
        Map<String, Spec> open = new LinkedHashMap<>(kinds.get(0));
        kinds.forEach(kind -> kind.forEach((name, spec) ->
                open.merge(name, spec, (one, other) -> new Spec(one.type(), open(one.shape(), other.shape())))));
        return open;
    }

    private static Shape open(Shape one, Shape other) {
        long[] dimensions = one.asArray();
        Arrays.setAll(dimensions, i -> dimensions[i] == other.get(i) ? dimensions[i] : Shape.UNKNOWN_SIZE);
        return Shape.of(dimensions);
    }

    /**
     * The only input of some examples, row-major.
     *
     * @return [examples, …], whose tensor is to be closed by the caller
     * @throws IllegalArgumentException if the graph takes something else
     */
    public Given of(float[][] rows) {
        String name = onlyInput();
        requireEqualLengths(name, rows);
        for (int kind = 0; kind < kinds.size(); kind++) {
            long[] dimensions = dimensions(kinds.get(kind).get(name), rows);
            if (dimensions != null) {
                return new Given(kind, List.of(tensor(Shape.of(dimensions), rows)));
            }
        }
        throw new IllegalArgumentException(
                "Input '" + name + "' takes " + describe(name) + ", the first for the examples, got " + rows[0].length
                        + " floats for each example: give as many as that is, or a Batch of that shape");
    }

    private static TFloat32 tensor(Shape shape, float[][] rows) {
        return TFloat32.tensorOf(shape, tensor -> {
            if (rows[0].length > 0) {
                FloatDataBuffer to = tensor.asRawTensor().data().asFloats();
                for (int i = 0; i < rows.length; i++) {
                    to.offset((long) i * rows[i].length).write(rows[i]);
                }
            }
        });
    }

    private String onlyInput() {
        Map<String, Spec> inputs = kinds.get(0);
        if (inputs.size() != 1) {
            throw new IllegalArgumentException("The model has the inputs " + inputs.keySet()
                    + ": give a Batch.of(inputs by name, Map.of()), or a record and its Fields");
        }
        String name = inputs.keySet().iterator().next();
        if (inputs.get(name).type() != DataType.DT_FLOAT) {
            throw new IllegalArgumentException(
                    "Input '" + name + "' takes " + describe(name) + " and no floats: give a Batch of that type");
        }
        return name;
    }

    private String describe(String name) {
        return kinds.stream().map(kind -> String.valueOf(kind.get(name))).collect(Collectors.joining(" or "));
    }

    private static void requireEqualLengths(String name, float[][] rows) {
        if (rows.length == 0) {
            throw new IllegalArgumentException("Expected one example at least for input '" + name + "', got none");
        }
        for (float[] row : rows) {
            if (row.length != rows[0].length) {
                throw new IllegalArgumentException("Expected examples of one length for input '" + name + "', got "
                        + rows[0].length + " and " + row.length + " floats: pad them, or predict one by one");
            }
        }
    }

    /** The dimensions of rows that a spec takes; null if it does not. */
    private static long[] dimensions(Spec spec, float[][] rows) {
        long[] dimensions = spec.shape().asArray();
        dimensions[0] = rows.length;
        long known = 1;
        int open = -1;
        for (int i = 1; i < dimensions.length; i++) {
            if (dimensions[i] != Shape.UNKNOWN_SIZE) {
                known *= dimensions[i];
            } else if (open < 0) {
                open = i;
            } else {
                return null;
            }
        }
        if (open < 0) {
            return rows[0].length == known ? dimensions : null;
        }
        dimensions[open] = known == 0 ? 0 : rows[0].length / known;
        return dimensions[open] * known == rows[0].length ? dimensions : null;
    }

    /**
     * The inputs of a batch.
     *
     * @return tensors that stay the batch's
     * @throws IllegalArgumentException if one is missing, or of another type or shape
     */
    public Given of(Batch batch) {
        Map<String, Spec> first = kinds.get(0);
        if (!first.keySet().containsAll(batch.inputNames())
                || batch.inputNames().size() != first.size()) {
            throw new IllegalArgumentException("Expected the inputs " + first.keySet() + ", got " + batch.inputNames());
        }
        List<TType> tensors = new ArrayList<>(first.size());
        first.keySet().forEach(name -> tensors.add(batch.inputTensor(name)));
        for (int kind = 0; kind < kinds.size(); kind++) {
            if (misfit(kinds.get(kind), tensors) == null) {
                return new Given(kind, tensors);
            }
        }
        String name = misfit(first, tensors);
        TType tensor = batch.inputTensor(name);
        throw new IllegalArgumentException("Input '" + name + "' takes " + describe(name)
                + ", the first for the examples, got " + Tensors.name(tensor.dataType()) + " " + tensor.shape());
    }

    /** The name of the first input that does not fit; null if all do. */
    private static String misfit(Map<String, Spec> specs, List<TType> tensors) {
        int place = 0;
        for (Map.Entry<String, Spec> input : specs.entrySet()) {
            TType tensor = tensors.get(place++);
            Spec spec = input.getValue();
            if (tensor.dataType() != spec.type() || !spec.shape().isCompatibleWith(tensor.shape())) {
                return input.getKey();
            }
        }
        return null;
    }
}
