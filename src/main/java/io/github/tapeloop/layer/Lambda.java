package io.github.tapeloop.layer;

import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * A function as a layer, for what is too small for a class of its own. It has no weights; a function of the input alone is
 * as well an {@link Activation}.
 *
 * <pre>{@code
 * new Lambda((pass, x) -> pass.training() ? x : pass.tf().nn.softmax(x))
 * new Lambda((pass, x) -> pass.keepMask(x, pass.tf().math.square(x)))        // what comes out has the mask of x
 * }</pre>
 */
public final class Lambda extends Layer {

    /** What the layer computes. */
    @FunctionalInterface
    public interface Function {

        /**
         * Computes the output.
         *
         * @param pass makes ops, says whether to train, gives seeds, collects added losses
         * @param x the input
         * @return the output
         */
        Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x);
    }

    private final Function function;

    /**
     * Creates a layer.
     *
     * @param function what it computes
     */
    public Lambda(Function function) {
        this.function = Objects.requireNonNull(function, "function");
    }

    @Override
    protected InputType inputType() {
        return InputType.ANY;
    }

    /**
     * Calls the function.
     *
     * @param pass what the function gets
     * @param x what the function takes
     * @return what the function returns
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return pass.gave(this, pass.named(this, () -> function.call(pass, x)));
    }
}
