package io.github.tapeloop.tape;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Gradient checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"): what a function makes on the
 * way forward is freed at once, and made again on the way back. Costs a second run of the function, and saves the memory
 * of all it makes but its results.
 *
 * <pre>{@code
 * Operand<TFloat32> y = Recompute.call(tf, (ops, h) -> block(ops, h), x);
 * x = pass.repeatable(block::call, x, Recompute::call);        // for layers: random numbers and added losses stay right
 * }</pre>
 *
 * <p>The function must give the same again when it is run again: it must draw no random numbers but from given seeds, and
 * leave variables alone. Gradients flow to the inputs, and to whatever else it uses: variables, and operands made before.
 * All open tapes hear it as one op, which can be differentiated any number of times. Works eager and traced; in a graph,
 * what is made again waits for the gradient that asks for it.
 */
public final class Recompute {

    private Recompute() {}

    /**
     * Calls a function of one operand.
     *
     * @param tf makes ops
     * @param f makes the result from an {@code Ops} and the input
     * @param x the input, of any shape and type
     * @param <T> the input's type
     * @param <U> the result's type
     * @return the result
     */
    @SuppressWarnings("unchecked") // The one input goes in, the one result comes out.
    public static <T extends TType, U extends TType> Operand<U> call(
            Ops tf, BiFunction<Ops, Operand<T>, Operand<U>> f, Operand<T> x) {
        TracedFunction.Body body = (ops, given) -> List.of(f.apply(ops, (Operand<T>) given.get(0)));
        return (Operand<U>) call(tf, body, List.of(x)).get(0);
    }

    /**
     * Calls a function.
     *
     * @param tf makes ops
     * @param f makes the results, at least one, from an {@code Ops} and the inputs
     * @param inputs the inputs, of any shapes and types
     * @return the results
     */
    public static List<Operand<?>> call(Ops tf, TracedFunction.Body f, List<? extends Operand<?>> inputs) {
        RunAgain again = new RunAgain(precise(tf, f), inputs.size());
        return RecordingEnvironment.of(tf)
                .composite("Recompute", inputs, (GradientRule) again::propagate, given -> freeing(tf, f, given));
    }

    /** A function that reads variables in the precision of an {@code Ops}, whatever tape runs it again. */
    static TracedFunction.Body precise(Ops tf, TracedFunction.Body f) {
        DtypePolicy precision = DtypePolicy.of(tf);
        return (ops, given) -> f.apply(precision.in(ops), given);
    }

    /** Runs a function and frees all that it makes but its results. */
    private static List<? extends Operand<?>> freeing(Ops tf, TracedFunction.Body f, List<Operand<?>> given) {
        if (tf.scope().env().isGraph()) {
            return f.apply(tf, given);
        }
        try (TensorScope scope = TapeSession.of(tf).scope()) {
            List<Operand<?>> results = new ArrayList<>();
            f.apply(tf, given).forEach(result -> results.add(scope.keep(result.asOutput())));
            return results;
        }
    }
}
