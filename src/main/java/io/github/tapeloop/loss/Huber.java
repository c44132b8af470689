package io.github.tapeloop.loss;

import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The mean over all elements of x²/2 where the error x = prediction - target is at most δ, and δ |x| - δ²/2 beyond: less
 * moved by outliers than the squared error (Huber 1964). Targets have the shape of the predictions, or [batch] for
 * [batch, 1] and the other way round.
 */
public final class Huber extends PointwiseLoss {

    private double delta = 1;

    /** Creates the loss with δ = 1. */
    public Huber() {}

    /**
     * Sets where the loss turns from quadratic to linear.
     *
     * @param value δ, above 0; 1 unless set
     * @return this
     */
    public Huber delta(double value) {
        settings.change(this, "delta");
        this.delta = Require.positive("delta", value);
        return this;
    }

    /** With c = x clipped to [-δ, δ], both branches are c (x - c/2). */
    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> error = tf.math.sub(prediction, target);
        Operand<TFloat32> clipped = Formula.clip(tf, error, -delta, delta);
        return tf.math.mul(clipped, tf.math.sub(error, Formula.times(tf, 0.5, clipped)));
    }

    /**
     * {@inheritDoc}
     *
     * @return {@code huber_loss}, as in Keras
     */
    @Override
    public String name() {
        return "huber_loss";
    }
}
