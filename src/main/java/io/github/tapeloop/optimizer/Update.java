package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * One application of an optimizer: the scalars that all variables of the step share, each made once, in the type of the
 * variables.
 */
public final class Update {

    private record Key(Object what, Class<?> type) {}

    private final Ops tf;
    private final Variable<TInt64> iterations;
    private final Function<Update, Operand<TFloat64>> rate;
    private final Map<Key, Operand<?>> made = new HashMap<>();

    /**
     * @param iterations counts the steps taken before
     * @param rate makes the learning rate, perhaps from {@link #stepsBefore()}
     */
    Update(Ops tf, Variable<TInt64> iterations, Function<Update, Operand<TFloat64>> rate) {
        this.tf = tf;
        this.iterations = iterations;
        this.rate = rate;
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
     * A power of a number with the count of steps, this one included: β^t of a bias correction. For a float32 variable β is
     * rounded to float32 first, as the kernel that uses it does: otherwise 1 - β and 1 - β^t would not cancel.
     *
     * @param base the number
     * @param type the type of the variable to update
     * @param <T> that type
     * @return a scalar
     */
    public <T extends TNumber> Operand<T> power(double base, Class<T> type) {
        record Power(double base) {}
        return once(new Power(base), type, () -> {
            Operand<TFloat64> rounded = tf.constant(type == TFloat32.class ? (double) (float) base : base);
            return Tensors.cast(tf, tf.math.pow(rounded, stepNumber()), type);
        });
    }

    /** How many steps were taken before this one, a float64 scalar. */
    Operand<TFloat64> stepsBefore() {
        return once("steps before", TFloat64.class, () -> Tensors.cast(tf, iterations.read(tf), TFloat64.class));
    }

    /** The number of this step, from 1. */
    private Operand<TFloat64> stepNumber() {
        return once("step", TFloat64.class, () -> tf.math.add(stepsBefore(), tf.constant(1.0)));
    }

    @SuppressWarnings("unchecked") // The key holds the type.
    private <T extends TNumber> Operand<T> once(Object what, Class<T> type, Supplier<Operand<T>> make) {
        Key key = new Key(what, type);
        Operand<T> operand = (Operand<T>) made.get(key);
        if (operand == null) {
            operand = make.get(); // May ask for others in its turn.
            made.put(key, operand);
        }
        return operand;
    }
}
