package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * The dropout that goes with {@link Activations#SELU}: sets a random part of the input to the value that SELU saturates at,
 * then scales and shifts so that a mean of 0 and a variance of 1 stay (Klambauer et al. 2017). Does nothing in evaluation
 * and prediction.
 */
public final class AlphaDropout extends TrainingNoise {

    /** The limit of SELU at -∞: -alpha · scale. */
    private static final double SATURATION = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946;

    /**
     * Creates a layer.
     *
     * @param rate the part to drop, in [0, 1)
     */
    public AlphaDropout(double rate) {
        super(Require.fraction("AlphaDropout rate", rate));
    }

    @Override
    Operand<TFloat32> disturbed(ForwardPass pass, Ops tf, Operand<TFloat32> x, double rate) {
        double a = 1 / Math.sqrt((1 - rate) * (1 + rate * SATURATION * SATURATION));
        double b = -a * SATURATION * rate;
        Operand<TBool> kept = Dropout.kept(pass, tf, rate, Dimensions.of(tf, x), x.type());
        Operand<TFloat32> dropped = tf.select(kept, x, Tensors.constant(tf, SATURATION, x.type()));
        return tf.math.add(tf.math.mul(dropped, Tensors.constant(tf, a, x.type())), Tensors.constant(tf, b, x.type()));
    }
}
