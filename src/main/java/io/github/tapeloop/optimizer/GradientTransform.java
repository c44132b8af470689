package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TNumber;

/**
 * Changes gradients before they are used: noise, centralization, a projection, a filter. Give it to {@link Optimizer#with}.
 * In a step it comes after accumulation and clipping, so it is told what is to be used, and before weight decay and the
 * update; several come in the order in which they were added. Of gradients that are accumulated it is told the mean.
 *
 * <pre>{@code
 * GradientTransform sign = GradientTransform.each((update, variable, gradient) -> update.tf().math.sign(gradient));
 * Optimizer optimizer = new Sgd(0.1).with(GradientTransform.traceable("sign", sign));
 * }</pre>
 *
 * <p>Whatever it remembers from one step to the next must be in slots, by {@link Update#slot}: then it is part of the
 * optimizer's state, saved, restored and undone with it. One object can serve several optimizers. The loss scale is divided out
 * before, and a step with gradients that are not finite never comes here if there is one.
 *
 * <p>Unless it is said to be traceable, its Java code runs in each eager step, which then runs op by op; a compiled step runs
 * it while it is traced, as it does all Java code.
 */
@FunctionalInterface
public non-sealed interface GradientTransform extends Optimizer.Transform {

    /**
     * Changes gradients.
     *
     * @param update the step: ops, learning rate, shared scalars, slots
     * @param gradients those to be used, of variables that have one; rows of a table are {@link
     *     io.github.tapeloop.state.IndexedSlices}, perhaps with repetitions, and a whole gradient to any op that takes them
     * @return a gradient for each variable that had one, of its shape and type: {@link Gradients#map} gives that
     */
    Gradients apply(Update update, Gradients gradients);

    /** Changes the gradient of one variable, whatever its type. */
    @FunctionalInterface
    interface Each {

        /**
         * Changes a gradient.
         *
         * @param update the step: ops, learning rate, shared scalars, slots
         * @param variable what the gradient is of
         * @param gradient its gradient, of its shape and type
         * @return another one, of the same shape and type
         */
        Operand<TNumber> apply(Update update, Variable<TNumber> variable, Operand<TNumber> gradient);
    }

    /**
     * A transform that changes each gradient by itself, to be given a name by {@link #of} or {@link #traceable}.
     *
     * @param formula changes the gradient of one variable
     * @return a transform without a name
     */
    @SuppressWarnings("unchecked") // Only numbers have gradients, each of its variable's type.
    static GradientTransform each(Each formula) {
        Objects.requireNonNull(formula, "formula");
        GradientTransform all = (update, gradients) -> gradients.map((variable, gradient) ->
                formula.apply(update, (Variable<TNumber>) variable, (Operand<TNumber>) gradient));
        return new Named("", all, false);
    }

    /**
     * What it is called: in messages and reports, and in the names of its slots, so the same name in each run of a program.
     *
     * @return the name of its class unless overridden
     */
    default String name() {
        return getClass().getSimpleName();
    }

    /**
     * Whether {@link #apply} makes the same ops in every step, whatever the Java values around it are by then, so that those
     * of one step can be kept and run again without it.
     *
     * @return false unless overridden
     */
    default boolean isTraceable() {
        return false;
    }

    /**
     * A transform with a name, whose Java code runs in each eager step.
     *
     * @param name what it is called; not blank
     * @param formula changes gradients
     * @return a transform to give to an optimizer
     */
    static GradientTransform of(String name, GradientTransform formula) {
        return new Named(requireName(name), Objects.requireNonNull(formula, "formula"), false);
    }

    /**
     * A transform with a name that is safe to trace: it makes the same ops in every step.
     *
     * @param name what it is called; not blank
     * @param formula changes gradients
     * @return a transform to give to an optimizer
     */
    static GradientTransform traceable(String name, GradientTransform formula) {
        return new Named(requireName(name), Objects.requireNonNull(formula, "formula"), true);
    }

    private static String requireName(String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("Expected the name of a transform, got '" + name + "'");
        }
        return name;
    }
}
