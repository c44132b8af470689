package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.dtypes.Cast;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * Changes variables so that a loss shrinks. Subclass it and write {@link #update}; slots, step count, learning rate and
 * checks are here.
 *
 * <pre>{@code
 * final class SignDescent extends Optimizer {
 *     SignDescent(double learningRate) { super(learningRate); }
 *     @Override protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
 *         Ops tf = update.tf();
 *         variable.assignSub(tf, tf.math.mul(update.learningRate(variable.type()), tf.math.sign(gradient)));
 *     }
 * }
 * }</pre>
 *
 * <p>An optimizer belongs to the session of the first variables it updates. Not thread-safe.
 */
public abstract class Optimizer implements Stateful {

    private static final Logger LOG = LoggerFactory.getLogger(Optimizer.class);

    private double initialLearningRate;
    private final Schedule schedule;
    private final Map<String, Variable<?>> slots = new LinkedHashMap<>();
    /** By name, the variables that have slots. */
    private final Map<String, Variable<?>> owners = new HashMap<>();

    private TapeSession session;
    private Variable<TInt64> iterations;
    private Variable<TFloat64> rate;
    private LossScale lossScale;
    private boolean warned;

    /**
     * An optimizer with a learning rate that only {@link #setLearningRate} changes.
     *
     * @param learningRate at least 0
     */
    protected Optimizer(double learningRate) {
        this.initialLearningRate = requireLearningRate(learningRate);
        this.schedule = null;
    }

    /**
     * An optimizer whose learning rate follows a schedule.
     *
     * @param schedule gives the learning rate of each step
     */
    protected Optimizer(Schedule schedule) {
        if (schedule == null) {
            throw new IllegalArgumentException("Expected a schedule, got null");
        }
        this.initialLearningRate = Double.NaN;
        this.schedule = schedule;
    }

    /**
     * Updates variables by their gradients: one step.
     *
     * @param tf ops of the session that the variables belong to
     * @param gradients what a tape gave; a variable without gradient stays as it is, with a warning the first time
     * @throws IllegalArgumentException if no variable has a gradient, or a gradient is not shaped like its variable;
     *     nothing is changed
     */
    public final void apply(Ops tf, Gradients gradients) {
        List<Variable<?>> variables = gradients.variables();
        requireSome(gradients);
        for (Variable<?> variable : variables) {
            variable.handle(tf); // Refuses one of another session before this optimizer is bound to it.
            requireLike(variable, gradients.of(variable).orElseThrow());
            requireOwner(variable);
        }
        build(tf);
        if (lossScale == null) {
            step(tf, gradients);
        } else {
            lossScale.apply(tf, gradients, this::step);
        }
    }

    private void step(Ops tf, Gradients gradients) {
        Update update = new Update(tf, iterations, this::rate);
        for (Variable<?> variable : gradients.variables()) {
            updateOne(update, number(variable), gradients);
        }
        iterations.assignAdd(tf, tf.constant(1L));
    }

    /**
     * Scales losses, for training in float16: ask for the gradients of {@link #scaleLoss} instead of those of the loss.
     * Off unless called.
     *
     * @param scale a scale that no other optimizer has
     */
    public final void setLossScale(LossScale scale) {
        this.lossScale = scale;
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
     * The loss as {@link #apply} expects it to have been differentiated.
     *
     * @param tf makes ops
     * @param loss a float32 scalar
     * @return the loss itself unless this optimizer has a {@link LossScale}
     */
    public final Operand<TFloat32> scaleLoss(Ops tf, Operand<TFloat32> loss) {
        return lossScale == null ? loss : lossScale.scale(tf, loss);
    }

    /**
     * Updates one variable.
     *
     * @param update the step: ops, learning rate, shared scalars
     * @param variable what to change
     * @param gradient its gradient, of its shape and type
     * @param <T> the variable's type
     */
    protected abstract <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient);

    /**
     * A variable that goes with another: a moment, an accumulator. It is made when it is first asked for.
     *
     * @param name what it is, {@code momentum} for example
     * @param variable what it goes with
     * @param initial its value at first, everywhere
     * @param <T> the variable's type
     * @return a variable of the same shape and type, not trainable
     */
    @SuppressWarnings("unchecked") // A slot is made with its variable's type.
    protected final <T extends TNumber> Variable<T> slot(String name, Variable<T> variable, double initial) {
        String slotName = variable.name() + "/" + name;
        Variable<?> slot = slots.get(slotName);
        if (slot == null) {
            owners.put(variable.name(), variable);
            slot = newVariable(slotName, variable, initial);
            slots.put(slotName, slot);
        }
        return (Variable<T>) slot;
    }

    private static <T extends TNumber> Variable<T> newVariable(String name, Variable<T> like, double initial) {
        Ops eager = like.session().tf(); // Slots are made now, even while a step is being traced.
        List<Variable<T>> made = new ArrayList<>(1);
        like.session().unrecorded(() -> {
            Operand<T> value = Cast.create(eager.scope(), eager.constant(initial), like.type());
            Operand<T> filled = eager.fill(eager.constant(like.shape().asArray()), value);
            made.add(Variable.create(eager, name, filled, false));
        });
        return made.get(0);
    }

    /**
     * The learning rate of the next step.
     *
     * @return the rate
     */
    public final double learningRate() {
        if (session == null && schedule == null) {
            return initialLearningRate;
        }
        if (session == null) {
            throw new IllegalStateException("The schedule is evaluated in a session: take a step first");
        }
        double[] value = new double[1];
        session.unrecorded(() -> value[0] = session.scalar(rate(new Update(session.tf(), iterations, this::rate))));
        return value[0];
    }

    /**
     * Sets the learning rate from the next step on.
     *
     * @param learningRate at least 0
     * @throws IllegalStateException if the optimizer follows a schedule, which would undo it
     */
    public final void setLearningRate(double learningRate) {
        requireLearningRate(learningRate);
        if (schedule != null) {
            throw new IllegalStateException(
                    "This " + getClass().getSimpleName() + " follows a schedule, so its learning"
                            + " rate cannot be set: build it with a number to let a callback change it");
        }
        if (session == null) {
            initialLearningRate = learningRate;
            return;
        }
        session.unrecorded(() -> rate.assign(session.tf(), session.tf().constant(learningRate)));
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
            all.add(rate);
        }
        all.addAll(slots.values());
        if (lossScale != null) {
            all.addAll(lossScale.state());
        }
        return Parameters.of(all);
    }

