package io.github.tapeloop.tape;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;

/**
 * Arguments of a function that goes back over another one, behind an op that runs that one.
 *
 * @param first the op's input that is the function's first; those before it, a condition, are not for the function
 * @param wanted the function's inputs that need a gradient and have none yet
 * @param outputs the outputs that have a gradient
 * @param given what the backward function gets: the inputs, then the gradients of outputs
 */
record BackwardArguments(int first, List<Integer> wanted, List<Integer> outputs, List<Operand<?>> given) {

    /**
     * Collects them.
     *
     * @param count how many inputs the backward function is given; further ones it finds by itself
     */
    static BackwardArguments of(OpGradient op, int first, int count) {
        List<Integer> wanted = new ArrayList<>();
        List<Operand<?>> given = new ArrayList<>();
        for (int i = 0; i < op.inputs() - first; i++) {
            if (op.needs(first + i) && op.inputGradient(first + i) == null) {
                wanted.add(i);
            }
            if (i < count) {
                given.add(op.input(first + i));
            }
        }
        List<Integer> outputs = new ArrayList<>();
        for (int i = 0; i < op.outputs(); i++) {
            if (op.hasGradient(i)) {
                outputs.add(i);
                given.add(op.gradient(i));
            }
        }
        return new BackwardArguments(first, List.copyOf(wanted), List.copyOf(outputs), List.copyOf(given));
    }

    /** Propagates gradients of some of the function's inputs. */
    void propagate(OpGradient op, List<Integer> inputs, List<? extends Operand<?>> gradients) {
        for (int i = 0; i < inputs.size(); i++) {
            Operand<?> gradient = gradients.get(i);
            op.propagate(first + inputs.get(i), () -> gradient);
        }
    }
}
