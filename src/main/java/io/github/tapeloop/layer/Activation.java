package io.github.tapeloop.layer;

import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** An activation function as a layer of its own. */
public final class Activation extends Layer {

    private final ActivationFunction function;

    /**
     * Creates a layer.
     *
     * @param function one of {@link Activations}, or a lambda
     */
    public Activation(ActivationFunction function) {
        this.function = Objects.requireNonNull(function, "function");
    }

    /**
     * Applies the function.
     *
     * @param pass makes ops
     * @param x float32 of any shape
     * @return float32 of the same shape
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return pass.keepMask(x, function.call(pass.tf(this, x), x));
    }
}
