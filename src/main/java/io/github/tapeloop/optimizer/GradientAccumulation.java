package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * Makes one update of several steps, Keras' {@code gradient_accumulation_steps}: every n-th step uses the mean of the
 * last n gradients; the others only add to the sum. A learning rate schedule still counts steps, while bias corrections
 * count updates. Steps left over are used by {@link Optimizer#flush}. Immutable.
 *
 * <p>What an optimizer keeps outside its slots would change in every step. Sums are as large as the variables, so an
 * optimizer that is {@code lazy(true)} is not lazy with it.
 */
public final class GradientAccumulation implements Optimizer.Transform {

    private static final String SLOT = "gradient_accumulator";

    private final long steps;

    private GradientAccumulation(long steps) {
        this.steps = steps;
    }

    /**
     * Accumulates.
     *
     * @param steps n, how many steps make an update, at least 2
     * @return a transform
     */
    public static GradientAccumulation of(long steps) {
        return new GradientAccumulation(Require.atLeast(2, "steps", steps));
    }

    long steps() {
        return steps;
    }

    /** Adds gradients to the sums and, if this is an n-th step, makes the update of the means and empties the sums. */
    void step(Update update, Slots slots, Gradients gradients, Consumer<Gradients> change) {
        Ops tf = update.tf();
        Operand<TInt64> number = tf.math.add(update.stepCount(), tf.constant(1L));
        Operand<TBool> due = tf.math.equal(tf.math.floorMod(number, tf.constant(steps)), tf.constant(0L));
        List<Runnable> sums = new ArrayList<>();
        Gradients means = gradients.map(
                (variable, gradient) -> accumulate(update, slots, Optimizer.number(variable), gradient, due, sums));
        Undo undo = new Undo(tf);
        gradients.variables().forEach(undo::remember);
        slots.remember(undo);
        try {
            change.accept(means);
        } finally {
            slots.remember(null);
        }
        undo.unless(due);
        sums.forEach(Runnable::run);
    }

    @SuppressWarnings("unchecked") // A gradient has its variable's type.
    private <T extends TNumber> Operand<T> accumulate(
            Update update,
            Slots slots,
            Variable<T> variable,
            Operand<?> gradient,
            Operand<TBool> due,
            List<Runnable> sums) {
        Ops tf = update.tf();
        Variable<T> slot = slots.of(variable, SLOT, eager -> eager.zerosLike(variable.read(eager)));
        Operand<T> sum = tf.math.add(slot.read(tf), (Operand<T>) gradient);
        // Not before all else has gone well: a step that fails adds nothing.
        sums.add(() -> slot.assign(tf, tf.select(due, tf.zerosLike(sum), sum)));
        return tf.math.div(sum, update.constant(steps, variable.type()));
    }

    /**
     * What waits for an update.
     *
     * @param emptying sets a sum to 0
     */
    record Pending(Gradients means, List<Runnable> emptying) {

        /** Begins a new accumulation. */
        void empty() {
            emptying.forEach(Runnable::run);
        }
    }

    /** The means of gradients of fewer steps. */
    Pending take(Update update, Slots slots, long pending) {
        Ops tf = update.tf();
        List<Variable<?>> variables = new ArrayList<>();
        List<Optional<Operand<?>>> means = new ArrayList<>();
        List<Runnable> emptying = new ArrayList<>();
        slots.all(SLOT).forEach((variable, slot) -> {
            variables.add(variable);
            means.add(Optional.of(mean(update, Optimizer.number(slot), pending)));
            emptying.add(() -> empty(tf, Optimizer.number(slot)));
        });
        return new Pending(Gradients.of(variables, means), emptying);
    }

    private static <T extends TNumber> Operand<T> mean(Update update, Variable<T> slot, long pending) {
        Ops tf = update.tf();
        return tf.math.div(slot.read(tf), update.constant(pending, slot.type()));
    }

    private static <T extends TNumber> void empty(Ops tf, Variable<T> slot) {
        slot.assign(tf, tf.zerosLike(slot.read(tf)));
    }

    @Override
    public String toString() {
        return "GradientAccumulation.of(" + steps + ")";
    }
}
