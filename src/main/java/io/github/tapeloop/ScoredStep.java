package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TNumber;

/** A step that names scalars, and adds them to the scores. */
record ScoredStep(CustomStep step, Scores scores) implements CustomStep {

    @Override
    public Map<String, ? extends Operand<? extends TNumber>> run(StepContext context, Batch batch) {
        Map<String, ? extends Operand<? extends TNumber>> named = step.run(context, batch);
        if (named == null || named.isEmpty()) {
            throw new IllegalStateException("The step returned nothing: return the scalars to log by name, such as"
                    + " Map.of(\"loss\", loss)");
        }
        SortedMap<String, Operand<? extends TNumber>> sorted =
                new TreeMap<>(named); // Map.of has an order of its own each run.
        scores.update(context.tf(), sorted, batch.examples(context.tf()));
        return sorted;
    }
}
