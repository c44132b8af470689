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
        rules.put("BatchMatMul", LinalgRules::batchMatMul); // C++ makes a version that takes no float16 on a CPU.
        rules.put("BatchMatMulV2", LinalgRules::batchMatMul);
    }

    private static <T extends TNumber> void matMul(Ops tf, OpGradient op) {
        boolean ta = op.flag("transpose_a");
        boolean tb = op.flag("transpose_b");
        Operand<T> dy = op.gradient(0);
        op.propagate(0, () -> {
            Operand<T> b = RawOps.conj(tf, op.input(1));
            return ta ? product(tf, b, tb, dy, true) : product(tf, dy, false, b, !tb);
        });
        op.propagate(1, () -> {
            Operand<T> a = RawOps.conj(tf, op.input(0));
            return tb ? product(tf, dy, true, a, ta) : product(tf, a, !ta, dy, false);
        });
    }

    private static <T extends TNumber> Operand<T> product(
            Ops tf, Operand<T> a, boolean transposeA, Operand<T> b, boolean transposeB) {
        return tf.linalg.matMul(a, b, MatMul.transposeA(transposeA), MatMul.transposeB(transposeB));
    }

    /** The same for many matrices, and with adjoints; the second version of the op broadcasts. */
    private static <T extends TNumber> void batchMatMul(Ops tf, OpGradient op) {
        boolean xa = op.flag("adj_x");
        boolean ya = op.flag("adj_y");
        String type = op.type();
        Operand<T> x = op.input(0);
        Operand<T> y = op.input(1);
        Operand<T> dz = op.gradient(0);
        op.propagate(0, () -> {
            Operand<T> dx = xa ? batch(tf, type, y, ya, dz, true) : batch(tf, type, dz, false, y, !ya);
            return type.equals("BatchMatMul") ? dx : Broadcasting.reduceTo(tf, dx, x);
        });
        op.propagate(1, () -> {
            Operand<T> dy = ya ? batch(tf, type, dz, true, x, xa) : batch(tf, type, x, !xa, dz, false);
            return type.equals("BatchMatMul") ? dy : Broadcasting.reduceTo(tf, dy, y);
        });
    }

    private static <T extends TNumber> Operand<T> batch(
            Ops tf, String type, Operand<T> x, boolean adjointX, Operand<T> y, boolean adjointY) {
        return tf.scope()
                .opBuilder(type, type)
                .addInput(x.asOutput())
                .addInput(y.asOutput())
                .setAttr("adj_x", adjointX)
                .setAttr("adj_y", adjointY)
                .build()
                .output(0);
    }
}
