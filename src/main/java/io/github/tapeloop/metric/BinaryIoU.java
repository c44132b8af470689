package io.github.tapeloop.metric;

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

    @Override
    Operand<TInt32> predicted(Ops tf, Operand<TFloat32> prediction) {
        Operand<TFloat32> least = Formulas.number(tf, threshold, prediction);
        return Tensors.cast(tf, tf.math.greaterEqual(prediction, least), TInt32.class);
    }
}
