package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import java.util.Map;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** What is done with a batch, in terms of ops only: it can run at once or be traced into a graph. */
@FunctionalInterface
interface Step {

    /**
     * Makes the ops of one step.
     *
     * @param number makes the number of this step in the life of the trainer, for the seeds of random ops
     * @return the loss of a training or test step, the predictions of a prediction step; the same names each time
     */
    Map<String, Operand<TFloat32>> run(Ops tf, Batch batch, Supplier<Operand<TInt64>> number);
}
