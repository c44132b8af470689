package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * Schedule-free AdamW (Defazio et al. 2024) by Keras' formula. The variables y are where gradients are taken, between
 * the sequence z that steps as RMSprop does and its average x: v = β₂ v + (1 - β₂) g²; z -= lr g / (√(v / (1 - β₂ᵗ)) +
 * ε); x = (1 - 1/t) x + z/t; y = (1 - β₁) z + β₁ x. The better weights are x: {@link #swapToEval} puts them in place.
 * Defaults: learning rate 0.0025, β₁ 0.9, β₂ 0.999, ε 1e-8, no warm-up, and, as in Keras, no weight decay unless
 * {@link #with} is given one. (On TensorFlow Keras 3.15 takes the new z for the old one in x, and hardly learns.)
 */
public final class ScheduleFreeAdamW extends Moments<ScheduleFreeAdamW> {

    private static final String MOMENTUM = "momentum";

    private long warmupSteps;

    /** ScheduleFreeAdamW with a learning rate of 0.0025. */
    public ScheduleFreeAdamW() {
        this(0.0025);
    }

    /**
     * ScheduleFreeAdamW with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public ScheduleFreeAdamW(double learningRate) {
        super(learningRate, 1e-8);
    }

    /**
     * ScheduleFreeAdamW with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public ScheduleFreeAdamW(Schedule schedule) {
        super(schedule, 1e-8);
    }

    /**
     * {@inheritDoc}
     *
     * @param first β₁, how near the variables are to the average, above 0 and below 1
     */
    @Override
    public ScheduleFreeAdamW betas(double first, double second) {
        settings.change(this, "betas");
        return super.betas(Require.properFraction("beta1", first), second);
    }

    /**
     * Sets over how many updates the learning rate rises linearly to its full height; 0 unless set.
     *
     * @param updates at least 0
     * @return this
     */
    public ScheduleFreeAdamW warmupSteps(long updates) {
        settings.change(this, "warmupSteps");
        this.warmupSteps = Require.atLeast(0, "warmupSteps", updates);
        return this;
    }

    /** Gives the variables the averaged values x, to evaluate, predict or save. Not for use in a step. */
    @Override
    public void swapToEval() {
        eagerly(tf -> {
            if (isAveraged(tf)) {
                return;
            }
            momenta().forEach((variable, momentum) -> toAverage(tf, number(variable), momentum));
            averaged().assign(tf, tf.constant(1.0));
        });
    }

    /** Gives the variables the values y back, where training goes on. Not for use in a step. */
    @Override
    public void swapToTrain() {
        eagerly(tf -> {
            if (!isAveraged(tf)) {
                return;
            }
            momenta().forEach((variable, momentum) -> toTraining(tf, number(variable), momentum));
            averaged().assign(tf, tf.constant(0.0));
        });
    }

    @Override
    void addVersions(List<Variable<?>> all) {
        if (session != null) {
            all.addAll(momenta().values());
            all.add(averaged());
        }
    }

    @Override
    boolean isEvaluating() {
        return session != null && isAveraged(session.tf());
    }

    /** Of each variable its z. Other parts of a ByVariable can have slots of that name, too. */
    private Map<Variable<?>, Variable<?>> momenta() {
        Map<Variable<?>, Variable<?>> own = slots.all(MOMENTUM);
        own.keySet().removeIf(variable -> !updates(variable));
        return own;
    }

    /** 1 while the variables hold x: a part of the state, so that saved variables are known for what they are. */
    private Variable<TFloat64> averaged() {
        return numberSlot("averaged", 0);
    }

    private boolean isAveraged(Ops tf) {
        return TapeSession.of(tf).scalar(averaged().read(tf)) == 1;
    }

    @Override
    ScheduleFreeAdamW self() {
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Operand<T> velocity = average(update, slot("velocity", variable, 0), tf.math.square(gradient), beta2());
        Operand<T> root = tf.math.sqrt(tf.math.div(velocity, update.correction(beta2(), type)));
        Operand<T> step =
                tf.math.div(tf.math.mul(gradient, rate(update, type)), tf.math.add(root, epsilon(update, type)));
        Variable<T> momentum = copySlot(MOMENTUM, variable);
        Operand<T> before = momentum.read(tf);
        Operand<T> after = tf.math.sub(before, step);
        momentum.assign(tf, after);
        // With x = (y - (1 - β₁) z) / β₁ put in, y = (1 - β₁ + β₁/t) z' + (1 - 1/t) (y - (1 - β₁) z).
        Operand<T> average = tf.math.sub(variable.read(tf), tf.math.mul(before, update.constant(1 - beta1(), type)));
        variable.assign(
                tf,
                tf.math.add(
                        tf.math.mul(after, share(update, 1 - beta1(), beta1(), type)),
                        tf.math.mul(average, share(update, 1, -1, type))));
    }

    /** Makes z before weight decay changes the variable. */
    @Override
    void prepare(Variable<?> variable) {
        averaged();
        copySlot(MOMENTUM, number(variable));
    }

    private <T extends TNumber> Operand<T> rate(Update update, Class<T> type) {
        if (warmupSteps == 0) {
            return update.learningRate(type);
        }
        Ops tf = update.tf();
        return update.once("warmed up rate", type, () -> {
            Operand<TFloat64> part = tf.math.minimum(
                    tf.math.div(update.updateNumber(), tf.constant((double) warmupSteps)), tf.constant(1.0));
            return tf.math.mul(update.learningRate(type), Tensors.cast(tf, part, type));
        });
    }

    /** constant + slope / t. */
    private <T extends TNumber> Operand<T> share(Update update, double constant, double slope, Class<T> type) {
        record Share(double constant, double slope) {}
        Ops tf = update.tf();
        return update.once(new Share(constant, slope), type, () -> {
            Operand<TFloat64> part = tf.math.div(tf.constant(slope), update.updateNumber());
            return Tensors.cast(tf, tf.math.add(part, tf.constant(constant)), type);
        });
    }

    /** x = z + (y - z) / β₁, which is y to the bit where nothing was updated. */
    @SuppressWarnings("unchecked") // A slot has its variable's type.
    private <T extends TNumber> void toAverage(Ops tf, Variable<T> variable, Variable<?> momentum) {
        Operand<T> z = ((Variable<T>) momentum).read(tf);
        Operand<T> beta = Tensors.constant(tf, beta1(), variable.type());
        Operand<T> ahead = tf.math.div(tf.math.sub(variable.read(tf), z), beta);
        variable.assign(tf, tf.math.add(z, ahead));
    }

    @SuppressWarnings("unchecked") // A slot has its variable's type.
    private <T extends TNumber> void toTraining(Ops tf, Variable<T> variable, Variable<?> momentum) {
        Operand<T> z = ((Variable<T>) momentum).read(tf);
        Operand<T> beta = Tensors.constant(tf, beta1(), variable.type());
        Operand<T> ahead = tf.math.mul(tf.math.sub(variable.read(tf), z), beta);
        variable.assign(tf, tf.math.add(z, ahead));
    }
}
