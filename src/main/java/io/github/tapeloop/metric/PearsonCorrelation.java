package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The mean over rows of Pearson's correlation of targets and predictions along an axis, from -1 to 1. Both are
 * [batch, …]. As in Keras it is computed for each row: to correlate the examples of a batch with each other, set
 * axis(0). A row of equal numbers has the correlation 0, where Keras and SciPy give not-a-number.
 */
public final class PearsonCorrelation extends MeanOf {

    private int axis = -1;

    /** Creates a metric named {@code pearson_correlation}. */
    public PearsonCorrelation() {
        this("pearson_correlation");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public PearsonCorrelation(String name) {
        super(name);
    }

    /**
     * The dimension to compute along; the last unless set.
     *
     * @param dimension a dimension of the predictions, negative to count from the last
     * @return this
     */
    public PearsonCorrelation axis(int dimension) {
        settings.change(this, "axis");
        this.axis = dimension;
        return this;
    }

    @Override
    protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        int along = Targets.requireAxis(this, axis, prediction);
        return Formulas.pearson(tf, Targets.like(tf, this, target, prediction), prediction, along);
    }

    /** Those along the batch belong to no samples. */
    @Override
    void requireSamples(Operand<TFloat32> prediction) {
        int along = Targets.requireAxis(this, axis, prediction);
        if (along == 0 || along == -Tensors.rank(prediction)) {
            throw new IllegalArgumentException(
                    "Metric '" + name() + "' is computed along the examples of a batch and takes"
                            + " no sample weights: set its axis to another");
        }
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
