package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The intersection over the union, TP / (TP + FP + FN), of the classes 0 and 1, averaged. Targets are 0 and 1,
 * predictions probabilities or other scores, both [batch, …]: a prediction is of class 1 if it is at least the
 * threshold. A class that does not occur is left out of the mean.
 */
public final class BinaryIoU extends OverlapMetric {

    private final Probabilities probabilities = new Probabilities(this);
    private double threshold = 0.5;

    /** Creates a metric of both classes, named {@code binary_io_u}, as Keras calls it. */
    public BinaryIoU() {
        this("binary_io_u", 0, 1);
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     * @param targetClassIds the classes to average over: 0, 1, or both
     */
    public BinaryIoU(String name, int... targetClassIds) {
        super(name, 2, true, targetClassIds);
    }

    /**
     * From where on a prediction is of class 1; 0.5 unless set.
     *
     * @param least a prediction that is as high or higher is of class 1
     * @return this
     */
    public BinaryIoU threshold(double least) {
        settings.change(this, "threshold");
        this.threshold = Require.finite("threshold", least);
        return this;
    }

    /**
     * Whether predictions are logits, each by itself. In a trainer it need not be said: there the loss says it.
     *
     * @param logits true for models whose last layer has no sigmoid; thresholds are of probabilities all the same
     * @return this
     */
    public BinaryIoU fromLogits(boolean logits) {
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
    Operand<TInt32> predicted(Ops tf, Operand<TFloat32> prediction) {
        Operand<TFloat32> p = probabilities.of(tf, prediction);
        return Tensors.cast(tf, tf.math.greaterEqual(p, Formulas.number(tf, threshold, p)), TInt32.class);
    }
}
