package io.github.tapeloop.loss;

import io.github.tapeloop.measure.FullPrecision;
import io.github.tapeloop.runtime.Tensors;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * A loss that is computed element by element; the value of a sample is the mean of its last axis. Predictions [batch] are
 * one element for each sample.
 */
abstract class PointwiseLoss extends StandardLoss {

    /** The loss of each element: targets and predictions have one shape and type. */
    abstract Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction);

    /** The axis whose mean is the value of a sample. */
    int axis() {
        return -1;
    }

    @Override
    final Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> points = checkedPoints(tf, target, prediction);
        return Tensors.rank(points) < 2 ? points : tf.math.mean(points, tf.constant(axis()));
    }

    @Override
    protected final int[] reducedAxes(Operand<TFloat32> prediction) {
        return Tensors.rank(prediction) < 2 ? new int[0] : new int[] {axis()};
    }

    /** Means over the batch belong to no samples. */
    @Override
    public final boolean isPerSample(Operand<TFloat32> prediction) {
        return Tensors.rank(prediction) < 2 || Axes.fromFront(this, axis(), prediction) > 0;
    }

    @Override
    public final Optional<Operand<TFloat32>> elements(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        settings.use();
        return Optional.of(checkedPoints(tf, target, FullPrecision.of(tf, prediction)));
    }

    @Override
    final Optional<Operand<TFloat32>> summands(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return elements(tf, target, prediction);
    }

    private Operand<TFloat32> checkedPoints(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        if (Tensors.rank(prediction) > 0) {
            Axes.fromFront(this, axis(), prediction);
        }
        return points(tf, Targets.like(tf, this, target, prediction), prediction);
    }
}
