package io.github.tapeloop.loss;

import java.util.Objects;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** A loss with the mask of a batch. */
record Masked(PerSampleLoss loss, Operand<? extends TType> mask) implements Loss {

    Masked {
        Objects.requireNonNull(mask, "mask");
    }

    @Override
    public Operand<TFloat32> call(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return loss.call(tf, target, prediction, Optional.empty(), Optional.of(mask));
    }

    @Override
    public Operand<TFloat32> call(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<? extends TNumber> sampleWeight) {
        return loss.call(tf, target, prediction, Optional.of(sampleWeight), Optional.of(mask));
    }

    @Override
    public Loss masked(Operand<? extends TType> other) {
        throw new IllegalArgumentException("This loss has a mask: join the two with tf.math.logicalAnd");
    }

    @Override
    public Scale predictionScale() {
        return loss.predictionScale();
    }

    @Override
    public Scale targetScale() {
        return loss.targetScale();
    }

    @Override
    public Operand<TFloat32> probabilities(Ops tf, Operand<TFloat32> prediction) {
        return loss.probabilities(tf, prediction);
    }

    @Override
    public boolean isTraceable() {
        return loss.isTraceable();
    }

    @Override
    public String name() {
        return loss.name();
    }
}
