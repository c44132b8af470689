package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** The mean of a formula of targets and predictions of the same shape. */
abstract class ErrorMetric extends MeanOf {

    /** A value per element, or per row of the last dimension. */
    @FunctionalInterface
    interface Formula {

        /** Computes the values from operands of one type and shape. */
        Operand<TFloat32> values(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction);
    }

    private final Formula formula;

    ErrorMetric(String name, Formula formula) {
        super(name);
        this.formula = formula;
    }

    @Override
    final Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return formula.values(tf, Targets.like(tf, this, target, prediction), prediction);
    }
}
