package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The base of the layers that change their input at random in training and do nothing otherwise: noise and dropouts. */
abstract class TrainingNoise extends Layer {

    private final double amount;

    /** @param amount how much there is of it; none if it is 0 */
    TrainingNoise(double amount) {
        this.amount = amount;
    }

    /**
     * Changes the input at random in training.
     *
     * @param pass says whether to train and gives the seed
     * @param x float32 of any shape that the layer takes
     * @return float32 of the same shape; x itself in evaluation and prediction
     * @throws IllegalArgumentException if the layer takes inputs of one rank only, and x has another
     */
    @Override
    public final Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        requireShape(x);
        return pass.training() && amount != 0 ? pass.keepMask(x, disturbed(pass, tf, x, amount)) : x;
    }

    /** Refuses an input of a shape that the layer does not take. */
    void requireShape(Operand<TFloat32> x) {}

    /** The input with its noise. */
    abstract Operand<TFloat32> disturbed(ForwardPass pass, Ops tf, Operand<TFloat32> x, double amount);
}
