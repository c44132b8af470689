package io.github.tapeloop.tape;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.List;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Functions with a gradient of their own: for numerical stability, for straight-through estimators, to turn a gradient
 * around.
 *
 * <pre>{@code
 * Operand<TFloat32> rounded = CustomGradient.of(tf, (ops, v) -> ops.math.round(v),
 *         (ops, op) -> op.propagate(0, () -> op.gradient(0)), x);
 * }</pre>
 *
 * <p>All open tapes hear the function as one op, whose {@link GradientRule} is the one given; its inputs and outputs are
 * those of the function. Ops that the rule makes are differentiated as usual for second derivatives. What the function uses
 * besides its inputs, variables and operands made before, gets the gradient it would have without the rule, by running the
 * function again; or, for variables, what the rule propagates with {@link OpGradient#propagate(io.github.tapeloop.state.Variable,
 * java.util.function.Supplier)}. Works eager and traced, and inside one another.
 */
public final class CustomGradient {

    private CustomGradient() {}

    /**
     * Calls a function of one operand.
     *
     * @param tf makes ops
     * @param f makes the result from an {@code Ops} and the input
     * @param rule propagates the gradient of output 0 to input 0
     * @param x the input, of any shape and type
     * @param <T> the input's type
     * @param <U> the result's type
     * @return the result
     */
    @SuppressWarnings("unchecked") // The one input goes in, the one result comes out.
    public static <T extends TType, U extends TType> Operand<U> of(
            Ops tf, BiFunction<Ops, Operand<T>, Operand<U>> f, GradientRule rule, Operand<T> x) {
        TracedFunction.Body body = (ops, given) -> List.of(f.apply(ops, (Operand<T>) given.get(0)));
        return (Operand<U>) of(tf, body, rule, List.of(x)).get(0);
    }

    /**
     * Calls a function.
     *
     * @param tf makes ops
     * @param f makes the results, at least one, from an {@code Ops} and the inputs
     * @param rule propagates the gradients of the results to the inputs
     * @param inputs the inputs, of any shapes and types
     * @return the results
     */
    public static List<Operand<?>> of(
            Ops tf, TracedFunction.Body f, GradientRule rule, List<? extends Operand<?>> inputs) {
        GradientRule whole = (ops, op) -> {
            rule.apply(ops, op);
            op.deny(inputs.size()); // An input that the rule leaves out has no gradient.
            new RunAgain(Recompute.precise(tf, f), inputs.size()).propagate(ops, op);
        };
        return RecordingEnvironment.of(tf).composite("CustomGradient", inputs, whole, given -> f.apply(tf, given));
    }
}
