package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import java.util.Collection;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * Keeps an exponential moving average of each variable, Keras' {@code use_ema}: after an update a = m a + (1 - m) v,
 * where m counts as 0 for the first update. All variables that were ever updated are averaged in each update, also those
 * that it has no gradient of; with {@link GradientAccumulation} it is once for each update, where Keras averages in
 * every step. The averages are put in place by {@link Optimizer#useAverages}, which
 * {@code fit} does at its end, by {@link Optimizer#swapAverages}, or every few updates. Immutable.
 */
public final class MovingAverage implements Optimizer.Transform {

    private static final String SLOT = "average";

    private final double momentum;
    private final long overwriteFrequency;

    private MovingAverage(double momentum, long overwriteFrequency) {
        this.momentum = momentum;
        this.overwriteFrequency = overwriteFrequency;
    }

    /**
     * Averages without overwriting the variables. Keras' default momentum is 0.99.
     *
     * @param momentum m, in [0, 1]
     * @return a transform
     */
    public static MovingAverage of(double momentum) {
        return new MovingAverage(Require.probability("momentum", momentum), 0);
    }

    /**
     * The same average, put in place of the variables now and then, Keras' {@code ema_overwrite_frequency}.
     *
     * @param updates after how many updates, at least 1
     * @return a new transform
     */
    public MovingAverage overwriteFrequency(long updates) {
        return new MovingAverage(momentum, Require.atLeast(1, "overwriteFrequency", updates));
    }

    /** Begins the average of a variable with its value before its first update. */
    <T extends TNumber> void begin(Slots slots, Variable<T> variable) {
        slots.of(variable, SLOT, variable::read);
    }

    /** Lets the averages follow the variables: one update. */
    void follow(Update update, Slots slots, Collection<Variable<?>> variables) {
        for (Variable<?> variable : variables) {
            followOne(update, slots, Optimizer.number(variable));
        }
    }

    private <T extends TNumber> void followOne(Update update, Slots slots, Variable<T> variable) {
        Ops tf = update.tf();
        Variable<T> slot = slots.of(variable, SLOT, variable::read);
        Operand<T> average = slot.read(tf);
        Operand<T> value = variable.read(tf);
        Operand<T> next =
                tf.math.add(average, tf.math.mul(tf.math.sub(value, average), share(update, variable.type())));
        slot.assign(tf, next);
        if (overwriteFrequency > 0) {
            variable.assign(tf, tf.select(overwriteDue(update), next, value));
        }
    }

    /** What the variable counts in its average: 1 - m, or all in the first update. */
    private <T extends TNumber> Operand<T> share(Update update, Class<T> type) {
        Ops tf = update.tf();
        return update.once(
                "share of the average",
                type,
                () -> tf.select(
                        tf.math.equal(update.updateCount(), tf.constant(0L)),
                        update.constant(1, type),
                        update.constant(1 - momentum, type)));
    }

    private Operand<TBool> overwriteDue(Update update) {
        Ops tf = update.tf();
        return update.condition("overwriting due", () -> {
            Operand<TInt64> updates = tf.math.add(update.updateCount(), tf.constant(1L));
            return tf.math.equal(tf.math.floorMod(updates, tf.constant(overwriteFrequency)), tf.constant(0L));
        });
    }

    /** The averages of all variables. */
    Collection<Variable<?>> averages(Slots slots) {
        return slots.all(SLOT).values();
    }

    void overwrite(Ops tf, Slots slots) {
        slots.all(SLOT).forEach((variable, average) -> {
            Variable<? extends TNumber> typed = Optimizer.number(variable);
            overwriteOne(tf, typed, average);
        });
    }

    @SuppressWarnings("unchecked") // A slot has its variable's type.
    private static <T extends TNumber> void overwriteOne(Ops tf, Variable<T> variable, Variable<?> average) {
        variable.assign(tf, ((Variable<T>) average).read(tf));
    }

    void swap(Ops tf, Slots slots) {
        slots.all(SLOT).forEach((variable, average) -> swapOne(tf, Optimizer.number(variable), average));
    }

    @SuppressWarnings("unchecked") // A slot has its variable's type.
    private static <T extends TNumber> void swapOne(Ops tf, Variable<T> variable, Variable<?> average) {
        Variable<T> typed = (Variable<T>) average;
        Operand<T> value = variable.read(tf);
        variable.assign(tf, typed.read(tf));
        typed.assign(tf, value);
    }

    @Override
    public String toString() {
        return "MovingAverage.of(" + momentum + ")"
                + (overwriteFrequency > 0 ? ".overwriteFrequency(" + overwriteFrequency + ")" : "");
    }
}
