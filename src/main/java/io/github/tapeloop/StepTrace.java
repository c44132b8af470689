package io.github.tapeloop;

import io.github.tapeloop.runtime.Constants;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A traced step, and what its results are called: a function has only their order.
 *
 * @param names of the results
 * @param numbered whether the number of the step matters, the last input: without random ops it does not
 */
record StepTrace(TracedFunction function, List<String> names, boolean numbered) {

    /** Makes the ops of a step, and names its results. */
    @FunctionalInterface
    interface Body {

        Map<String, Operand<TFloat32>> apply(Ops tf, List<Operand<?>> given);
    }

    /** @param tracer makes a function of a body */
    static StepTrace of(Function<TracedFunction.Body, TracedFunction> tracer, Body body) {
        List<String> names = new ArrayList<>();
        TracedFunction function = tracer.apply((tf, given) -> {
            Map<String, Operand<TFloat32>> results = body.apply(tf, given);
            names.addAll(results.keySet());
            return List.copyOf(results.values());
        });
        return new StepTrace(
                function, List.copyOf(names), function.takes(function.inputs().size() - 1));
    }

    /** @param others all arguments but the last */
    Map<String, Operand<TFloat32>> call(Ops tf, List<Operand<?>> others, long step) {
        List<Operand<?>> arguments = new ArrayList<>(others);
        arguments.add(numbered ? tf.constant(step) : Constants.of(tf, 0L));
        List<? extends Operand<?>> results = function.call(arguments);
        Map<String, Operand<TFloat32>> named = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            named.put(names.get(i), typed(results.get(i)));
        }
        return named;
    }

    @SuppressWarnings("unchecked") // The step gave operands of this type.
    private static Operand<TFloat32> typed(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }
}
