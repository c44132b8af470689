package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Conditional;
import io.github.tapeloop.runtime.Conditional.Branches;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;

/**
 * The gradient of a branch: a branch on the same condition, each side of which computes its side anew and goes back over
 * it. Where a side does not depend on an input, the gradient is zero, since the other side may have one.
 */
final class BranchRule implements GradientRule {

    private final Branches branches;

    BranchRule(Branches branches) {
        this.branches = branches;
    }

    @Override
    public void apply(Ops tf, OpGradient op) {
        int arguments = op.inputs() - 1 - branches.variables(tf).size();
        BackwardArguments back = BackwardArguments.of(op, 1, arguments);
        Operand<TBool> condition = op.input(0);
        List<Operand<?>> gradients = Conditional.choose(
                tf,
                condition,
                back.given(),
                side(branches.then(), arguments, back),
                side(branches.otherwise(), arguments, back));
        back.propagate(op, back.wanted(), gradients);
    }

    private TracedFunction.Body side(TracedFunction.Body body, int arguments, BackwardArguments back) {
        return (inner, given) -> {
            List<Operand<?>> variables = branches.variables(inner);
            return new RunAgain(body, arguments)
                    .backToAll(
                            inner,
                            i -> variables.get(i - arguments),
                            given,
                            back.outputs(),
                            back.wanted(),
                            i -> branches.zeros(inner, i - arguments));
        };
    }
}
