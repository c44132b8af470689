package io.github.tapeloop.tape;

import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * Fourier transforms over the last one to three dimensions. A transform is linear: its gradient is the adjoint, which is
 * the inverse but for the factor n, the number of elements transformed.
 */
final class SpectralRules {

    private SpectralRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        for (int rank = 1; rank <= 3; rank++) {
            int dimensions = rank;
            String suffix = rank == 1 ? "" : rank + "D";
            rules.put("FFT" + suffix, (tf, op) -> forward(tf, op, dimensions, suffix));
            rules.put("IFFT" + suffix, (tf, op) -> inverse(tf, op, dimensions, suffix));
            rules.put("RFFT" + suffix, (tf, op) -> ofReal(tf, op, suffix));
            rules.put("IRFFT" + suffix, (tf, op) -> toReal(tf, op, suffix));
        }
    }

    private static void forward(Ops tf, OpGradient op, int dimensions, String suffix) {
        op.propagate(0, () -> {
            Formula<TType> dy = op.dy();
            return dy.apply("IFFT" + suffix).times(RawOps.cast(tf, count(tf, dy, dimensions), dy.dataType()));
        });
    }

    private static void inverse(Ops tf, OpGradient op, int dimensions, String suffix) {
        op.propagate(0, () -> {
            Formula<TType> dy = op.dy();
            return dy.apply("FFT" + suffix).over(RawOps.cast(tf, count(tf, dy, dimensions), dy.dataType()));
        });
    }

    private static Operand<TInt32> count(Ops tf, Operand<?> x, int dimensions) {
        int rank = Shapes.rank(x);
        return Shapes.product(tf, Shapes.part(tf, Shapes.of(tf, x), tf.constant(rank - dimensions), tf.constant(rank)));
    }

    /**
     * Real numbers, cut or filled up with zeros to the given length, to the first half of their spectrum: filled up with
     * zeros that half goes back, and the real part counts.
     */
    private static void ofReal(Ops tf, OpGradient op, String suffix) {
        op.propagate(0, () -> {
            Operand<TInt32> length = op.input(1);
            Formula<TType> dy = op.dy();
            Operand<TInt32> full = Shapes.join(tf, outer(tf, dy, length), length);
            Formula<TType> back = Formula.of(tf, fitted(tf, dy, full)).apply("IFFT" + suffix);
            Formula<TType> real = Formula.of(tf, ComplexRules.part(tf, "Real", back));
            Operand<TType> count = RawOps.cast(tf, Shapes.product(tf, length), real.dataType());
            return fitted(tf, real.times(count), Shapes.of(tf, op.input(0)));
        });
    }

    /**
     * The first half of a spectrum, cut or filled up, to real numbers: what lies inside that half stands for its mirror
     * image as well and counts twice. The first column and, if the length is even, the middle one stand for themselves.
     */
    private static void toReal(Ops tf, OpGradient op, String suffix) {
        op.propagate(0, () -> {
            Operand<TInt32> length = op.input(1);
            Formula<TType> dy = op.dy();
            boolean isDouble = dy.dataType() == DataType.DT_DOUBLE;
            OperationBuilder builder = RawOps.builder(tf, "RFFT" + suffix, dy, length)
                    .setAttr("Tcomplex", isDouble ? DataType.DT_COMPLEX128 : DataType.DT_COMPLEX64);
            Formula<TType> spectrum = Formula.of(tf, builder.build().output(0));
            Operand<TInt32> one = tf.constant(1);
            Operand<TInt32> last = tf.gather(length, tf.math.sub(tf.size(length), one), tf.constant(0));
            Operand<TInt32> places =
                    Shapes.range(tf, tf.constant(0), tf.math.add(tf.math.div(last, tf.constant(2)), one));
            Operand<TInt32> mirror = tf.math.floorMod(tf.math.neg(places), last);
            Operand<?> twice = tf.math.notEqual(places, mirror);
            Formula<TType> weight = spectrum.ifTrue(twice).plus(1);
            Operand<TType> count = RawOps.cast(tf, Shapes.product(tf, length), spectrum.dataType());
            return fitted(tf, spectrum.times(weight).over(count), Shapes.of(tf, op.input(0)));
        });
    }

    /** The dimensions before those transformed. */
    private static Operand<TInt32> outer(Ops tf, Operand<?> x, Operand<TInt32> length) {
        Operand<TInt32> shape = Shapes.of(tf, x);
        return Shapes.part(tf, shape, tf.constant(0), tf.math.sub(tf.size(shape), tf.size(length)));
    }

    /** Cut, or filled up with zeros at the end, to a shape. */
    private static <T extends TType> Operand<T> fitted(Ops tf, Operand<T> x, Operand<TInt32> shape) {
        Operand<TInt32> zeros = tf.zerosLike(shape);
        Operand<TInt32> size = tf.math.minimum(Shapes.of(tf, x), shape);
        Operand<T> cut = tf.slice(x, zeros, size);
        Operand<TInt32> paddings = tf.stack(List.of(zeros, tf.math.sub(shape, size)), Stack.axis(1L));
        return RawOps.make(tf, "Pad", cut, paddings);
    }
}
