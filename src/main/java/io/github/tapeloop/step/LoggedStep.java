package io.github.tapeloop.step;

import io.github.tapeloop.CustomStep;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.warning.Warnings;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * A step of the user's, whose named scalars are logged.
 *
 * @param scores average what it names
 */
public record LoggedStep(CustomStep step, Scores scores) implements StepBody {

    private static final int MOST_NAMES = 3;

    @Override
    public Map<String, ? extends Operand<? extends TNumber>> run(StepRun run, Batch batch) {
        Map<String, ? extends Operand<? extends TNumber>> named = step.run(run, batch);
        if (named == null || named.isEmpty()) {
            throw new IllegalStateException("The step returned nothing: return the scalars to log by name, such as"
                    + " Map.of(\"loss\", loss)");
        }
        warnOfDroppedLosses(run);
        SortedMap<String, Operand<? extends TNumber>> sorted =
                new TreeMap<>(named); // Map.of has an order of its own each run.
        scores.update(run.tf(), sorted, batch.examples(run.tf()));
        return sorted;
    }

    private static void warnOfDroppedLosses(StepRun run) {
        List<Operand<TFloat32>> dropped = run.droppedLosses();
        if (!dropped.isEmpty()) {
            List<String> makers = dropped.stream()
                    .limit(MOST_NAMES)
                    .map(loss -> "'" + loss.op().name() + "'")
                    .toList();
            Warnings.warn(
                    LoggedStep.class,
                    "The step leaves out what layers have added to the loss, such as regularizers, so it does not train for"
                            + " that: " + dropped.size() + " added, of ops " + String.join(", ", makers)
                            + (dropped.size() > MOST_NAMES ? ", …" : "")
                            + ". Minimise pass.totalLoss(loss) in place of loss");
        }
    }
}
