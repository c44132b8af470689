package io.github.tapeloop.serving;

import io.github.tapeloop.op.DecodedSteps;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * A prediction for some steps of a series that follow others: of their ids, how many came before, which of them is the last that
 * counts, and what was kept of those before. It gives the scores of the last one, [batch, …], and what is to be kept of these.
 */
final class DecodedBody implements ServedGraph.Body {

    /** Names that no input of a model has, as they are sorted: the outputs in their order. */
    private static final String OUTPUT = "decoded %05d";

    /** How many inputs there are before what is kept. */
    static final int OWN_INPUTS = 3;

    private static final String BEFORE = "steps before";
    private static final String LAST = "last step";

    private final ServedGraph.Body whole;
    private final String ids;
    private final DataType type;
    private final int steps;
    /** Null before it is traced. */
    private DecodedSteps traced;

    /**
     * @param whole predicts for a series
     * @param ids the name of its only input
     * @param steps how many
     */
    DecodedBody(ServedGraph.Body whole, String ids, DataType type, int steps) {
        this.whole = whole;
        this.ids = ids;
        this.type = type;
        this.steps = steps;
    }

    /** What goes in besides what is kept. */
    Map<String, Spec> inputs() {
        Map<String, Spec> inputs = new LinkedHashMap<>();
        inputs.put(ids, new Spec(type, Shape.of(Shape.UNKNOWN_SIZE, steps)));
        inputs.put(BEFORE, new Spec(DataType.DT_INT64, Shape.scalar()));
        inputs.put(LAST, new Spec(DataType.DT_INT64, Shape.scalar()));
        return inputs;
    }

    @Override
    @SuppressWarnings("unchecked") // Of the types that were asked for.
    public Map<String, ? extends Operand<?>> predict(Ops tf, Map<String, Operand<?>> inputs) {
        Map<String, Operand<?>> outputs = new LinkedHashMap<>();
        try (DecodedSteps decoded = DecodedSteps.begin(tf, steps, (Operand<TInt64>) inputs.get(BEFORE))) {
            traced = decoded;
            Operand<?> all = onlyOutput(whole.predict(tf, Map.of(ids, inputs.get(ids))));
            requireSteps(all);
            Operand<TFloat32> scores = Tensors.cast(tf, all, TFloat32.class);
            outputs.put(name(0), tf.gather(scores, (Operand<TInt64>) inputs.get(LAST), tf.constant(1)));
            decoded.caches().forEach(cache -> outputs.put(name(outputs.size()), cache.now()));
        }
        return outputs;
    }

    @Override
    public Map<String, Operand<?>> fed() {
        Map<String, Operand<?>> kept = new LinkedHashMap<>();
        traced.caches().forEach(cache -> kept.put("kept " + kept.size(), cache.before()));
        return kept;
    }

    private static String name(int place) {
        return String.format(Locale.ROOT, OUTPUT, place);
    }

    private static Operand<?> onlyOutput(Map<String, ? extends Operand<?>> outputs) {
        if (outputs.size() != 1) {
            throw new IllegalStateException(
                    "Expected a model of one output, the scores of what comes next, got " + outputs.keySet());
        }
        return outputs.values().iterator().next();
    }

    private void requireSteps(Operand<?> scores) {
        Shape shape = Tensors.shape(scores);
        if (shape.numDimensions() != 3 || shape.get(1) != steps || shape.get(2) == Shape.UNKNOWN_SIZE) {
            throw new IllegalStateException("Expected scores for each step, [batch, " + steps + ", vocabulary] for "
                    + steps + " steps, got " + Tensors.describe(scores));
        }
    }

    /** How long a series may be. */
    long mostSteps() {
        return traced.mostSteps();
    }

    /** So many ids, from 0 on, the model knows, as far as it has said. */
    int knownIds() {
        return traced.ids();
    }
}
