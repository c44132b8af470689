package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.family.TNumber;

/** Matrix products. */
final class LinalgRules {

    private LinalgRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("MatMul", LinalgRules::matMul);
    }

    private static <T extends TNumber> void matMul(Ops tf, OpGradient op) {
        boolean ta = op.op().flag("transpose_a");
        boolean tb = op.op().flag("transpose_b");
        Operand<T> a = op.input(0);
        Operand<T> b = op.input(1);
        Operand<T> dy = op.gradient(0);
        op.propagate(0, () -> ta ? product(tf, b, tb, dy, true) : product(tf, dy, false, b, !tb));
        op.propagate(1, () -> tb ? product(tf, dy, true, a, ta) : product(tf, a, !ta, dy, false));
    }

    private static <T extends TNumber> Operand<T> product(
            Ops tf, Operand<T> a, boolean transposeA, Operand<T> b, boolean transposeB) {
        return tf.linalg.matMul(a, b, MatMul.transposeA(transposeA), MatMul.transposeB(transposeB));
    }
}
