package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.function.Predicate;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * Decoupled weight decay (Loshchilov and Hutter 2019), Keras' {@code weight_decay}: before its update each variable
 * shrinks by w · lr · v. Immutable.
 */
public final class WeightDecay implements Optimizer.Transform {

    private final double rate;
    private final Predicate<Variable<?>> excluded;

    private WeightDecay(double rate, Predicate<Variable<?>> excluded) {
        this.rate = rate;
        this.excluded = excluded;
    }

    /**
     * Decays all variables.
     *
     * @param rate w, at least 0
     * @return a transform
     */
    public static WeightDecay of(double rate) {
        return new WeightDecay(Require.notNegative("weight decay", rate), variable -> false);
    }

    /**
     * The same decay, but not for some variables.
     *
     * @param variables which to leave alone besides those excluded before
     * @return a new transform
     */
    public WeightDecay excluding(Variable<?>... variables) {
        List<Variable<?>> alone = List.of(variables);
        return new WeightDecay(rate, excluded.or(alone::contains));
    }

    /**
     * The same decay, but not for variables of some names.
     *
     * @param names which to leave alone besides those excluded before: {@code name -> name.endsWith("/bias")}
     * @return a new transform
     */
    public WeightDecay excluding(Predicate<String> names) {
        return new WeightDecay(rate, excluded.or(variable -> names.test(variable.name())));
    }

    /** Whether a variable decays; asks the user's predicates. */
    boolean covers(Variable<?> variable) {
        return !excluded.test(variable);
    }

    <T extends TNumber> void apply(Update update, Variable<T> variable) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Operand<T> factor = update.once(
                "weight decay", type, () -> tf.math.mul(update.constant(rate, type), update.learningRate(type)));
        variable.assignSub(tf, tf.math.mul(variable.read(tf), factor));
    }

    @Override
    public String toString() {
        return "WeightDecay.of(" + rate + ")";
    }
}
