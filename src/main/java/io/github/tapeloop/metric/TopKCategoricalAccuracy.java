package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * How often the right class is among those with the k highest scores. Targets are one-hot, both are [batch, …,
 * classes]. Scores that equal the k-th highest count as among them.
 */
public final class TopKCategoricalAccuracy extends MeanOf {

    private final TopClasses best = new TopClasses(this);

    /** Creates a metric named {@code top_k_categorical_accuracy}. */
    public TopKCategoricalAccuracy() {
        this("top_k_categorical_accuracy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public TopKCategoricalAccuracy(String name) {
        super(name);
    }

    /**
     * How many of the highest scores count; 5 unless set.
     *
     * @param number at least 1
     * @return this
     */
    public TopKCategoricalAccuracy k(int number) {
        settings.change(this, "k");
        best.k(number);
        return this;
    }

    @Override
    protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Targets.requireClasses(this, prediction);
        Operand<TFloat32> wanted = Targets.like(tf, this, target, prediction);
        Operand<? extends TNumber> classes = tf.math.argMax(wanted, tf.constant(-1), TInt32.class);
        return Targets.graded(
                tf,
                best.contain(tf, prediction, classes),
                tf.reduceAny(Targets.unknown(tf, wanted, prediction), tf.constant(-1)));
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
