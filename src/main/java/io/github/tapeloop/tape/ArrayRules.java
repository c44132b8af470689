package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Shapes, copies and variables. */
final class ArrayRules {

    private ArrayRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Identity", ArrayRules::identity);
        rules.put("ReadVariableOp", ArrayRules::identity);
        rules.put("EnsureShape", ArrayRules::identity);
        rules.put("PlaceholderWithDefault", ArrayRules::identity);
        rules.put("Print", ArrayRules::identity);
        rules.put("CheckNumericsV2", ArrayRules::identity);
        rules.put("DebugIdentityV2", ArrayRules::identity);
        rules.put("DebugGradientIdentity", ArrayRules::identity);
        rules.put("DebugGradientRefIdentity", ArrayRules::identity);
        rules.put("_EagerConst", ArrayRules::identity);
        rules.put("IdentityN", ArrayRules::identities);
        rules.put("PreventGradient", ArrayRules::prevented);
        rules.put("ConjugateTranspose", ArrayRules::conjugateTranspose);
        rules.put("Reshape", ArrayRules::reshape);
        rules.put("ExpandDims", ArrayRules::reshape);
        rules.put("Squeeze", ArrayRules::reshape);
        rules.put("Cast", ArrayRules::cast);
        rules.put("BroadcastTo", ArrayRules::broadcastTo);
    }

    private static void identity(Ops tf, OpGradient op) {
        op.propagate(0, () -> op.gradient(0));
    }

    private static void identities(Ops tf, OpGradient op) {
        for (int i = 0; i < op.inputs(); i++) {
            int input = i;
            op.propagate(i, () -> op.gradient(input));
        }
    }

    /** Whoever put the op there wants no gradient to be asked for, and may say why. */
    private static void prevented(Ops tf, OpGradient op) {
        String why = op.attribute("message", String.class).orElse("");
        throw new GradientException("no gradient may be asked for here" + (why.isEmpty() ? "" : ": " + why));
    }

    private static void conjugateTranspose(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TNumber> order = op.input(1);
            return RawOps.make(tf, "ConjugateTranspose", op.gradient(0), tf.math.invertPermutation(order));
        });
    }

    private static void reshape(Ops tf, OpGradient op) {
        op.propagate(0, () -> tf.reshape(op.gradient(0), shapeOf(tf, op.input(0))));
    }

    private static void cast(Ops tf, OpGradient op) {
        op.propagate(
                0, () -> RawOps.cast(tf, op.gradient(0), op.input(0).asOutput().dataType()));
    }

    private static void broadcastTo(Ops tf, OpGradient op) {
        op.propagate(0, () -> Broadcasting.reduceTo(tf, op.gradient(0), op.input(0)));
    }

    private static Operand<? extends TNumber> shapeOf(Ops tf, Operand<?> operand) {
        Shape shape = Tensors.shape(operand);
        if (shape.hasUnknownDimension()) {
            return tf.shape(operand);
        }
        Operand<TInt64> known = tf.constant(shape.asArray());
        return known;
    }
}
