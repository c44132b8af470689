package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.transaction.Write;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** An update that a transaction holds back: the gradients wait for the end of the step. */
final class HeldUpdate implements Write {

    private final Optimizer optimizer;
    private final Gradients gradients;
    private final Set<String> changed = new HashSet<>();

    HeldUpdate(Optimizer optimizer, Gradients gradients) {
        this.optimizer = optimizer;
        this.gradients = gradients;
        gradients.variables().forEach(this::changes);
        optimizer.carried().forEach(this::changes);
        optimizer.state().forEach(this::changes);
    }

    private void changes(Variable<?> variable) {
        changed.add(variable.sharedName());
    }

    @Override
    public List<Operand<?>> operands() {
        List<Operand<?>> parts = new ArrayList<>();
        gradients.variables().forEach(variable -> Rows.addParts(gradient(variable), parts));
        return parts;
    }

    @Override
    public void run(Ops ops, Iterator<? extends Operand<?>> given) {
        optimizer.applyNow(
                ops, gradients.map((variable, gradient) -> Rows.ofParts(ops, Optimizer.number(gradient), given)));
    }

    @Override
    public Set<String> variables() {
        return changed;
    }

    @Override
    public Object kind() {
        return this;
    }

    @Override
    public boolean isSafe() {
        return optimizer.isOwn();
    }

    private Operand<TNumber> gradient(Variable<?> variable) {
        return Optimizer.number(gradients.of(variable).orElseThrow());
    }
}
