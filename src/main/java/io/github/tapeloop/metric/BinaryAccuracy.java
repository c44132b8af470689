package io.github.tapeloop.metric;

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

    @Override
    protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TBool> isOne = tf.math.greater(prediction, Formulas.number(tf, threshold, prediction));
        return tf.math.equal(Targets.like(tf, this, target, prediction), Tensors.cast(tf, isOne, prediction.type()));
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
