package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;

/**
 * What a step traced for one batch must find in another to run on it: the same columns, of the same types and shapes.
 *
 * @param specs of the inputs, the targets, the sample weights if there are any
 */
record BatchKind(List<String> inputs, List<String> targets, List<Spec> specs) {

    /** @param operands those of the batch */
    static BatchKind of(Batch batch, List<Operand<?>> operands) {
        return new BatchKind(
                batch.inputNames(),
                batch.targetNames(),
                operands.stream().map(Spec::of).toList());
    }

    /** The same for batches of any size. */
    BatchKind open() {
        return new BatchKind(
                inputs, targets, specs.stream().map(BatchKind::open).toList());
    }

    private static Spec open(Spec spec) {
        return new Spec(spec.type(), spec.shape().tail().prepend(Shape.UNKNOWN_SIZE));
    }

    @Override
    public String toString() {
        return inputs + " to " + targets + " " + specs;
    }
}
