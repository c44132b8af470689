package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * How often the class with the highest score is the right one. Named {@code accuracy} unless told otherwise, as Keras logs
 * it when asked for "accuracy". Targets are class numbers, [batch, …] or [batch, …, 1], predictions scores of each class,
 * logits or probabilities, [batch, …, classes]; of equal scores the first counts.
 */
public final class SparseCategoricalAccuracy extends MeanOf {

    /** Creates a metric named {@code accuracy}. */
    public SparseCategoricalAccuracy() {
        this("accuracy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public SparseCategoricalAccuracy(String name) {
        super(name);
    }

    @Override
    protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<? extends TNumber> wanted = Targets.classes(tf, this, target, prediction);
        return Targets.graded(tf, isBest(tf, prediction, wanted), Targets.unknownRows(tf, prediction));
    }

    private static <T extends TNumber> Operand<TBool> isBest(Ops tf, Operand<TFloat32> prediction, Operand<T> wanted) {
        return tf.math.equal(tf.math.argMax(prediction, tf.constant(-1), wanted.type()), wanted);
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
