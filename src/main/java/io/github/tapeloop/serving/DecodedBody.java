package io.github.tapeloop.serving;

import io.github.tapeloop.op.DecodedSteps;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * A prediction for some steps of a series that follow others: of their ids, inputs that stay the same, how many came before, which of
 * them is the last that counts, and what was kept of those before. It gives the scores of the last one, [batch, …], and what is to be kept of these.
 */
final class DecodedBody implements ServedGraph.Body {

    /** Names that no input of a model has, as they are sorted: the outputs in their order. */
    private static final String OUTPUT = "decoded %05d";

    /** How many inputs there are besides those of the model. */
    static final int OWN_INPUTS = 2;

    private static final String BEFORE = "steps before";
    private static final String LAST = "last step";

    private final ServedGraph.Body whole;
    private final Map<String, Spec> kind;
    private final String ids;
    private final int steps;
    /** Null before it is traced. */
    private DecodedSteps traced;

    /**
     * @param whole predicts for a series
     * @param kind what it takes
     * @param ids the name of the series, [batch, steps]; other inputs stay the same
     * @param steps how many
     */
    DecodedBody(ServedGraph.Body whole, Map<String, Spec> kind, String ids, int steps) {
        this.whole = whole;
        this.kind = kind;
        this.ids = ids;
        this.steps = steps;
    }

    /** What goes in besides what is kept: the inputs of the model in their order, how many steps there were, the last one. */
    Map<String, Spec> inputs() {
        Map<String, Spec> inputs = ofSteps(kind, ids, steps);
        inputs.put(BEFORE, new Spec(DataType.DT_INT64, Shape.scalar()));
        inputs.put(LAST, new Spec(DataType.DT_INT64, Shape.scalar()));
        return inputs;
    }

    /** The inputs of a model with so many steps of the series. */
    static Map<String, Spec> ofSteps(Map<String, Spec> kind, String ids, int steps) {
        Map<String, Spec> inputs = new LinkedHashMap<>(kind);
        inputs.put(ids, new Spec(kind.get(ids).type(), Shape.of(Shape.UNKNOWN_SIZE, steps)));
        return inputs;
    }

    @Override
    @SuppressWarnings("unchecked") // Of the types that were asked for.
    public Map<String, ? extends Operand<?>> predict(Ops tf, Map<String, Operand<?>> inputs) {
        Map<String, Operand<?>> own = new LinkedHashMap<>(inputs);
        Operand<TInt64> before = (Operand<TInt64>) own.remove(BEFORE);
        Operand<TInt64> last = (Operand<TInt64>) own.remove(LAST);
        Map<String, Operand<?>> outputs = new LinkedHashMap<>();
        try (DecodedSteps decoded = DecodedSteps.begin(tf, own.get(ids), own.size() == 1, steps, before)) {
            traced = decoded;
            Operand<?> all = onlyOutput(whole.predict(tf, own));
            requireSteps(all);
            Operand<TFloat32> scores = Tensors.cast(tf, all, TFloat32.class);
            outputs.put(name(0), tf.gather(scores, last, tf.constant(1)));
            decoded.caches().forEach(cache -> outputs.put(name(outputs.size()), cache.now()));
        }
        return outputs;
    }

    @Override
    public Map<String, Operand<?>> fed() {
        Map<String, Operand<?>> kept = new LinkedHashMap<>();
        traced.caches().forEach(cache -> kept.put("kept " + kept.size(), cache.before()));
        traced.constants().forEach(cache -> kept.put("constant " + kept.size(), cache.before()));
        return kept;
    }

    @Override
    public List<Operand<?>> constants() {
        return traced.constants().stream()
                .<Operand<?>>map(DecodedSteps.Cache::now)
                .toList();
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
        return traced.knownIds();
    }
}
