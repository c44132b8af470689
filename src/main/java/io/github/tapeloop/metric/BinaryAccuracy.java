package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * How often predictions, probabilities of [batch, …], are on the side of the threshold that targets of 0 and 1 say.
 */
public final class BinaryAccuracy extends MeanOf {

    private final Probabilities probabilities = new Probabilities(this);
    private double threshold = 0.5;

    /** Creates a metric named {@code binary_accuracy}. */
    public BinaryAccuracy() {
        this("binary_accuracy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public BinaryAccuracy(String name) {
        super(name);
    }

    /**
     * From where on a prediction means 1; 0.5 unless set.
     *
     * @param limit a prediction above it counts as 1; between 0 and 1, both excluded
     * @return this
     */
    public BinaryAccuracy threshold(double limit) {
        settings.change(this, "threshold");
        this.threshold = Require.properFraction("threshold", limit);
        return this;
    }

    /**
     * Whether predictions are logits, each by itself. In a trainer it need not be said: there the loss says it.
     *
     * @param logits true for models whose last layer has no sigmoid; thresholds are of probabilities all the same
     * @return this
     */
    public BinaryAccuracy fromLogits(boolean logits) {
        probabilities.fromLogits(logits);
        return this;
    }

    @Override
    public void beside(Loss loss) {
        probabilities.beside(loss);
    }

    @Override
    public Loss.Scale predictionScale() {
        return probabilities.scale();
    }

    @Override
    public Loss.Scale targetScale() {
        return Loss.Scale.PROBABILITIES;
    }

    @Override
    protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> wanted = Targets.like(tf, this, target, prediction);
        Operand<TFloat32> p = probabilities.of(tf, prediction);
        Operand<TBool> isOne = tf.math.greater(p, Formulas.number(tf, threshold, p));
        Operand<TBool> right = tf.math.equal(wanted, Tensors.cast(tf, isOne, p.type()));
        return Targets.graded(tf, right, Targets.unknown(tf, wanted, p));
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
