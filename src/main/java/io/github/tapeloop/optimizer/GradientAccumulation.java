package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.Conditional;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * Makes one update of several steps, Keras' {@code gradient_accumulation_steps}: every n-th step updates by the mean of the
 * gradients of the last n; the others only add to the sum. Learning rate schedules count steps; bias corrections and moving
 * averages count updates, as warm-ups of optimizers do. A variable counts with a gradient of 0 in a step that has none of it,
 * and is left alone by an update if none of its steps had one. Immutable.
 *
 * <p>Each {@link Optimizer#apply} is a step. Those left over are used by {@link Optimizer#flush}, which {@code fit} calls at the
 * end of the run, after its last validation, as Keras does not, and never between epochs: an epoch's last steps count with
 * the next one's first.
 *
 * <p>Sums are as large as the variables, so an optimizer that is {@code lazy(true)} is not lazy with it.
 */
public final class GradientAccumulation implements Optimizer.Transform {

    private static final String SUM = "gradient_accumulator";
    /** The number of the last update that a variable has a gradient for. */
    private static final String LAST = "gradient_accumulator_update";

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

    /** Makes an update of gradients that were summed up. */
    @FunctionalInterface
    interface Change {

        /**
         * @param update what was done before it
         * @param means of variables that may have a gradient
         * @param has whether one does, of those of which this turns out in the graph
         */
        void make(Update update, Gradients means, Map<Variable<?>, Operand<TBool>> has);
    }

    /** How many updates were made, of whatever number of steps. */
    Variable<TInt64> updates(Ops tf, Slots slots) {
        return slots.named(TapeSession.of(tf), "optimizer/updates", eager -> eager.constant(0L));
    }

    /** How many steps wait for others. */
    private static Variable<TInt64> waiting(Ops tf, Slots slots) {
        return slots.named(TapeSession.of(tf), "optimizer/accumulated_steps", eager -> eager.constant(0L));
    }

    private static Variable<TInt64> last(Slots slots, Variable<?> variable) {
        return slots.named(variable.session(), variable.name() + "/" + LAST, eager -> eager.constant(0L));
    }

    private static <T extends TNumber> Variable<T> sum(Slots slots, Variable<T> variable) {
        return slots.of(variable, SUM, eager -> eager.zerosLike(variable.read(eager)));
    }

    /**
     * Adds gradients to the sums and, if this is an n-th step, makes the update of the means and empties the sums.
     *
     * @param before what was done before this step
     * @param met all variables that steps have had gradients of, those of this one included
     */
    void step(
            Ops tf,
            Update.Counts before,
            Slots slots,
            Collection<Variable<?>> met,
            Gradients gradients,
            OptimizerState optimizer,
            Change change) {
        Operand<TInt64> one = tf.constant(1L);
        Operand<TInt64> number = tf.math.add(waiting(tf, slots).read(tf), one);
        Operand<TBool> due = tf.math.greaterEqual(number, tf.constant(steps));
        Operand<TInt64> updated = before.updates().get();
        Operand<TInt64> next = tf.math.add(updated, one);
        Map<Variable<?>, Operand<?>> sums = new LinkedHashMap<>();
        List<Variable<?>> absent = new ArrayList<>();
        List<Operand<?>> inputs = new ArrayList<>(List.of(before.steps().get(), updated));
        for (Variable<?> variable : met) {
            Operand<?> sum = added(tf, slots, Optimizer.number(variable), gradients);
            sums.put(variable, sum);
            inputs.add(sum);
            if (gradients.of(variable).isEmpty()) {
                absent.add(variable);
            }
        }
        absent.forEach(
                variable -> inputs.add(tf.math.equal(last(slots, variable).read(tf), next)));
        Conditional.runIf(tf, due, inputs, (inner, given) -> {
            Iterator<? extends Operand<?>> parts = given.iterator();
            Operand<TInt64> stepsBefore = typed(parts.next());
            Operand<TInt64> updatesBefore = typed(parts.next());
            Update update = optimizer.newUpdate(inner, new Update.Counts(() -> stepsBefore, () -> updatesBefore));
            Gradients means = means(update, met, parts, steps);
            Map<Variable<?>, Operand<TBool>> has = new LinkedHashMap<>();
            absent.forEach(variable -> has.put(variable, GradientAccumulation.<TBool>typed(parts.next())));
            change.make(update, means, has);
        });
        // Not before all else has gone well: a step that fails adds nothing.
        sums.forEach((variable, sum) -> keep(tf, slots, Optimizer.number(variable), sum, due));
        gradients.variables().forEach(variable -> last(slots, variable).assign(tf, next));
        waiting(tf, slots).assign(tf, tf.select(due, tf.constant(0L), number));
        updates(tf, slots).assign(tf, tf.select(due, next, updated));
    }

    @SuppressWarnings("unchecked") // A gradient has its variable's type.
    private static <T extends TNumber> Operand<T> added(
            Ops tf, Slots slots, Variable<T> variable, Gradients gradients) {
        Operand<T> sum = sum(slots, variable).read(tf);
        last(slots, variable); // Made now, in every mode.
        return gradients
                .of(variable)
                .map(gradient -> (Operand<T>) tf.math.add(sum, gradient))
                .orElse(sum);
    }

    @SuppressWarnings("unchecked") // A sum has its variable's type.
    private static <T extends TNumber> void keep(
            Ops tf, Slots slots, Variable<T> variable, Operand<?> sum, Operand<TBool> due) {
        Operand<T> typed = (Operand<T>) sum;
        sum(slots, variable).assign(tf, tf.select(due, tf.zerosLike(typed), typed));
    }

    private static Gradients means(
            Update update, Collection<Variable<?>> variables, Iterator<? extends Operand<?>> sums, long count) {
        List<Optional<Operand<?>>> means = new ArrayList<>();
        for (Variable<?> variable : variables) {
            means.add(Optional.of(mean(update, Optimizer.number(variable), sums.next(), count)));
        }
        return Gradients.of(List.copyOf(variables), means);
    }

    @SuppressWarnings("unchecked") // A sum has its variable's type.
    private static <T extends TNumber> Operand<T> mean(
            Update update, Variable<T> variable, Operand<?> sum, long count) {
        return update.tf().math.div((Operand<T>) sum, update.constant(count, variable.type()));
    }

    @SuppressWarnings("unchecked") // The types are those of the inputs.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
    }

    /** How many steps wait for others, outside a step. */
    long waiting(TapeSession session, Slots slots) {
        return (long) session.scalar(waiting(session.tf(), slots).read(session.tf()));
    }

    /**
     * Makes the update of the steps that wait, at least one, and begins a new accumulation. Not in a step.
     *
     * @param update of the last of these steps
     */
    void flush(Update update, Slots slots, long waiting, Change change) {
        Ops tf = update.tf();
        TapeSession session = TapeSession.of(tf);
        Operand<TInt64> next = tf.math.add(update.updateCount(), tf.constant(1L));
        double number = session.scalar(next);
        List<Variable<?>> variables = new ArrayList<>();
        List<Operand<?>> sums = new ArrayList<>();
        slots.all(SUM).forEach((variable, sum) -> {
            if (session.scalar(last(slots, variable).read(tf)) == number) {
                variables.add(variable);
                sums.add(sum.read(tf));
            }
        });
        change.make(update, means(update, variables, sums.iterator(), waiting), Map.of());
        slots.all(SUM).values().forEach(sum -> empty(tf, Optimizer.number(sum)));
        waiting(tf, slots).assign(tf, tf.constant(0L));
        updates(tf, slots).assign(tf, next);
    }

    private static <T extends TNumber> void empty(Ops tf, Variable<T> sum) {
        sum.assign(tf, tf.zerosLike(sum.read(tf)));
    }

    @Override
    public String toString() {
        return "GradientAccumulation.of(" + steps + ")";
    }
}
