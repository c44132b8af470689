package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * (1 - p^q) / q averaged over the batch, where p is the probability given to the target: near the cross-entropy for small
 * q, near the mean absolute error for q near 1, which bears wrong labels better (Zhang and Sabuncu 2018).
 *
 * <p>Targets are class numbers in [0, classes), [batch, …] or [batch, …, 1]; predictions are probabilities, float32
 * [batch, …, classes]. Unlike in Keras, p is taken as 1e-7 where it is less, since the slope at 0 is infinite.
 */
public final class CategoricalGeneralizedCrossEntropy extends StandardLoss {

    private double q = 0.5;

    /** Creates the loss with q = 1/2. */
    public CategoricalGeneralizedCrossEntropy() {}

    /**
     * Sets where the loss is between cross-entropy and absolute error.
     *
     * @param exponent q, between 0 and 1; 0.5 unless set
     * @return this
     */
    public CategoricalGeneralizedCrossEntropy q(double exponent) {
        settings.change(this, "q");
        this.q = Require.properFraction("q", exponent);
        return this;
    }

    @Override
    public Scale predictionScale() {
        return Scale.CLASS_PROBABILITIES;
    }

    @Override
    public Scale targetScale() {
        return Scale.CLASS_NUMBERS;
    }

    @Override
    Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<? extends TNumber> labels = Targets.classes(tf, this, target, prediction);
        long dimensions = Tensors.rank(labels);
        Operand<TFloat32> p =
                tf.gather(prediction, labels, tf.constant((int) dimensions), Gather.batchDims(dimensions));
        Operand<TFloat32> power = tf.math.pow(Formula.atLeast(tf, p, Formula.EPSILON), Formula.constant(tf, q, p));
        return Formula.times(tf, 1 / q, Formula.oneMinus(tf, power));
    }
}
