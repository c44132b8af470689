package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The mean over rows of Σ t p / (|t| |p|): 1 for the same direction, -1 for the opposite. The loss of the same name
 * in Keras has the other sign. Both are [batch, …].
 */
public final class CosineSimilarity extends MeanOf {

    private int axis = -1;

    /** Creates a metric named {@code cosine_similarity}. */
    public CosineSimilarity() {
        this("cosine_similarity");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public CosineSimilarity(String name) {
        super(name);
    }

    /**
     * The dimension to compute along; the last unless set.
     *
     * @param dimension a dimension of the predictions, negative to count from the last
     * @return this
     */
    public CosineSimilarity axis(int dimension) {
        this.axis = dimension;
        return this;
    }

    @Override
    Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        int along = Targets.requireAxis(this, axis, prediction);
        return Formulas.cosine(tf, Targets.like(tf, this, target, prediction), prediction, along);
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
