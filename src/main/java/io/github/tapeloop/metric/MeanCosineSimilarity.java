package io.github.tapeloop.metric;

import io.github.tapeloop.loss.CosineSimilarity;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * The mean over rows of the cosine of the angle between target and prediction, Σ t p / (|t| |p|): 1 for the same direction,
 * -1 for the opposite. Targets and predictions have the same shape, [batch, …, n]. This is Keras' metric
 * {@code CosineSimilarity}; the loss of that name, {@link CosineSimilarity}, has the other sign, as it has there.
 */
public final class MeanCosineSimilarity extends LossMetric {

    private final CosineSimilarity loss;

    /** Creates a metric named {@code cosine_similarity}. */
    public MeanCosineSimilarity() {
        this("cosine_similarity");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public MeanCosineSimilarity(String name) {
        this(name, new CosineSimilarity());
    }

    private MeanCosineSimilarity(String name, CosineSimilarity loss) {
        super(name, loss);
        this.loss = loss;
    }

    /**
     * The dimension to compute along; the last unless set.
     *
     * @param dimension a dimension of the predictions, negative to count from the last
     * @return this
     */
    public MeanCosineSimilarity axis(int dimension) {
        settings.change(this, "axis");
        loss.axis(dimension);
        return this;
    }

    @Override
    protected Operand<? extends TNumber> compute(Ops tf) {
        Operand<TFloat64> mean = mean(tf);
        return tf.math.sub(tf.zerosLike(mean), mean);
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
