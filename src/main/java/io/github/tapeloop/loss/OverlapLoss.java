package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/** 1 minus how much of two sets overlaps, from the sums of targets, predictions and their products over some axes. */
abstract class OverlapLoss extends StandardLoss {

    private int[] axes = {};

    /** Overlap 0 to 1, from the sums of y p, of y and of p. */
    abstract Operand<TFloat32> overlap(
            Ops tf, Operand<TFloat32> both, Operand<TFloat32> targets, Operand<TFloat32> predictions);

    final void setAxes(int... sumAxes) {
        settings.change(this, "axis");
        axes = sumAxes.clone();
    }

    @Override
    final Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> y = Targets.like(tf, this, target, prediction);
        int[] over = axes.length == 0
                ? IntStream.range(0, Tensors.rank(prediction)).toArray()
                : Arrays.stream(axes)
                        .map(axis -> Axes.fromFront(this, axis, prediction))
                        .toArray();
        Operand<TInt32> summed = tf.constant(over);
        Operand<TFloat32> both = tf.sum(tf.math.mul(y, prediction), summed);
        return Formula.oneMinus(tf, overlap(tf, both, tf.sum(y, summed), tf.sum(prediction, summed)));
    }

    @Override
    protected final int[] reducedAxes(Operand<TFloat32> prediction) {
        return axes.clone();
    }

    @Override
    public final boolean isPerSample(Operand<TFloat32> prediction) {
        return axes.length > 0 && Arrays.stream(axes).noneMatch(axis -> Axes.fromFront(this, axis, prediction) == 0);
    }
}
