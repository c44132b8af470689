package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Running products and running sums of exponentials. */
final class ScanRules {

    private ScanRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Cumprod", ScanRules::cumprod);
        rules.put("CumulativeLogsumexp", ScanRules::logSumExp);
    }

    /**
     * Σ dy y / x over the products that an element is in. Behind a zero all products are zero; at the first one the
     * products are those that a 1 in its place gives, and at zeros after it they are zero still: at the second the first is a
     * factor, for the sake of the gradient of the gradient.
     */
    private static <T extends TType> void cumprod(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> x = op.in(0);
            Formula<T> dy = op.dy();
            Operand<?> isZero = x.is("Equal", 0);
            Formula<T> zeros = x.ifTrue(isZero);
            boolean reverse = op.flag("reverse");
            Formula<T> order =
                    scan(tf, "Cumsum", zeros, op.input(1), false, reverse).times(zeros);
            Operand<?> isFirst = order.is("Equal", 1);
            Operand<?> isSecond = order.is("Equal", 2);
            Formula<T> usual = backSum(tf, op, dy.times(op.<T>out(0).conj())).overOrZero(x.conj());
            Formula<T> one = x.ones().where(isFirst, x);
            Formula<T> first = scan(tf, "Cumsum", x.where(isFirst, 0), op.input(1), false, reverse);
            Formula<T> two = products(tf, op, x.ones().where(isSecond, one)).times(first.conj());
            return products(tf, op, one).where(isFirst, two.where(isSecond, usual));
        });
    }

    /** Σ dy y of the products of other numbers, over those that an element is in. */
    private static <T extends TType> Formula<T> products(Ops tf, OpGradient op, Operand<T> x) {
        Formula<T> products = scan(tf, "Cumprod", x, op.input(1), op.flag("exclusive"), op.flag("reverse"));
        return backSum(tf, op, op.<T>dy().times(products.conj()));
    }

    private static <T extends TType> Formula<T> backSum(Ops tf, OpGradient op, Operand<T> x) {
        return scan(tf, "Cumsum", x, op.input(1), op.flag("exclusive"), !op.flag("reverse"));
    }

    /**
     * y is the logarithm of a running sum of exp(x), so its slope is exp(x - y), and the gradient the running sum
     * backwards of dy exp(x - y). That sum is taken among logarithms, too, of positive and of negative dy apart, lest
     * exp(-y) overflow.
     */
    private static <T extends TType> void logSumExp(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> dy = op.dy();
            return weighted(tf, op, dy).minus(weighted(tf, op, dy.negated()));
        });
    }

    private static <T extends TType> Formula<T> weighted(Ops tf, OpGradient op, Formula<T> dy) {
        Operand<?> isPositive = dy.is("Greater", 0);
        Formula<T> y = op.<T>out(0).where(isPositive, 0);
        Formula<T> logarithms =
                dy.where(isPositive, 1).apply("Log").minus(y).where(isPositive, Double.NEGATIVE_INFINITY);
        Formula<T> summed =
                scan(tf, "CumulativeLogsumexp", logarithms, op.input(1), op.flag("exclusive"), !op.flag("reverse"));
        return summed.plus(op.<T>in(0)).exp();
    }

    private static <T extends TType> Formula<T> scan(
            Ops tf, String type, Operand<T> x, Operand<? extends TNumber> axis, boolean exclusive, boolean reverse) {
        OperationBuilder builder = RawOps.builder(tf, type, x, axis)
                .setAttr("exclusive", exclusive)
                .setAttr("reverse", reverse);
        return Formula.of(tf, builder.build().output(0));
    }
}
