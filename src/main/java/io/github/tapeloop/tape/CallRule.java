package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/**
 * The gradient of a call of a function: a call of another, which takes the arguments and the gradients of the results,
 * computes anew what it needs, and gives the gradients of arguments and variables. It is traced once for each set of
 * results that have a gradient and inputs that need one, anew when rules have been registered since, and has a gradient in
 * its turn.
 */
final class CallRule implements GradientRule {

    /**
     * What a gradient function depends on.
     *
     * @param text which results have a gradient and which inputs need one
     * @param rules the version of the registry whose rules it was made by
     */
    private record Pattern(String text, int rules) {}

    /** @param found the inputs whose gradients the function gives, in order */
    private record Back(TracedFunction function, List<Integer> found) implements TracedFunction.Derived {
        @Override
        public void close() {
            function.close();
        }
    }

    private final TracedFunction function;
    private final TracedFunction.Body forward;

    CallRule(TracedFunction function, TracedFunction.Body forward) {
        this.function = function;
        this.forward = forward;
    }

    @Override
    public void apply(Ops tf, OpGradient op) {
        BackwardArguments arguments =
                BackwardArguments.of(op, 0, function.inputs().size());
        Pattern pattern = new Pattern(
                op.pattern(), GradientRegistry.of(TapeSession.of(tf)).version());
        Back back = function.derived(pattern, () -> trace(tf, op.name(), arguments));
        if (!back.found().isEmpty()) {
            arguments.propagate(op, back.found(), back.function().call(tf, arguments.given()));
        }
    }

    private Back trace(Ops tf, String name, BackwardArguments back) {
        int arguments = function.inputs().size();
        List<Spec> specs = new ArrayList<>(function.inputs());
        back.outputs().forEach(i -> specs.add(function.outputs().get(i)));
        List<Integer> found = new ArrayList<>();
        TracedFunction.Body body = (inner, given) -> {
            List<Operand<?>> variables = function.variables(inner);
            found.clear(); // The same each time.
            return new RunAgain(forward, arguments)
                    .back(inner, i -> variables.get(i - arguments), given, back.outputs(), back.wanted(), found);
        };
        TracedFunction traced = TracedFunction.trace(TapeSession.of(tf), gradientName(name), specs, body);
        return new Back(traced, List.copyOf(found));
    }

    private static String gradientName(String name) {
        return name.replaceAll("\\W", "_") + "_gradient";
    }
}
