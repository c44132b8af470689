package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;

/**
 * The gradient of a call of a function: a call of another, which takes the arguments and the gradients of the results,
 * computes anew what it needs, and gives the gradients of arguments and variables. It is traced once for each set of
 * results that have a gradient and inputs that need one, and has a gradient in its turn.
 */
final class CallRule implements GradientRule {

    /** What a gradient function depends on. */
    private record Pattern(String text) {}

    /** @param found the inputs whose gradients the function gives, in order */
    private record Back(TracedFunction function, List<Integer> found) implements TracedFunction.Derived {
        @Override
        public void close() {
            function.close();
        }
    }

    private final TracedFunction function;
    private final TracedFunction.Body body;

    CallRule(TracedFunction function, TracedFunction.Body body) {
        this.function = function;
        this.body = body;
    }

    @Override
    public void apply(Ops tf, OpGradient op) {
        List<Integer> wanted = new ArrayList<>();
        for (int i = 0; i < op.op().inputs(); i++) {
            if (op.needs(i)) {
                wanted.add(i);
            }
        }
        int arguments = function.inputs().size();
        List<Operand<?>> given = new ArrayList<>();
        List<Integer> outputs = new ArrayList<>();
        for (int i = 0; i < arguments; i++) {
            given.add(op.input(i));
        }
        for (int i = 0; i < op.op().outputs(); i++) {
            if (op.hasGradient(i)) {
                outputs.add(i);
                given.add(op.gradient(i));
            }
        }
        Back back = function.derived(
                new Pattern(op.pattern()), () -> trace(tf, op.op().name(), outputs, wanted));
        if (!back.found().isEmpty()) {
            List<Output<?>> gradients = back.function().call(tf, given);
            for (int i = 0; i < back.found().size(); i++) {
                Operand<?> gradient = gradients.get(i);
                op.propagate(back.found().get(i), () -> gradient);
            }
        }
    }

    private Back trace(Ops tf, String name, List<Integer> outputs, List<Integer> wanted) {
        int arguments = function.inputs().size();
        List<Spec> specs = new ArrayList<>(function.inputs());
        outputs.forEach(i -> specs.add(function.outputs().get(i)));
        List<Integer> found = new ArrayList<>();
        TracedFunction.Body back = (inner, given) -> {
            List<Operand<?>> variables = function.variables(inner);
            found.clear(); // The same each time.
            return new RunAgain(body, arguments)
                    .back(inner, i -> variables.get(i - arguments), given, outputs, wanted, found);
        };
        TracedFunction traced = TracedFunction.trace(TapeSession.of(tf), gradientName(name), specs, back);
        return new Back(traced, List.copyOf(found));
    }

    private static String gradientName(String name) {
        return name.replaceAll("\\W", "_") + "_gradient";
    }
}
