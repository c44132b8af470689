package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Dropout of whole channels. */
abstract class SpatialDropout extends TrainingNoise {

    private final boolean series;

    SpatialDropout(boolean series, String name, double rate) {
        super(Require.fraction(name + " rate", rate));
        this.series = series;
    }

    @Override
    final void requireShape(Operand<TFloat32> x) {
        Images.require(this, x, series);
    }

    @Override
    final Operand<TFloat32> disturbed(ForwardPass pass, Ops tf, Operand<TFloat32> x, double rate) {
        int channels = (int) Tensors.shape(x).get(-1);
        int[] eachMap = series ? new int[] {1, channels} : new int[] {1, 1, channels};
        return Dropout.drop(pass, tf, x, rate, Images.withBatchOf(tf, x, eachMap));
    }
}
