package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.warning.Warnings;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** A check that refuses gradients that an optimizer cannot apply, before anything has changed. */
final class ApplyCheck {

    private final String optimizer;
    private boolean warned;

    /** @param optimizer its name, for messages */
    ApplyCheck(String optimizer) {
        this.optimizer = optimizer;
    }

    void require(Ops tf, Gradients gradients, Slots slots) {
        requireSome(gradients);
        for (Variable<?> variable : gradients.variables()) {
            variable.handle(tf); // Refuses one of another session before the optimizer is bound to it.
            requireType(variable);
            requireLike("", variable, gradients.of(variable).orElseThrow());
            slots.requireOwner(variable, optimizer);
        }
    }

    /** Shares of 0.001 and epsilons of 1e-7 are lost in half precision, and most updates of a weight with them. */
    private void requireType(Variable<?> variable) {
        if (variable.type() != TFloat32.class && variable.type() != TFloat64.class) {
            throw new IllegalArgumentException(optimizer + " updates float32 and float64 variables, got '"
                    + variable.name() + "' of type " + variable.type().getSimpleName()
                    + ": keep weights in float32 and compute in half precision by a DtypePolicy, as"
                    + " precision(DtypePolicy.MIXED_BFLOAT16) of a trainer does");
        }
    }

    private void requireSome(Gradients gradients) {
        List<Variable<?>> without = gradients.unconnected();
        if (gradients.variables().isEmpty()) {
            throw new IllegalArgumentException(optimizer + " was given no gradient to apply: "
                    + (without.isEmpty()
                            ? "there are no trainable variables. Was the model called before tape.gradients, and are its"
                                    + " layers registered by layer(…), and not all frozen?"
                            : "the loss does not depend on any of " + names(without)
                                    + ". Is the loss computed from the model's output, inside the tape?"));
        }
        if (!without.isEmpty() && !warned) {
            Warnings.warn(Optimizer.class, "The loss does not depend on " + names(without) + ": they stay as they are");
            warned = true;
        }
    }

    static List<String> names(List<Variable<?>> variables) {
        return variables.stream().map(Variable::name).toList();
    }

    /** @param where begins the message */
    static void requireLike(String where, Variable<?> variable, Operand<?> gradient) {
        // Asking slices for their output would make the whole gradient.
        Shape shape = gradient instanceof IndexedSlices<?> slices ? slices.shape() : Tensors.shape(gradient);
        if (!shape.isCompatibleWith(variable.shape()) || gradient.type() != variable.type()) {
            throw new IllegalArgumentException(where + "The gradient of variable '" + variable.name()
                    + "' must be like it, " + variable.type().getSimpleName() + " " + variable.shape() + ", got "
                    + Tensors.describe(gradient));
        }
    }
}
