package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.Precision;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Runs a step that names scalars, adds them to the scores and gives back the first by name. */
record ScoredStep(CustomStep step, Scores scores, long seed, Precision precision) implements Step {

    @Override
    public Map<String, Operand<TFloat32>> run(Ops tf, Batch batch, Supplier<Operand<TInt64>> number) {
        Map<String, ? extends Operand<? extends TNumber>> named =
                step.run(new StepContext(tf, seed, number, precision), batch);
        if (named == null || named.isEmpty()) {
            throw new IllegalStateException("The step returned nothing: return the scalars to log by name, such as"
                    + " Map.of(\"loss\", loss)");
        }
        TreeMap<String, Operand<? extends TNumber>> sorted =
                new TreeMap<>(named); // Map.of has an order of its own each run.
        scores.update(tf, sorted, batch.examples(tf));
        String result = sorted.containsKey(Scores.LOSS) ? Scores.LOSS : sorted.firstKey();
        return Map.of(result, Precision.full(tf, sorted.get(result)));
    }
}
