package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.serving.MicroBatches;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * How a {@link Predictor} serves a model. Immutable: each method returns a changed copy.
 *
 * <pre>{@code
 * Serving.of().labels("setosa", "versicolor", "virginica")
 * }</pre>
 */
public final class Serving {

    /** How many shapes of inputs there are at most: each has a graph of its own. */
    private static final int MOST = 32;

    private final List<Map<String, Spec>> kinds;
    private final List<String> labels;
    private final int mostExamples;
    private final Duration delay;
    private final boolean decoding;
    /** Null if it is the only input. */
    private final String written;

    private Serving(
            List<Map<String, Spec>> kinds,
            List<String> labels,
            int mostExamples,
            Duration delay,
            boolean decoding,
            String written) {
        this.kinds = kinds;
        this.labels = labels;
        this.mostExamples = mostExamples;
        this.delay = delay;
        this.decoding = decoding;
        this.written = written;
    }

    /**
     * The usual way: inputs as the trainer has seen them, classes without names.
     *
     * @return options
     */
    public static Serving of() {
        return new Serving(List.of(), List.of(), 1, Duration.ZERO, false, null);
    }

    /**
     * Says what the only input looks like, named {@code input}: float32. Without this it is as the trainer has seen its data.
     *
     * @param examples the shape of one example, without the batch; -1 for a dimension that may differ from call to call. Several
     *     where the model needs to know dimensions that differ all the same, as recurrent layers do: the lengths to pad to
     * @return changed options
     * @throws IllegalArgumentException for no shape, or if the input has been told already
     */
    public Serving input(Shape... examples) {
        return input(Model.INPUT, DataType.DT_FLOAT, examples);
    }

    /**
     * Says what an input looks like. Of a model with several all are told, with as many shapes for each: the first ones go
     * together, and so on.
     *
     * @param name as the data has it
     * @param type of its elements, {@code DT_INT32} for ids
     * @param examples the shape of one example, or several, as in {@link #input(Shape...)}
     * @return changed options
     * @throws IllegalArgumentException for no shape, a name that an input has already, or another number of shapes than before
     */
    public Serving input(String name, DataType type, Shape... examples) {
        if (examples.length == 0 || examples.length > MOST) {
            throw new IllegalArgumentException(
                    "Expected 1 to " + MOST + " shapes of examples for input '" + name + "', got " + examples.length);
        }
        if (!kinds.isEmpty() && kinds.get(0).containsKey(name)) {
            throw new IllegalArgumentException("Two inputs are named '" + name + "': say what each is once");
        }
        if (!kinds.isEmpty() && kinds.size() != examples.length) {
            throw new IllegalArgumentException("Expected " + kinds.size() + " shapes for input '" + name
                    + "', as for those before, got " + examples.length);
        }
        List<Map<String, Spec>> all = new ArrayList<>();
        for (int i = 0; i < examples.length; i++) {
            Map<String, Spec> kind = new LinkedHashMap<>(kinds.isEmpty() ? Map.of() : kinds.get(i));
            kind.put(name, new Spec(type, examples[i].prepend(Shape.UNKNOWN_SIZE)));
            all.add(Collections.unmodifiableMap(kind));
        }
        return new Serving(List.copyOf(all), labels, mostExamples, delay, decoding, written);
    }

    /**
     * Names the classes, for {@link Predictor#classify}.
     *
     * @param names in the order of the model's outputs, two at least, each once
     * @return changed options
     * @throws IllegalArgumentException for fewer than two, or a name that comes twice
     */
    public Serving labels(String... names) {
        List<String> all = List.of(names);
        if (all.size() < 2 || all.stream().distinct().count() < all.size()) {
            throw new IllegalArgumentException("Expected two labels at least, each another, got " + all);
        }
        return new Serving(kinds, all, mostExamples, delay, decoding, written);
    }

    /**
     * Runs calls of several threads as one batch: worth it where an example takes much less time in a batch than alone, as with
     * large networks, or on a GPU. A small network answers sooner without. The first call of a batch waits for others; an example
     * that fails does not harm those beside it.
     *
     * @param examples how many a batch has at most, at least 2
     * @param wait how long the first call waits at most, which is how much later it may be answered; above 0
     * @return changed options
     * @throws IllegalArgumentException for fewer examples, or no time
     */
    public Serving microBatches(int examples, Duration wait) {
        if (examples < 2 || wait.isNegative() || wait.isZero()) {
            throw new IllegalArgumentException(
                    "Expected batches of 2 examples at least and some time to wait for them, got " + examples + " and "
                            + wait);
        }
        return new Serving(kinds, labels, examples, wait, decoding, written);
    }

    /**
     * Has the predictor write series step by step, too, by {@link Predictor#decoding}: a language model. That takes a model of one
     * input, ids [batch, steps] of type int32, int64 or float32, and one output, the scores of what comes next, [batch, steps,
     * vocabulary], which computes each step from those so far: by layers that work on each step by itself, such as {@code Dense},
     * by self-attention with {@code useCausalMask(true)}, as in a {@code TransformerDecoder} behind no encoder, and by the layers
     * for positions. Layers that mix steps otherwise are refused by their names when the predictor is made. For layers of one's own,
     * series of some ids are written both ways, by these weights and by those of each refresh: if they differ by more than rounding,
     * the model, or the refresh, is refused.
     *
     * @return changed options
     */
    public Serving decoding() {
        return new Serving(kinds, labels, mostExamples, delay, true, null);
    }

    /**
     * The same for a model of several inputs, such as an encoder and a decoder: one is written, the others stay the same meanwhile
     * and are given by {@link Predictor#decoding(int, Batch)}. What attends to them, a {@code TransformerDecoder} behind an encoder,
     * computes their keys and values once, and so does the encoder.
     *
     * @param input the name of the series that is written
     * @return changed options
     */
    public Serving decoding(String input) {
        return new Serving(
                kinds,
                labels,
                mostExamples,
                delay,
                true,
                Objects.requireNonNull(input, "input: the name of the series"));
    }

    /** The name of the series that is written; null if it is the only input. */
    String written() {
        return written;
    }

    /** Whether series are to be written step by step. */
    boolean decodes() {
        return decoding;
    }

    /** What runs calls together, of this predictor alone; empty if nothing does. */
    Optional<MicroBatches> batches() {
        return mostExamples == 1 ? Optional.empty() : Optional.of(new MicroBatches(mostExamples, delay));
    }

    /** What inputs look like; none if that was not said. */
    List<Map<String, Spec>> kinds() {
        return kinds;
    }

    /** None if classes have no names. */
    List<String> labels() {
        return labels;
    }

    /** Names the inputs, and the labels if there are any. */
    @Override
    public String toString() {
        return "Serving" + kinds + (labels.isEmpty() ? "" : ", labels " + labels) + (decoding ? ", decoding" : "");
    }
}
