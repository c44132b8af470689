package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** Dropout of whole channels. */
abstract class SpatialDropout extends Layer {

    private final boolean series;
    private final double rate;

    SpatialDropout(boolean series, double rate) {
        this.series = series;
        this.rate = Dropout.requireRate(getClass().getSimpleName(), rate);
    }

    /**
     * Drops channels.
     *
     * @param pass says whether to train and gives the seed
     * @param x float32 [batch, height, width, channels] for a layer over images, [batch, steps, channels] for one over series
     * @return float32 of the same shape
     * @throws IllegalArgumentException if x has another rank
     */
    @Override
    public final Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Shape shape = Images.require(this, x, series);
        if (!pass.training() || rate == 0) {
            return x;
        }
        Ops tf = pass.tf(this);
        return Dropout.drop(pass, tf, x, rate, maskShape(tf, x, shape));
    }

    /** One element a channel, broadcast over the axes between. */
    private Operand<? extends TNumber> maskShape(Ops tf, Operand<?> x, Shape shape) {
        long batch = shape.get(0);
        long channels = shape.get(-1);
        if (batch != Shape.UNKNOWN_SIZE) {
            return tf.constant(series ? new long[] {batch, 1, channels} : new long[] {batch, 1, 1, channels});
        }
        int[] open = series ? new int[] {1, 0, 0} : new int[] {1, 0, 0, 0};
        int[] known = series ? new int[] {0, 1, (int) channels} : new int[] {0, 1, 1, (int) channels};
        return tf.math.add(tf.math.mul(tf.shape(x), tf.constant(open)), tf.constant(known));
    }
}
