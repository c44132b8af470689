package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * One application of an optimizer: the scalars that all variables of the step share, each made once, in the type of the
 * variables.
 */
public final class Update {

    private record Key(Object what, Class<?> type) {}

    private final Ops tf;
    private final Counts counts;
    private final Function<Update, Operand<TFloat64>> rate;
    private final Slots slots;
    private final String prefix;
    /** What comes between a variable's name and that of a slot. */
    private final String place;

    private final Map<Key, Operand<?>> made;
    private final Map<Object, Update> parts = new HashMap<>();

    /**
     * What was done before, each made when it is first asked for.
     *
     * @param steps how many steps were taken, an int64 scalar
     * @param updates how many updates were made, an int64 scalar; the same thing unless gradients are accumulated
     */
    record Counts(Supplier<Operand<TInt64>> steps, Supplier<Operand<TInt64>> updates) {

        /** Every step is an update. */
        static Counts of(Supplier<Operand<TInt64>> steps) {
            return new Counts(steps, null);
        }
    }

    /**
     * @param counts what was done before
     * @param rate makes the learning rate, perhaps from {@link #stepsBefore()}
     * @param slots where slots are kept
     * @param prefix comes before the names of numbers that go with the optimizer
     */
    Update(Ops tf, Counts counts, Function<Update, Operand<TFloat64>> rate, Slots slots, String prefix) {
        this(tf, counts, rate, slots, prefix, "", new HashMap<>());
    }

    private Update(
            Ops tf,
            Counts counts,
            Function<Update, Operand<TFloat64>> rate,
            Slots slots,
            String prefix,
            String place,
            Map<Key, Operand<?>> made) {
        this.tf = tf;
        this.counts = counts;
        this.rate = rate;
        this.slots = slots;
        this.prefix = prefix;
        this.place = place;
        this.made = made;
    }

    /** The same step for the variables of a part, with a learning rate of its own. */
    Update part(Optimizer part) {
        return parts.computeIfAbsent(part, none -> new Update(tf, counts, part.rate::at, slots, part.prefix()));
    }

    /** The same step for something that has slots of its own. */
    Update within(String name) {
        return new Update(tf, counts, rate, slots, prefix, name + "/", made);
    }

    /**
     * Makes ops.
     *
     * @return the ops of this step
     */
    public Ops tf() {
        return tf;
    }

    /**
     * The learning rate of this step.
     *
     * @param type the type of the variable to update
     * @param <T> that type
     * @return a scalar
     */
    public <T extends TNumber> Operand<T> learningRate(Class<T> type) {
        return once("learning rate", type, () -> Tensors.cast(tf, rate.apply(this), type));
    }

    /**
     * A number as a constant.
     *
     * @param value the number
     * @param type the type of the variable to update
     * @param <T> that type
     * @return a scalar
     */
    public <T extends TNumber> Operand<T> constant(double value, Class<T> type) {
        return once(value, type, () -> Tensors.constant(tf, value, type));
    }

    /**
     * What a number leaves of 1: the 1 - β that a new gradient counts in an average. For a float32 variable β is
     * rounded to float32 first, as in {@link #power}.
     *
     * @param value the number
     * @param type the type of the variable to update
     * @param <T> that type
     * @return a scalar
     */
    public <T extends TNumber> Operand<T> rest(double value, Class<T> type) {
        return constant(1 - rounded(value, type), type);
    }

    /**
     * A power of a number with the count of updates, this one included: β^t of a bias correction. For a float32
     * variable β is rounded to float32 first, as the kernel that uses it does: otherwise 1 - β and 1 - β^t would not
     * cancel.
     *
     * @param base the number
     * @param type the type of the variable to update
     * @param <T> that type
     * @return a scalar
     */
    public <T extends TNumber> Operand<T> power(double base, Class<T> type) {
        record Power(double base) {}
        return once(new Power(base), type, () -> Tensors.cast(tf, exactPower(base, type), type));
    }

    /**
     * What {@link #power} leaves of 1: the bias correction 1 - β^t of an average that began at 0.
     *
     * @param base the number
     * @param type the type of the variable to update
     * @param <T> that type
     * @return a scalar
     */
    public <T extends TNumber> Operand<T> correction(double base, Class<T> type) {
        record Correction(double base) {}
        return once(
                new Correction(base),
                type,
                () -> Tensors.cast(tf, tf.math.sub(tf.constant(1.0), exactPower(base, type)), type));
    }

