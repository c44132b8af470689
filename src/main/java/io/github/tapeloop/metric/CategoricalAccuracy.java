package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * How often the class with the highest score is the one with the highest target. Targets are one-hot, both are
 * [batch, …, classes].
 */
public final class CategoricalAccuracy extends MeanOf {

    /** Creates a metric named {@code categorical_accuracy}. */
    public CategoricalAccuracy() {
        this("categorical_accuracy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public CategoricalAccuracy(String name) {
        super(name);
    }

    @Override
    protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Targets.requireClasses(this, prediction);
        Operand<TFloat32> wanted = Targets.like(tf, this, target, prediction);
        Operand<TBool> right =
                tf.math.equal(tf.math.argMax(wanted, tf.constant(-1)), tf.math.argMax(prediction, tf.constant(-1)));
        return Targets.graded(tf, right, tf.reduceAny(Targets.unknown(tf, wanted, prediction), tf.constant(-1)));
    }

    @Override
    public Loss.Scale predictionScale() {
        return Loss.Scale.CLASS_SCORES;
    }

    @Override
    public Loss.Scale targetScale() {
        return Loss.Scale.CLASS_PROBABILITIES;
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
