package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/** Powers, products, logarithms and quotients that are 0 where a factor is 0, and other arithmetic of two numbers. */
final class ArithmeticRules {

    private ArithmeticRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Pow", ArithmeticRules::pow);
        rules.put("Xlogy", ArithmeticRules::xlogy);
        rules.put("Xlog1py", ArithmeticRules::xlog1py);
        rules.put("Xdivy", ArithmeticRules::xdivy);
        rules.put("MulNoNan", ArithmeticRules::mulNoNan);
        rules.put("FloorMod", ArithmeticRules::floorMod);
        rules.put("NextAfter", ArithmeticRules::nextAfter);
        rules.put("AccumulateNV2", ArithmeticRules::accumulate);
    }

    /**
     * y x^(y-1), and 0 where y is 0, also at x = 0, where C++ gives 0 · ∞; and z log(x), and 0 where x has no logarithm, as
     * TensorFlow has it.
     */
    private static <T extends TType> void pow(Ops tf, OpGradient op) {
        Formula<T> x = op.<T>in(0).conj();
        Formula<T> y = op.<T>in(1).conj();
        Formula<T> dy = op.dy();
        op.propagate(0, () -> {
            Operand<T> power = RawOps.binary(tf, "Pow", x, y.minus(1));
            Operand<T> slope = RawOps.binary(tf, "MulNoNan", power, y);
            return Formula.of(tf, RawOps.binary(tf, "MulNoNan", slope, dy)).reducedTo(x);
        });
        op.propagate(1, () -> {
            Operand<?> hasLogarithm = x.is(RawOps.isComplex(x) ? "NotEqual" : "Greater", 0);
            Formula<T> logarithm = x.where(hasLogarithm, 1).apply("Log");
            return dy.times(op.<T>out(0).conj()).times(logarithm).reducedTo(y);
        });
    }

    private static <T extends TType> void xlogy(Ops tf, OpGradient op) {
        Formula<T> x = op.in(0);
        Formula<T> y = op.in(1);
        Formula<T> dy = op.dy();
        op.propagate(0, () -> dy.times(slope(tf, "Xlogy", x, y)).reducedTo(x));
        op.propagate(1, () -> dy.times(xdivy(tf, x, y)).reducedTo(y));
    }

    private static <T extends TType> void xlog1py(Ops tf, OpGradient op) {
        Formula<T> x = op.in(0);
        Formula<T> y = op.in(1);
        Formula<T> dy = op.dy();
        op.propagate(0, () -> dy.times(slope(tf, "Xlog1py", x, y)).reducedTo(x));
        op.propagate(1, () -> dy.times(xdivy(tf, x, y.plus(1))).reducedTo(y));
    }

    private static <T extends TType> void xdivy(Ops tf, OpGradient op) {
        Formula<T> x = op.in(0);
        Formula<T> y = op.in(1);
        Formula<T> dy = op.dy();
        op.propagate(0, () -> dy.times(slope(tf, "Xdivy", x, y)).reducedTo(x));
        op.propagate(1, () -> dy.times(xdivy(tf, x.negated(), y.squared())).reducedTo(y));
    }

    /** The slope of x f(y) with respect to x: f(y), and 0 where x is 0, where f may be infinite. */
    private static <T extends TType> Formula<T> slope(Ops tf, String type, Formula<T> x, Formula<T> y) {
        Formula<T> isNotZero = x.ifTrue(x.is("NotEqual", 0));
        return Formula.of(tf, RawOps.binary(tf, type, isNotZero, y)).conj();
    }

    private static <T extends TType> Formula<T> xdivy(Ops tf, Operand<T> x, Operand<T> y) {
        return Formula.of(tf, RawOps.binary(tf, "Xdivy", x, y)).conj();
    }

    /** The product, and 0 where the second factor is 0, whatever the first. */
    private static <T extends TType> void mulNoNan(Ops tf, OpGradient op) {
        Formula<T> x = op.in(0);
        Formula<T> y = op.in(1);
        Formula<T> dy = op.dy();
        op.propagate(0, () -> Formula.of(tf, RawOps.binary(tf, "MulNoNan", dy, y.conj()))
                .reducedTo(x));
        op.propagate(1, () -> Formula.of(tf, RawOps.binary(tf, "MulNoNan", x.conj(), dy))
                .reducedTo(y));
    }

    /** x - y floor(x / y), between the jumps. */
    private static <T extends TType> void floorMod(Ops tf, OpGradient op) {
        Formula<T> x = op.in(0);
        Formula<T> y = op.in(1);
        Formula<T> dy = op.dy();
        op.propagate(0, () -> dy.reducedTo(x));
        op.propagate(1, () -> dy.times(Formula.of(tf, RawOps.binary(tf, "FloorDiv", x, y)))
                .negated()
                .reducedTo(y));
    }

    /** The number next to x in the direction of y moves with x. */
    private static <T extends TType> void nextAfter(Ops tf, OpGradient op) {
        op.propagate(0, () -> op.<T>dy().reducedTo(op.input(0)));
    }

    private static void accumulate(Ops tf, OpGradient op) {
        for (int i = 0; i < op.inputs(); i++) {
            op.propagate(i, () -> op.gradient(0));
        }
    }
}
