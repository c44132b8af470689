package io.github.tapeloop.runtime;

import java.util.Map;
import org.tensorflow.GraphOperation;
import org.tensorflow.Output;
import org.tensorflow.RawTensor;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/** Calls that TensorFlow does not refuse but dies of, and the whole process with it. */
final class FatalCalls {

    /** Of a tensor in TensorFlow. */
    private static final int MAX_RANK = 254;

    private static final Map<String, Check> BY_TYPE = Map.of(
            "Transpose", FatalCalls::negativeAxis,
            "ConjugateTranspose", FatalCalls::negativeAxis,
            "CTCLoss", FatalCalls::noClasses);

    private FatalCalls() {}

    /** Looks at what is known in Java already: it runs in every step. */
    @FunctionalInterface
    interface Check {

        /** What is wrong with a call that has all its inputs, or null. */
        String reason(OpCall call);
    }

    /** The check of an op type; null for the many without. */
    static Check of(String type) {
        return BY_TYPE.get(type);
    }

    /** @throws OpException if the check finds something wrong */
    static void refuse(OpCall call, Check check) {
        String reason = check.reason(call);
        if (reason != null) {
            throw EagerExecutor.failure(call, reason);
        }
    }

    private static String negativeAxis(OpCall call) {
        return hasNegative(call.input(1))
                ? "its permutation has a negative number: count the axes from the front, from 0 to rank - 1"
                : null;
    }

    private static String noClasses(OpCall call) {
        Shape logits = Tensors.shape(call.input(0));
        return logits.numDimensions() == 3 && logits.get(2) == 0
                ? "it takes logits [time, batch, classes] with at least one class, the blank"
                : null;
    }

    private static boolean hasNegative(Output<?> output) {
        if (TensorFlowInternals.handle(output) instanceof OwnedHandle handle) {
            return handle.negative;
        }
        if (output.op() instanceof GraphOperation operation && operation.type().equals("Const")) {
            try (RawTensor value = operation.attributes().getAttrTensor("value").asRawTensor()) {
                return hasNegative(TensorFlowInternals.typed(value));
            }
        }
        return false;
    }

    /** Whether a constant is a vector of whole numbers, as many as there can be axes, and one is negative. */
    static boolean hasNegative(Tensor constant) {
        if (constant.rank() != 1 || constant.size() > MAX_RANK) {
            return false;
        }
        boolean found = false;
        if (constant instanceof TInt32 axes) {
            for (int i = 0; i < axes.size(); i++) {
                found |= axes.getInt(i) < 0;
            }
        } else if (constant instanceof TInt64 axes) {
            for (int i = 0; i < axes.size(); i++) {
                found |= axes.getLong(i) < 0;
            }
        }
        return found;
    }
}
