package io.github.tapeloop.step;

import io.github.tapeloop.CustomStep;
import io.github.tapeloop.data.Batch;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TNumber;

/**
 * A step of the user's, whose named scalars are logged.
 *
 * @param scores average what it names
 */
public record LoggedStep(CustomStep step, Scores scores) implements StepBody {

    @Override
    public Map<String, ? extends Operand<? extends TNumber>> run(StepRun run, Batch batch) {
        Map<String, ? extends Operand<? extends TNumber>> named = step.run(run, batch);
        if (named == null || named.isEmpty()) {
            throw new IllegalStateException("The step returned nothing: return the scalars to log by name, such as"
                    + " Map.of(\"loss\", loss)");
        }
        SortedMap<String, Operand<? extends TNumber>> sorted =
                new TreeMap<>(named); // Map.of has an order of its own each run.
        scores.update(run.tf(), sorted, batch.examples(run.tf()));
        return sorted;
    }
}
