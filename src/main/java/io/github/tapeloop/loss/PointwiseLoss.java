package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * A loss that is computed element by element; the value of a sample is the mean of its last axis. Predictions [batch] are
 * one element for each sample.
 */
abstract class PointwiseLoss extends PerSampleLoss {

    /** The loss of each element: targets and predictions have one shape and type. */
    abstract Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction);

    /** The axis whose mean is the value of a sample. */
    int axis() {
        return -1;
    }

    /**
     * The loss of each sample.
     *
     * @param tf makes ops
     * @param target numbers, [batch, …, n], or [batch] for predictions [batch, 1] and the other way round
     * @param prediction float32 [batch, …, n]
     * @return float32 [batch, …]
     * @throws IllegalArgumentException if the shapes differ
     */
    @Override
    public final Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> points = elements(tf, target, prediction);
        return Tensors.rank(points) < 2 ? points : tf.math.mean(points, tf.constant(axis()));
    }

    @Override
    final Operand<TFloat32> elements(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        if (Tensors.rank(prediction) > 0) {
            Axes.fromFront(this, axis(), prediction);
        }
        return points(tf, Targets.like(tf, this, target, prediction), prediction);
    }
}
