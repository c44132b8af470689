package io.github.tapeloop.loss;

import io.github.tapeloop.measure.FullPrecision;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** A loss of the library's own: its settings end when it is used in whatever way, and it is safe to trace. */
abstract class StandardLoss extends PerSampleLoss {

    @Override
    public final Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        settings.use();
        return formula(tf, target, FullPrecision.of(tf, prediction));
    }

    /** The value of each sample, as the class says. */
    abstract Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction);

    @Override
    public final boolean isTraceable() {
        return true;
    }
}
