package io.github.tapeloop.execution;

import io.github.tapeloop.runtime.OpException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The message of a step that failed: what TensorFlow says of the op, and what to do about it. */
final class FailedStep {

    /** By words of TensorFlow's, what helps. */
    private static final Map<String, String> CURES = new LinkedHashMap<>();

    static {
        CURES.put("label value of", "Count classes from 0, and give the last layer as many units as there are classes");
        CURES.put(
                "is not in [0,",
                "Ids count from 0: give the Embedding an inputDim above the largest of them, or mend the ids in the data");
        CURES.put(
                "OOM when allocating",
                "Take smaller batches, or let blocks be computed again by pass.repeatable(…, Recompute::call)");
    }

    /** What TensorFlow Java says to who reads a value in a graph. */
    private static final String NO_VALUE = "Graph tensors must be fetched";

    private FailedStep() {}

    /** The failure with what helps, if that is known. */
    static OpException withCure(OpException failure) {
        for (Map.Entry<String, String> cure : CURES.entrySet()) {
            if (failure.getMessage().contains(cure.getKey())
                    && !failure.getMessage().contains(cure.getValue())) {
                return new OpException(failure, cure.getValue());
            }
        }
        return failure;
    }

    /** A failure of the Java code that is traced: what it must not do is said in other words than TensorFlow Java's. */
    static RuntimeException whileTracing(String step, RuntimeException failure) {
        if (failure instanceof IllegalStateException
                && String.valueOf(failure.getMessage()).contains(NO_VALUE)) {
            return new IllegalStateException(
                    "The model, a loss or a metric reads a value, by asTensor() or the like, while " + step
                            + " is compiled: there are no values then. Compute with ops of tf, such as tf.select for an if;"
                            + " or leave compiled() out, or use compiled(Compilation.verify(n)), which goes on op by op",
                    failure);
        }
        return failure;
    }
}