    private Operand<TFloat64> exactPower(double base, Class<?> type) {
        return tf.math.pow(tf.constant(rounded(base, type)), updateNumber());
    }

    /** A number in [0, 1) as kernels see it: one so near 1 that float32 rounds it up would make averages stand still. */
    private static double rounded(double value, Class<?> type) {
        return type == TFloat32.class && value < 1 ? Math.min((float) value, Math.nextDown(1f)) : value;
    }

    /** A number in [0, 1) that stays below 1 in the type of the variables. */
    <T extends TNumber> Operand<T> fraction(double value, Class<T> type) {
        return constant(rounded(value, type), type);
    }

    /** A number above 0 that stays so in the type of the variables: kernels take what is less than a normal number for 0. */
    <T extends TNumber> Operand<T> epsilon(double value, Class<T> type) {
        return constant(Math.max(value, type == TFloat32.class ? Float.MIN_NORMAL : Double.MIN_NORMAL), type);
    }

    /**
     * A variable that goes with another and is kept from one step to the next: an average of its gradients, for example. It
     * is made when it is first asked for, and part of the optimizer's state. A {@link GradientTransform} has slots of its
     * own, whatever names others use.
     *
     * @param name what it is
     * @param variable what it goes with
     * @param initial its value at first, everywhere
     * @param <T> the variable's type
     * @return a variable of the same shape and type, not trainable
     */
    public <T extends TNumber> Variable<T> slot(String name, Variable<T> variable, double initial) {
        return slots.filled(variable, place + name, variable.shape(), initial);
    }

    /**
     * A number that goes with no variable and is kept from one step to the next. It is made when it is first asked for, and
     * part of the optimizer's state.
     *
     * @param name what it is
     * @param initial its value at first
     * @return a float64 scalar, not trainable
     */
    public Variable<TFloat64> numberSlot(String name, double initial) {
        return slots.named(TapeSession.of(tf), prefix + "/" + place + name, eager -> eager.constant(initial));
    }

    /**
     * The number of this update, from 1. With accumulation it counts the updates that were made, not the steps.
     *
     * @return a float64 scalar
     */
    public Operand<TFloat64> updateNumber() {
        return once("update number", TFloat64.class, () -> tf.math.add(updatesBefore(), tf.constant(1.0)));
    }

    /** How many updates were made before this one, a float64 scalar. */
    private Operand<TFloat64> updatesBefore() {
        return counts.updates == null
                ? stepsBefore()
                : once("updates before", TFloat64.class, () -> Tensors.cast(tf, updateCount(), TFloat64.class));
    }

    /** How many updates were made before this one, an int64 scalar. */
    Operand<TInt64> updateCount() {
        return counts.updates == null ? stepCount() : once("update count", TInt64.class, counts.updates);
    }

    /** How many steps were taken before this one, a float64 scalar. */
    Operand<TFloat64> stepsBefore() {
        return once("steps before", TFloat64.class, () -> Tensors.cast(tf, stepCount(), TFloat64.class));
    }

    /** How many steps were taken before this one, an int64 scalar. */
    Operand<TInt64> stepCount() {
        return once("step count", TInt64.class, counts.steps);
    }

    /** A condition that the variables of a step share. */
    Operand<TBool> condition(String what, Supplier<Operand<TBool>> make) {
        return shared(what, TBool.class, make);
    }

    /**
     * A scalar that the variables of a step share.
     *
     * @param what its name and parameters; equal names are one scalar
     * @param type the type of the variable to update
     * @param make makes it the first time it is asked for
     */
    <T extends TNumber> Operand<T> once(Object what, Class<T> type, Supplier<Operand<T>> make) {
        return shared(what, type, make);
    }

    @SuppressWarnings("unchecked") // The key holds the type.
    private <T extends TType> Operand<T> shared(Object what, Class<T> type, Supplier<Operand<T>> make) {
        Key key = new Key(what, type);
        Operand<T> operand = (Operand<T>) made.get(key);
        if (operand == null) {
            operand = make.get(); // May ask for others in its turn.
            made.put(key, operand);
        }
        return operand;
    }

    /** Names the optimizer. */
    @Override
    public String toString() {
        return "Update of " + prefix;
    }
}
