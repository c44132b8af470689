package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.stream.LongStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** The values of a batch, their weights and their mask, and the one number they become. */
final class Weighting {

    private final Ops tf;
    private final Operand<TFloat32> values;

    /** Product of weights and mask, and the mask alone; null while there are none. */
    private Operand<TFloat32> factor;

    private Operand<TFloat32> mask;

    Weighting(Ops tf, Operand<TFloat32> values) {
        this.tf = tf;
        this.values = values;
    }

    /** Before any mask. */
    void weigh(Operand<? extends TType> weight, String loss) {
        factor = aligned(weight, loss, "sample weights");
    }

    void mask(Operand<? extends TType> given, String loss) {
        Operand<TFloat32> ones = aligned(given, loss, "a mask");
        factor = factor == null ? ones : tf.math.mulNoNan(factor, ones);
        mask = mask == null ? ones : tf.math.mul(mask, ones);
    }

    Operand<TFloat32> reduce(Loss.Reduction reduction) {
        // 0 where the factor is, whatever the value.
        Operand<TFloat32> weighted = factor == null ? values : tf.math.mulNoNan(values, factor);
        if (reduction == Loss.Reduction.SUM) {
            return sum(tf, weighted);
        }
        Operand<TFloat32> divisor = reduction == Loss.Reduction.MEAN_WITH_SAMPLE_WEIGHT ? factor : mask;
        return divisor == null ? mean(tf, weighted) : tf.math.divNoNan(sum(tf, weighted), total(divisor));
    }

    /** The mean of all elements. */
    static Operand<TFloat32> mean(Ops tf, Operand<TFloat32> x) {
        return Tensors.rank(x) == 0 ? x : tf.math.mean(flat(tf, x), Tensors.constant(tf, 0));
    }

    private static Operand<TFloat32> sum(Ops tf, Operand<TFloat32> x) {
        return Tensors.rank(x) == 0 ? x : tf.sum(flat(tf, x), Tensors.constant(tf, 0));
    }

    private static Operand<TFloat32> flat(Ops tf, Operand<TFloat32> x) {
        return Tensors.rank(x) == 1 ? x : tf.reshape(x, Tensors.constant(tf, new int[] {-1}));
    }

    /** The sum of weights, each as often as it is used. */
    private Operand<TFloat32> total(Operand<TFloat32> weight) {
        long[] own = Tensors.shape(weight).asArray();
        long[] all = Tensors.shape(values).asArray();
        boolean spread = false;
        for (int i = 0; i < own.length; i++) {
            spread |= own[i] == 1 && all[i] != 1;
        }
        return sum(tf, spread ? tf.broadcastTo(weight, tf.shape(values)) : weight);
    }

    /** In the type and with the rank of the values: ones are added to or taken from the end of the shape. */
    private Operand<TFloat32> aligned(Operand<? extends TType> weight, String loss, String what) {
        Shape wanted = Tensors.shape(values);
        int rank = wanted.numDimensions();
        Shape given = Tensors.shape(weight);
        if (!fits(given, wanted)) {
            throw new IllegalArgumentException(loss + " has values " + wanted + " and expects " + what
                    + " of that shape or of its first dimensions, got " + Tensors.describe(weight));
        }
        Operand<TFloat32> aligned = Tensors.cast(tf, weight, values.type());
        int surplus = given.numDimensions() - rank;
        if (surplus > 0) {
            List<Long> ones = LongStream.rangeClosed(-surplus, -1).boxed().toList();
            return tf.squeeze(aligned, Squeeze.axis(ones));
        }
        for (int i = surplus; i < 0; i++) {
            aligned = tf.expandDims(aligned, Tensors.constant(tf, -1));
        }
        return aligned;
    }

    private static boolean fits(Shape given, Shape wanted) {
        for (int i = 0; i < given.numDimensions(); i++) {
            long size = given.get(i);
            boolean here = i < wanted.numDimensions();
            if (size != 1 && (!here || size != -1 && wanted.get(i) != -1 && size != wanted.get(i))) {
                return false;
            }
        }
        return true;
    }
}
