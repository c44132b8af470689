package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Conditional;
import io.github.tapeloop.runtime.Conditional.Branches;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.ArrayList;
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
        List<Operand<?>> variables = branches.variables(tf);
        int arguments = op.op().inputs() - 1 - variables.size();
        List<Integer> wanted = new ArrayList<>();
        List<Operand<?>> given = new ArrayList<>();
        for (int i = 0; i < op.op().inputs() - 1; i++) {
            if (op.needs(i + 1)) {
                wanted.add(i);
            }
            if (i < arguments) {
                given.add(op.input(i + 1));
            }
        }
        List<Integer> outputs = new ArrayList<>();
        for (int i = 0; i < op.op().outputs(); i++) {
            if (op.hasGradient(i)) {
                outputs.add(i);
                given.add(op.gradient(i));
            }
        }
        Operand<TBool> condition = op.input(0);
        List<Operand<?>> gradients = Conditional.choose(
                tf,
                condition,
                given,
                side(branches.then(), arguments, outputs, wanted),
                side(branches.otherwise(), arguments, outputs, wanted));
        for (int i = 0; i < gradients.size(); i++) {
            Operand<?> gradient = gradients.get(i);
            op.propagate(wanted.get(i) + 1, () -> gradient);
        }
    }

    private TracedFunction.Body side(
            TracedFunction.Body body, int arguments, List<Integer> outputs, List<Integer> wanted) {
        return (inner, given) -> {
            List<Operand<?>> variables = branches.variables(inner);
            return new RunAgain(body, arguments)
                    .backToAll(
                            inner,
                            i -> variables.get(i - arguments),
                            given,
                            outputs,
                            wanted,
                            i -> branches.zeros(inner, i - arguments));
        };
    }
}
