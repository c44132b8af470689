package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * How often predictions equal targets. Both are class numbers, or other values that can be compared, [batch, …].
 */
public final class Accuracy extends MeanOf {

    /** Creates a metric named {@code accuracy}. */
    public Accuracy() {
        this("accuracy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public Accuracy(String name) {
        super(name);
    }

    @Override
    protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> wanted = Targets.like(tf, this, target, prediction);
        return Targets.graded(tf, tf.math.equal(wanted, prediction), Targets.unknown(tf, wanted, prediction));
    }

    @Override
    public Loss.Scale predictionScale() {
        return Loss.Scale.CLASS_NUMBERS;
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
