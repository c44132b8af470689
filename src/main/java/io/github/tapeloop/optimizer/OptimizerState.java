package io.github.tapeloop.optimizer;

import io.github.tapeloop.bridge.ConstantGraph;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * The state that an optimizer keeps from one step to the next, in the session of the first: the count of steps, the
 * learning rate, slots, a loss scale.
 */
abstract class OptimizerState implements Stateful {

    private static final String LEARNING_RATE = "learning_rate";

    final LearningRate rate;
    /** Ends with the first step. */
    final Settings settings = new Settings();

    Slots slots = new Slots();
    /** Null before the first step. */
    TapeSession session;

    Variable<TInt64> iterations;
    LossScale lossScale;
    /** The optimizer that this one is a part of, or null. */
    ByVariable whole;

    private String prefix = "optimizer";

    OptimizerState(LearningRate rate) {
        this.rate = rate;
    }

    /** The next step as this optimizer takes it. */
    final Update newUpdate(Ops tf) {
        return newUpdate(tf, counts(tf));
    }

    /** One step as this optimizer takes it. */
    final Update newUpdate(Ops tf, Update.Counts before) {
        return new Update(tf, before, rate::at, slots, prefix);
    }

    /** What was done before the next step. */
    Update.Counts counts(Ops tf) {
        return Update.Counts.of(() -> iterations.read(tf));
    }

    /**
     * Refuses to change a setting once a step was taken, in the first line of each setter: a step that was traced keeps what
     * the setting was then, so obeying a later change in some steps and not in others would make the same program give other
     * numbers. What is to change while training goes on is a slot, or the learning rate.
     *
     * @param setting the name of the setter
     * @throws IllegalStateException if a step was taken already
     */
    protected final void requireUnused(String setting) {
        settings.change(this, setting);
    }

    /** Makes what is kept, in the session of the first step. */
    final void build(Ops tf) {
        TapeSession here = TapeSession.of(tf);
        if (session == null) {
            Ops eager = here.tf();
            here.unrecorded(() -> {
                iterations = Variable.create(eager, "optimizer/iterations", eager.constant(0L), false);
            });
            attach(here, iterations);
        } else if (session != here) {
            throw new IllegalStateException("This " + getClass().getSimpleName()
                    + " belongs to another TapeSession: make a new optimizer for a new session or trainer");
        }
    }

    final void attach(TapeSession here, Variable<TInt64> counter) {
        kept().forEach((name, number) -> {
            if (number.variable() == null) {
                number.build(here, prefix + "/" + name);
            }
        });
        iterations = counter;
        session = here;
        settings.use();
        for (OptimizerState part : parts()) {
            part.attach(here, counter);
        }
    }

    /** Numbers that are set, by name, besides the learning rate. */
    Map<String, KeptNumber> numbers() {
        return Map.of();
    }

    /** The optimizers that this one hands variables to. */
    List<Optimizer> parts() {
        return List.of();
    }

    /** Keeps slots in those of another, under a name of its own. */
    final void keepIn(ByVariable other, String name) {
        whole = other;
        slots = other.slots;
        prefix = name;
    }

    /** What comes before the names of numbers that go with this optimizer. */
    final String prefix() {
        return prefix;
    }

    /**
     * A variable that goes with another: a moment, an accumulator. It is made when it is first asked for.
     *
     * @param name what it is, {@code momentum} for example
     * @param variable what it goes with
     * @param initial its value at first, everywhere
     * @param <T> the variable's type
     * @return a variable of the same shape and type, not trainable
     */
    protected final <T extends TNumber> Variable<T> slot(String name, Variable<T> variable, double initial) {
        return slot(name, variable, variable.shape(), initial);
    }

    /**
     * A variable that goes with another and has a shape of its own: sums of its rows, for example.
     *
     * @param name what it is
     * @param variable what it goes with
     * @param shape its shape
     * @param initial its value at first, everywhere
     * @param <T> the variable's type
     * @return a variable of the same type, not trainable
     */
    protected final <T extends TNumber> Variable<T> slot(
            String name, Variable<T> variable, Shape shape, double initial) {
        return slots.filled(variable, name, shape, initial);
    }

    /**
     * A variable that goes with another and begins with its value.
     *
     * @param name what it is
     * @param variable what it goes with
     * @param <T> the variable's type
     * @return a variable of the same shape and type, not trainable
     */
    protected final <T extends TNumber> Variable<T> copySlot(String name, Variable<T> variable) {
        return slots.of(variable, name, variable::read);
    }

