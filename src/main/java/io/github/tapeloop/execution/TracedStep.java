package io.github.tapeloop.execution;

import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/**
 * A traced step: a function that takes the columns of a batch and the number of the step, and gives results by name.
 *
 * @param names of the results, which a function has in order only
 * @param numbered whether the number of the step matters, the last input: without random ops it does not
 */
record TracedStep(TracedFunction function, List<String> names, boolean numbered) implements AutoCloseable {

    /** Makes the ops of a step. */
    @FunctionalInterface
    interface Body {

        Bundle apply(Ops tf, List<Operand<?>> given);
    }

    /** @param tracer makes a function of a body */
    static TracedStep of(Function<TracedFunction.Body, TracedFunction> tracer, Body body) {
        List<String> names = new ArrayList<>();
        TracedFunction function = tracer.apply((tf, given) -> {
            Bundle results = body.apply(tf, given);
            names.clear(); // A loop makes its body more than once.
            names.addAll(results.names());
            return results.operands();
        });
        return new TracedStep(
                function, List.copyOf(names), function.takes(function.inputs().size() - 1));
    }

    /** @param others all arguments but the last */
    Bundle call(Ops tf, List<Operand<?>> others, long step) {
        List<Operand<?>> arguments = new ArrayList<>(others);
        arguments.add(numbered ? tf.constant(step) : Tensors.constant(tf, 0L));
        return Bundle.of(names, function.call(arguments));
    }

    @Override
    public void close() {
        function.close();
    }
}
