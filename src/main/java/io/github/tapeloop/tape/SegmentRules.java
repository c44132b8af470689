package io.github.tapeloop.tape;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Reductions of rows that share a number. */
final class SegmentRules {

    private SegmentRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("SegmentMean", SegmentRules::mean);
        rules.put("SegmentMax", SegmentRules::extreme);
        rules.put("SegmentMin", SegmentRules::extreme);
        rules.put("SegmentProd", SegmentRules::product);
        rules.put("UnsortedSegmentProd", SegmentRules::product);
        for (String suffix : new String[] {"", "WithNumSegments"}) {
            rules.put("SparseSegmentSum" + suffix, (tf, op) -> sparse(tf, op, null));
            rules.put("SparseSegmentMean" + suffix, (tf, op) -> sparse(tf, op, count -> count));
            rules.put("SparseSegmentSqrtN" + suffix, (tf, op) -> sparse(tf, op, count -> count.apply("Sqrt")));
        }
    }

    private static <T extends TNumber> void mean(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> dy = op.dy();
            Formula<T> count = count(tf, op.input(1), dy);
            return dy.overOrZero(stretched(count, dy)).gather(op.input(1));
        });
    }

    /** What is the extreme gets the gradient; where several are, each gets its share. */
    private static <T extends TNumber> void extreme(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> x = op.in(0);
            Formula<T> y = op.out(0);
            Operand<TNumber> ids = op.input(1);
            Formula<T> chosen = x.ifTrue(x.is("Equal", y.gather(ids)));
            Formula<T> count = sum(tf, chosen, ids, size(tf, y));
            return chosen.times(op.<T>dy().overOrZero(count).gather(ids));
        });
    }

    /**
     * Each element gets the product of the others of its segment: the product of all that are not zero, without itself,
     * if no other is zero. If one other is, that one is a factor, for the sake of the gradient of the gradient. Elements with
     * negative numbers are in no segment.
     */
    private static <T extends TNumber> void product(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> x = op.in(0);
            Formula<T> y = op.out(0);
            Operand<TNumber> ids = op.input(1);
            Operand<TInt32> segments = size(tf, y);
            Formula<T> isZero = x.ifTrue(x.is("Equal", 0));
            Formula<T> filled = x.where(x.is("NotEqual", 0), 1);
            Formula<T> products = Formula.of(tf, RawOps.make(tf, "UnsortedSegmentProd", filled, ids, segments));
            Formula<T> zeros = sum(tf, isZero, ids, segments);
            Operand<TNumber> inside = tf.math.maximum(ids, tf.zerosLike(ids));
            Formula<T> others = products.gather(inside).over(filled).conj();
            Formula<T> otherZeros = zeros.gather(inside).minus(isZero);
            Formula<T> theZero = x.times(isZero);
            Formula<T> otherZero = sum(tf, theZero, ids, segments)
                    .gather(inside)
                    .minus(theZero)
                    .conj();
            Formula<T> factor = otherZero.where(otherZeros.is("Equal", 1), 0).where(otherZeros.is("NotEqual", 0), 1);
            Formula<T> dx = op.<T>dy().gather(inside).times(others);
            Formula<T> counted = stretched(x.ifTrue(tf.math.greaterEqual(ids, tf.zerosLike(ids))), x);
            return dx.times(factor).times(counted);
        });
    }

    /** Rows are gathered and then reduced: a sum, divided by a function of the number of rows. */
    private static <T extends TNumber> void sparse(Ops tf, OpGradient op, UnaryOperator<Formula<T>> divisor) {
        op.propagate(0, () -> {
            Operand<TNumber> rows = op.input(1);
            Operand<TNumber> ids = op.input(2);
            Formula<T> dy = op.dy();
            if (divisor != null) {
                dy = dy.overOrZero(stretched(divisor.apply(count(tf, ids, dy)), dy));
            }
            return sum(tf, dy.gather(ids), rows, size(tf, op.input(0)));
        });
    }

    /** How many rows each segment has, in the type of {@code like}, whose rows are the segments. */
    private static <T extends TNumber> Formula<T> count(Ops tf, Operand<? extends TNumber> ids, Formula<T> like) {
        Formula<T> ones = Formula.of(tf, RawOps.cast(tf, tf.onesLike(ids), like.dataType()));
        return sum(tf, ones, ids, size(tf, like));
    }

    private static Operand<TInt32> size(Ops tf, Operand<?> rows) {
        return tf.gather(Shapes.of(tf, rows), tf.constant(0), tf.constant(0));
    }

    static <T extends TType> Formula<T> sum(
            Ops tf, Operand<T> rows, Operand<? extends TNumber> ids, Operand<? extends TNumber> segments) {
        return Formula.of(tf, RawOps.make(tf, "UnsortedSegmentSum", rows, ids, segments));
    }

    /** A factor for each of the first dimensions of {@code like}, with ones appended so that it broadcasts. */
    private static <T extends TNumber> Formula<T> stretched(Formula<T> factor, Operand<T> like) {
        int missing = Shapes.rank(like) - Shapes.rank(factor);
        Formula<T> stretched = factor;
        for (int i = 0; i < missing; i++) {
            stretched = stretched.expandDims(-1);
        }
        return stretched;
    }
}