    /**
     * A number that goes with the optimizer itself. It is made when it is first asked for.
     *
     * @param name what it is
     * @param initial its value at first
     * @return a float64 scalar, not trainable
     */
    protected final Variable<TFloat64> numberSlot(String name, double initial) {
        return slots.named(session, prefix + "/" + name, eager -> eager.constant(initial));
    }

    /**
     * The learning rate of the next step.
     *
     * @return the rate
     */
    public final double learningRate() {
        if (!rate.isScheduled()) {
            return rate.value();
        }
        if (session == null && rate.isClosedForm()) {
            return ConstantGraph.scalar(rate::first);
        }
        if (session == null) { // A schedule of the user's may ask for its session.
            try (TapeSession alone = TapeSession.open()) {
                return alone.scalar(rate.first(alone.tf()));
            }
        }
        double[] value = new double[1];
        eagerly(tf -> value[0] = session.scalar(rate.at(newUpdate(tf))));
        return value[0];
    }

    /**
     * Sets the learning rate from the next step on.
     *
     * @param learningRate at least 0
     * @throws IllegalStateException if the optimizer follows a schedule, which would undo it
     */
    public final void setLearningRate(double learningRate) {
        changeRate(learningRate);
    }

    void changeRate(double value) {
        rate.set(value, this);
    }

    /**
     * Scales losses, for training in float16: ask for the gradients of {@link #scaleLoss} instead of those of the loss.
     * Off unless called.
     *
     * @param scale a scale that no other optimizer has
     * @throws IllegalStateException if a step was taken already, this is a part of a {@link ByVariable}, or the scale is
     *     that of another optimizer
     */
    public final void setLossScale(LossScale scale) {
        settings.change(this, "loss scale (setLossScale)");
        Objects.requireNonNull(scale, "scale");
        if (whole != null) {
            throw new IllegalStateException("This " + getClass().getSimpleName()
                    + " is a part of a ByVariable, which scales losses for all parts: set the loss scale of that");
        }
        scale.belongTo(this);
        this.lossScale = scale;
    }

    /**
     * What scales the loss.
     *
     * @return the scale given to {@link #setLossScale}, or empty if none was
     */
    public final Optional<LossScale> lossScale() {
        return Optional.ofNullable(lossScale);
    }

    /**
     * Whether {@link #scaleLoss} does anything.
     *
     * @return true after {@link #setLossScale}
     */
    public final boolean scalesLoss() {
        return lossScale != null;
    }

    /**
     * The loss as {@link Optimizer#apply} expects it to have been differentiated.
     *
     * @param tf makes ops
     * @param loss a float32 scalar
     * @return the loss itself unless this optimizer has a {@link LossScale}
     */
    public final Operand<TFloat32> scaleLoss(Ops tf, Operand<TFloat32> loss) {
        return lossScale == null ? loss : lossScale.scale(tf, loss);
    }

    /** Runs something outside a step; nothing if no step was taken yet. */
    final void eagerly(Consumer<Ops> action) {
        if (session != null) {
            session.unrecorded(() -> action.accept(session.tf()));
        }
    }

    /**
     * The step count, the learning rate and all slots.
     *
     * @return the state; without slots before the first step
     */
    @Override
    public final Parameters state() {
        List<Variable<?>> all = new ArrayList<>();
        if (session != null) {
            all.add(iterations);
            kept().values().forEach(number -> all.add(number.variable()));
        }
        all.addAll(slots.values());
        if (lossScale != null) {
            all.addAll(lossScale.state());
        }
        return Parameters.of(all);
    }

    /** The learning rates and numbers like them, before the first step: from then on they are in {@link #state}. */
    @Override
    public final void saveState(Stateful.Writer out) {
        kept().forEach((name, number) -> {
            if (number.variable() == null) {
                out.put(name, number.value());
            }
        });
    }

    @Override
    public final void loadState(Stateful.Reader in) {
        kept().forEach((name, number) -> {
            if (in.has(name)) {
                number.set(in.getDouble(name));
            }
        });
    }

    /** All numbers that are set, by name. */
    private Map<String, KeptNumber> kept() {
        Map<String, KeptNumber> all = new LinkedHashMap<>();
        all.put(LEARNING_RATE, rate.number());
        for (OptimizerState part : parts()) {
            if (part.rate != rate) { // A part can share the rate of the whole.
                all.put(part.prefix.substring(prefix.length() + 1) + "/" + LEARNING_RATE, part.rate.number());
            }
        }
        all.putAll(numbers());
        return all;
    }
}
