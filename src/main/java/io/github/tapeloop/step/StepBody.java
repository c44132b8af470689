package io.github.tapeloop.step;

import io.github.tapeloop.data.Batch;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TNumber;

/** The body of a step in terms of ops only: it can run at once or be traced into a graph. */
@FunctionalInterface
public interface StepBody {

    /**
     * Makes the ops of one step.
     *
     * @param step the step under way
     * @param batch the examples
     * @return the losses of a training or test step, the predictions of a prediction step; the same names each time
     */
    Map<String, ? extends Operand<? extends TNumber>> run(StepRun step, Batch batch);

    /** Whether it can be run once more for a look at it: a step of the user's may count its runs. */
    default boolean isShowable() {
        return false;
    }
}
