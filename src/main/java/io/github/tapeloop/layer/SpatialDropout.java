package io.github.tapeloop.layer;

import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Dropout of whole channels. */
abstract class SpatialDropout extends Layer {

    private final boolean series;
    private final double rate;

    SpatialDropout(boolean series, double rate) {
        this.series = series;
        this.rate = Require.fraction(getClass().getSimpleName() + " rate", rate);
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
        requireTaken(x);
        Shape shape = Images.require(this, x, series);
        if (!pass.training() || rate == 0) {
            return x;
        }
        Ops tf = pass.tf(this);
        int channels = (int) shape.get(-1);
        int[] eachMap = series ? new int[] {1, channels} : new int[] {1, 1, channels};
        return pass.keepMask(x, Dropout.drop(pass, tf, x, rate, Images.withBatchOf(tf, x, eachMap)));
    }
}
