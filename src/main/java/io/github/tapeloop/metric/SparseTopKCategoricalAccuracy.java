package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * How often the right class is among those with the k highest scores. Targets are class numbers, [batch, …] or
 * [batch, …, 1], predictions [batch, …, classes]. Scores that equal the k-th highest count as among them.
 */
public final class SparseTopKCategoricalAccuracy extends MeanOf {

    private final TopClasses best = new TopClasses(this);

    /** Creates a metric named {@code sparse_top_k_categorical_accuracy}. */
    public SparseTopKCategoricalAccuracy() {
        this("sparse_top_k_categorical_accuracy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public SparseTopKCategoricalAccuracy(String name) {
        super(name);
    }

    /**
     * How many of the highest scores count; 5 unless set.
     *
     * @param number at least 1
     * @return this
     */
    public SparseTopKCategoricalAccuracy k(int number) {
        settings.change(this, "k");
        best.k(number);
        return this;
    }

    @Override
    protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<? extends TNumber> classes = Targets.classes(tf, this, target, prediction);
        return Targets.graded(tf, best.contain(tf, prediction, classes), Targets.unknownRows(tf, prediction));
    }

    @Override
    public Loss.Scale predictionScale() {
        return Loss.Scale.CLASS_SCORES;
    }

    @Override
    public Loss.Scale targetScale() {
        return Loss.Scale.CLASS_NUMBERS;
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
