package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
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
     * The product of the elements before, times Sᵢ = dyᵢ + xᵢ₊₁ Sᵢ₊₁ from the end: nothing is divided, so that zeros are no
     * exception, nor are they in derivatives of this. The recurrence is solved by doubling, in log₂ n steps.
     */
    private static <T extends TType> void cumprod(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Shape shape = Tensors.shape(op.input(0));
            Optional<long[]> axis = Tensors.constantNumbers(op.input(1));
            if (axis.isEmpty() || shape.numDimensions() < 1) {
                return divided(tf, op);
            }
            int along = Math.floorMod((int) axis.get()[0], shape.numDimensions());
            long size = shape.get(along);
            if (size < 0) {
                return divided(tf, op);
            }
            boolean reverse = op.flag("reverse");
            Formula<T> x = op.<T>in(0).conj();
            Formula<T> before = scan(tf, "Cumprod", x, op.input(1), true, reverse);
            Formula<T> factor = next(tf, x, shape.numDimensions(), along, 1, reverse);
            Formula<T> sum = op.dy();
            if (op.flag("exclusive")) {
                sum = next(tf, sum, shape.numDimensions(), along, 1, reverse);
            }
            for (int step = 1; step < size; step *= 2) {
                sum = sum.plus(factor.times(next(tf, sum, shape.numDimensions(), along, step, reverse)));
                factor = factor.times(next(tf, factor, shape.numDimensions(), along, step, reverse));
            }
            return before.times(sum);
        });
    }

    /** What is some steps further along an axis, and zeros where nothing is. */
    private static <T extends TType> Formula<T> next(
            Ops tf, Formula<T> x, int rank, int axis, int steps, boolean reverse) {
        int[][] paddings = new int[rank][2];
        paddings[axis][reverse ? 0 : 1] = steps;
        int[] begin = new int[rank];
        begin[axis] = reverse ? 0 : steps;
        Formula<T> padded = Formula.of(tf, RawOps.make(tf, "Pad", x, tf.constant(paddings)));
        return Formula.of(tf, tf.slice(padded, tf.constant(begin), Shapes.of(tf, x)));
    }

    /**
     * The same where the number of elements is not known: Σ dy y / x over the products that an element is in. Behind a zero
     * all products are zero; at the first one the products are those that a 1 in its place gives, and at zeros after it they
     * are zero still.
     */
    private static <T extends TType> Formula<T> divided(Ops tf, OpGradient op) {
        Formula<T> x = op.in(0);
        Formula<T> dy = op.dy();
        Operand<?> isZero = x.is("Equal", 0);
        Formula<T> zeros = x.ifTrue(isZero);
        boolean reverse = op.flag("reverse");
        Operand<?> isFirst = scan(tf, "Cumsum", zeros, op.input(1), false, reverse)
                .times(zeros)
                .is("Equal", 1);
        Formula<T> usual = backSum(tf, op, dy.times(op.<T>out(0).conj())).overOrZero(x.conj());
        Formula<T> filled = x.ones().where(isFirst, x);
        Formula<T> products = scan(tf, "Cumprod", filled, op.input(1), op.flag("exclusive"), reverse);
        return backSum(tf, op, dy.times(products.conj())).where(isFirst, usual);
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
