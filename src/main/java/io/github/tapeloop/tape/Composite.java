package io.github.tapeloop.tape;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/**
 * The gradient of an op as that of the same function written in simpler ops, by a tape of its own. It costs the function
 * once more, and gives any order of derivative that the simpler ops have.
 */
final class Composite {

    private Composite() {}

    /**
     * Propagates to the given inputs.
     *
     * @param function makes the op's outputs anew from its inputs, in their order; those left out have no gradient
     */
    static void propagate(Ops tf, OpGradient op, int[] inputs, Supplier<List<? extends Operand<?>>> function) {
        List<Operand<?>> sources = new ArrayList<>();
        for (int input : inputs) {
            if (op.needs(input)) {
                sources.add(op.input(input));
            }
        }
        try (GradientTape tape = GradientTape.open(tf)) {
            sources.forEach(tape::watch);
            List<? extends Operand<?>> outputs = function.get();
            List<Operand<?>> targets = new ArrayList<>();
            List<Operand<?>> weights = new ArrayList<>();
            for (int i = 0; i < outputs.size(); i++) {
                if (op.hasGradient(i)) {
                    targets.add(outputs.get(i));
                    weights.add(op.gradient(i));
                }
            }
            List<Optional<Operand<?>>> gradients = tape.gradients(targets, weights, sources);
            int next = 0;
            for (int input : inputs) {
                if (op.needs(input)) {
                    Optional<Operand<?>> gradient = gradients.get(next++);
                    gradient.ifPresent(found -> op.propagate(input, () -> found));
                }
            }
        }
    }
}
