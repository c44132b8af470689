package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** Element by element arithmetic, exponentials and the usual activations. */
final class MathRules {

    private MathRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Add", MathRules::add);
        rules.put("AddV2", MathRules::add);
        rules.put("Sub", MathRules::sub);
        rules.put("Mul", MathRules::mul);
        rules.put("Div", MathRules::div);
        rules.put("RealDiv", MathRules::div);
        rules.put("SquaredDifference", MathRules::squaredDifference);
        rules.put("Atan2", MathRules::atan2);
        rules.put("Neg", MathRules::neg);
        rules.put("Square", MathRules::square);
        rules.put("Sqrt", MathRules::sqrt);
        rules.put("Exp", MathRules::exp);
        rules.put("Log", MathRules::log);
        rules.put("Tanh", MathRules::tanh);
        rules.put("TanhGrad", MathRules::tanhGrad);
        rules.put("Sigmoid", MathRules::sigmoid);
        rules.put("SigmoidGrad", MathRules::sigmoidGrad);
    }

    private static void add(Ops tf, OpGradient op) {
        op.propagate(0, () -> Broadcasting.reduceTo(tf, op.gradient(0), op.input(0)));
        op.propagate(1, () -> Broadcasting.reduceTo(tf, op.gradient(0), op.input(1)));
    }

    private static <T extends TNumber> void sub(Ops tf, OpGradient op) {
        op.propagate(0, () -> Broadcasting.reduceTo(tf, op.gradient(0), op.input(0)));
        op.propagate(1, () -> Broadcasting.reduceTo(tf, tf.math.neg(op.<T>gradient(0)), op.input(1)));
    }

    private static <T extends TNumber> void mul(Ops tf, OpGradient op) {
        Operand<T> dy = op.gradient(0);
        op.propagate(0, () -> Broadcasting.reduceTo(tf, tf.math.mul(dy, RawOps.conj(tf, op.<T>input(1))), op.input(0)));
        op.propagate(1, () -> Broadcasting.reduceTo(tf, tf.math.mul(dy, RawOps.conj(tf, op.<T>input(0))), op.input(1)));
    }

    private static <T extends TNumber> void div(Ops tf, OpGradient op) {
        Operand<T> dy = op.gradient(0);
        Operand<T> divisor = RawOps.conj(tf, op.input(1));
        op.propagate(0, () -> Broadcasting.reduceTo(tf, tf.math.div(dy, divisor), op.input(0)));
        op.propagate(1, () -> {
            Operand<T> slope = tf.math.neg(tf.math.div(RawOps.conj(tf, op.<T>output(0)), divisor)); // -x/y² = -(x/y)/y
            return Broadcasting.reduceTo(tf, tf.math.mul(dy, slope), op.input(1));
        });
    }

    /** |x - y|², a real number also where x and y are complex: 2 Re(dy) (x - y). C++ has it for real numbers only. */
    private static <T extends TNumber> void squaredDifference(Ops tf, OpGradient op) {
        Formula<T> dy = op.<T>dy();
        Formula<T> slope = op.<T>in(0).minus(op.in(1)).times(dy.plus(dy.conj()));
        op.propagate(0, () -> slope.reducedTo(op.input(0)));
        op.propagate(1, () -> slope.negated().reducedTo(op.input(1)));
    }

    /** θ(y, x): dθ/dy = x / (x² + y²), dθ/dx = -y / (x² + y²). */
    private static <T extends TNumber> void atan2(Ops tf, OpGradient op) {
        Operand<T> y = op.input(0);
        Operand<T> x = op.input(1);
        Operand<T> scaled = tf.math.div(op.<T>gradient(0), tf.math.add(tf.math.square(x), tf.math.square(y)));
        op.propagate(0, () -> Broadcasting.reduceTo(tf, tf.math.mul(scaled, x), y));
        op.propagate(1, () -> Broadcasting.reduceTo(tf, tf.math.neg(tf.math.mul(scaled, y)), x));
    }

    private static <T extends TNumber> void neg(Ops tf, OpGradient op) {
        op.propagate(0, () -> tf.math.neg(op.<T>gradient(0)));
    }

    private static <T extends TNumber> void square(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<T> x = RawOps.conj(tf, op.input(0));
            return tf.math.mul(op.<T>gradient(0), tf.math.add(x, x));
        });
    }

    private static <T extends TNumber> void sqrt(Ops tf, OpGradient op) {
        op.propagate(
                0,
                () -> { // dy / 2y
                    Operand<T> y = RawOps.conj(tf, op.output(0));
                    return tf.math.div(op.<T>gradient(0), tf.math.add(y, y));
                });
    }

    private static <T extends TNumber> void exp(Ops tf, OpGradient op) {
        op.propagate(0, () -> tf.math.mul(op.<T>gradient(0), RawOps.conj(tf, op.<T>output(0))));
    }

    private static <T extends TNumber> void log(Ops tf, OpGradient op) {
        op.propagate(0, () -> tf.math.div(op.<T>gradient(0), RawOps.conj(tf, op.<T>input(0))));
    }

    private static <T extends TNumber> void tanh(Ops tf, OpGradient op) {
        op.propagate(0, () -> RawOps.binary(tf, "TanhGrad", RawOps.conj(tf, op.<T>output(0)), op.<T>gradient(0)));
    }

    /** z = dy (1 - y²). */
    private static <T extends TNumber> void tanhGrad(Ops tf, OpGradient op) {
        Operand<T> y = RawOps.conj(tf, op.input(0));
        Operand<T> dz = op.gradient(0);
        op.propagate(0, () -> {
            Operand<T> slope = tf.math.mul(RawOps.conj(tf, op.<T>input(1)), tf.math.neg(tf.math.add(y, y)));
            return tf.math.mul(dz, slope);
        });
        op.propagate(1, () -> RawOps.binary(tf, "TanhGrad", y, dz));
    }

    private static <T extends TNumber> void sigmoid(Ops tf, OpGradient op) {
        op.propagate(0, () -> RawOps.binary(tf, "SigmoidGrad", RawOps.conj(tf, op.<T>output(0)), op.<T>gradient(0)));
    }

    /** z = dy y (1 - y). */
    private static <T extends TNumber> void sigmoidGrad(Ops tf, OpGradient op) {
        Operand<T> y = RawOps.conj(tf, op.input(0));
        Operand<T> dz = op.gradient(0);
        op.propagate(0, () -> {
            Operand<T> slope = tf.math.sub(tf.onesLike(y), tf.math.add(y, y)); // 1 - 2y
            return tf.math.mul(dz, tf.math.mul(RawOps.conj(tf, op.<T>input(1)), slope));
        });
        op.propagate(1, () -> RawOps.binary(tf, "SigmoidGrad", y, dz));
    }
}