    private void build(Ops tf) {
        TapeSession here = TapeSession.of(tf);
        if (session == null) {
            Ops eager = here.tf();
            here.unrecorded(() -> {
                iterations = Variable.create(eager, "optimizer/iterations", eager.constant(0L), false);
                double first = schedule == null ? initialLearningRate : 0;
                rate = Variable.create(eager, "optimizer/learning_rate", eager.constant(first), false);
            });
            session = here;
        } else if (session != here) {
            throw new IllegalStateException("This " + getClass().getSimpleName()
                    + " belongs to another TapeSession: make a new optimizer for a new session or trainer");
        }
    }

    private Operand<TFloat64> rate(Update update) {
        return schedule == null ? rate.read(update.tf()) : schedule.learningRate(update.tf(), update.stepsBefore());
    }

    private <T extends TNumber> void updateOne(Update update, Variable<T> variable, Gradients gradients) {
        update(update, variable, gradients.of(variable).orElseThrow());
    }

    @SuppressWarnings("unchecked") // Only numbers have gradients.
    private static <T extends TNumber> Variable<T> number(Variable<?> variable) {
        return (Variable<T>) variable;
    }

    private void requireSome(Gradients gradients) {
        List<Variable<?>> without = gradients.unconnected();
        if (gradients.variables().isEmpty()) {
            throw new IllegalArgumentException(getClass().getSimpleName() + " was given no gradient to apply: "
                    + (without.isEmpty()
                            ? "there are no trainable variables. Was the model called before tape.gradients?"
                            : "the loss does not depend on any of " + names(without)
                                    + ". Is the loss computed from the model's output, inside the tape?"));
        }
        if (!without.isEmpty() && !warned) {
            LOG.warn("The loss does not depend on {}: they stay as they are", names(without));
            warned = true;
        }
    }

    private static List<String> names(List<Variable<?>> variables) {
        return variables.stream().map(Variable::name).toList();
    }

    private static void requireLike(Variable<?> variable, Operand<?> gradient) {
        if (!Tensors.shape(gradient).isCompatibleWith(variable.shape()) || gradient.type() != variable.type()) {
            throw new IllegalArgumentException("The gradient of variable '" + variable.name()
                    + "' must be like it, " + variable.type().getSimpleName() + " " + variable.shape() + ", got "
                    + Tensors.describe(gradient));
        }
    }

    /** Slots are named after their variable, so two variables of one name would share their moments. */
    private void requireOwner(Variable<?> variable) {
        Variable<?> owner = owners.get(variable.name());
        if (owner != null && owner != variable) {
            throw new IllegalArgumentException(
                    "This " + getClass().getSimpleName() + " updates another variable named '" + variable.name()
                            + "' already: give each model an optimizer of its own, or their layers other names");
        }
    }

    static double requireLearningRate(double learningRate) {
        if (!(learningRate >= 0) || Double.isInfinite(learningRate)) {
            throw new IllegalArgumentException("Expected a finite learning rate of at least 0, got " + learningRate);
        }
        return learningRate;
    }

    /** Checks a hyperparameter such as a momentum or a decay of moments. */
    static double requireFraction(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException("Expected " + name + " in [0, 1), got " + value);
        }
        return value;
    }
}
