package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.transaction.Transaction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * An optimizer: changes variables so that a loss shrinks. Subclass it and write {@link #update}; slots, step count,
 * learning rate and checks are here.
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
 * <p>Clipping, weight decay, moving averages and accumulation of gradients are added to any optimizer by {@link #with}:
 * {@code new Adam(1e-3).with(Clip.globalNorm(1), WeightDecay.of(0.01))}. Different optimizers for different variables are
 * a {@link ByVariable}.
 *
 * <p>Most optimizers keep squares of gradients in the type of the variable. In float32 a gradient above 1.8e19 has no finite
 * square, and what it belongs to becomes NaN in that step or the next, as in Keras; in PyTorch, whose formula for the average
 * of squares is another, it stays where it is for ever. {@link Clip} works for gradients of any size, and keeps this away.
 *
 * <p>An optimizer belongs to the session of the first variables it updates. Not thread-safe.
 */
public abstract class Optimizer extends OptimizerState {

    private final Transforms transforms = new Transforms();
    private final ApplyCheck applyCheck = new ApplyCheck(getClass().getSimpleName());
    /** The variables that steps have had gradients of, in order, if a step may have to do with those of others. */
    private final Set<Variable<?>> met = new LinkedHashSet<>();

    /**
     * An optimizer with a learning rate that only {@link #setLearningRate} changes.
     *
     * @param learningRate at least 0
     */
    protected Optimizer(double learningRate) {
        super(new LearningRate(learningRate));
    }

    /**
     * An optimizer whose learning rate follows a schedule.
     *
     * @param schedule gives the learning rate of each step
     */
    protected Optimizer(Schedule schedule) {
        super(new LearningRate(schedule));
    }

    /** An optimizer that has the learning rate of one of its parts. */
    Optimizer(Optimizer part) {
        super(part.rate);
    }

    /**
     * Adds to what a step does besides {@link #update}. In a step come, whatever the order in which they were added,
     * accumulation, clipping, each {@link GradientTransform} in the order in which those were added, weight decay, the
     * update, the moving average. Set what is the optimizer's own first, since this returns a plain {@code Optimizer}.
     *
     * @param added each of a kind that was not added yet, each {@link GradientTransform} of another name
     * @return this
     * @throws IllegalArgumentException if there is one of the same kind or name already, or this is a part of a
     *     {@link ByVariable} that would ignore it; nothing is added
     * @throws IllegalStateException if a step was taken already
     */
    public final Optimizer with(Transform... added) {
        settings.change(this, "transforms (with)");
        for (Transform transform : added) {
            requireSuitable(Objects.requireNonNull(transform, "transform"));
            if (whole != null) {
                Transforms.requireDecay(this, transform);
            }
        }
        transforms.add(added);
        return this;
    }

    /** Adds a transform that {@link #with} may replace. */
    final void withDefault(Transform transform) {
        transforms.addDefault(transform);
    }

    /** Refuses a transform that does not go with this optimizer. */
    void requireSuitable(Transform transform) {}

    /**
     * Updates variables by their gradients: one step. In a step of a trainer the update waits for the end of the step, or until
     * the step reads one of the variables again.
     *
     * @param tf ops of the session that the variables belong to
     * @param gradients what a tape gave; a variable without gradient stays as it is, with a warning the first time
     * @throws IllegalArgumentException if no variable has a gradient, or a gradient is not shaped like its variable;
     *     nothing is changed
     */
    public final void apply(Ops tf, Gradients gradients) {
        check(tf, gradients);
        if (transforms.carry()) {
            met.removeIf(Variable::isClosed);
            met.addAll(gradients.variables());
        }
        begin(tf, gradients);
        if (!Transaction.hold(tf, () -> new HeldUpdate(this, gradients))) {
            applyNow(tf, gradients);
        }
    }

    /**
     * Makes what is kept of variables as they are before their first update: now, in every mode, though the update may be
     * refused.
     */
    private void begin(Ops tf, Gradients gradients) {
        build(tf);
        gradients.variables().forEach(this::ask);
    }

    /** Makes the update that was checked. */
    final void applyNow(Ops tf, Gradients gradients) {
        if (lossScale == null) {
            step(tf, gradients);
        } else {
            lossScale.apply(tf, gradients, this::step);
        }
    }

    private void step(Ops tf, Gradients gradients) {
        Update.Counts before = counts(tf);
        Optional<GradientAccumulation> accumulation = transforms.get(GradientAccumulation.class);
        if (accumulation.isPresent()) {
            accumulation.get().step(tf, before, slots, met, gradients, this, this::change);
        } else {
            change(newUpdate(tf, before), gradients, Map.of());
        }
        iterations.assignAdd(tf, tf.constant(1L));
    }

    /** Makes one update. */
    private void change(Update update, Gradients gradients, Map<Variable<?>, Operand<TBool>> has) {
        transforms.change(update, slots, met, gradients, has, changed -> updateAll(update, changed));
    }

    /** Refuses what cannot be applied, before anything has changed. */
    private void check(Ops tf, Gradients gradients) {
        if (whole != null) {
            throw new IllegalStateException(
                    "This " + getClass().getSimpleName() + " is a part of a ByVariable: apply that");
        }
        applyCheck.require(tf, gradients, slots);
        if (lossScale != null) {
            lossScale.requireAsked(tf, getClass().getSimpleName());
        }
    }

    /** Lets predicates of the user's decide over a variable before anything has changed: they can fail. */
    final void ask(Variable<?> variable) {
        transforms.ask(variable, slots);
        prepare(variable);
    }

    /** Sees each variable of a step before anything of the step happens. */
    void prepare(Variable<?> variable) {}

    @Override
    final Update.Counts counts(Ops tf) {
        return transforms
                .get(GradientAccumulation.class)
                .map(accumulation -> new Update.Counts(
                        () -> iterations.read(tf),
                        () -> accumulation.updates(tf, slots).read(tf)))
                .orElseGet(() -> super.counts(tf));
    }

    /** The variables that a step may have to do with although it has no gradient of them. */
    final Collection<Variable<?>> carried() {
        return Collections.unmodifiableCollection(met);
    }

    /**
     * How many variables a step has to do with although it may have no gradient of them: all that were updated before, if
     * gradients are accumulated or variables averaged. The ops of a step depend on it, so a trace holds for one number only.
     *
     * @return the number, 0 without {@link GradientAccumulation} and {@link MovingAverage}
     */
    public final int carriedVariables() {
        return carried().size();
    }

    /**
     * Makes an update of the gradients that wait for others, if gradients are accumulated and the steps since the last
     * update were too few, as at the end of the data. Their mean counts, at the learning rate of the last of these steps; no step
     * is counted. The next step begins a new accumulation. Not for use in a step, which may be traced. {@code fit} calls
     * it at the end of a run.
     */
    public final void flush() {
        GradientAccumulation accumulation =
                transforms.get(GradientAccumulation.class).orElse(null);
        if (accumulation == null) {
            return;
        }
        eagerly(tf -> {
            long waiting = accumulation.waiting(session, slots);
            if (waiting == 0) {
                return;
            }
            boolean evaluates = isEvaluating();
            swapToTrain();
            Update.Counts now = counts(tf);
            Operand<TInt64> before = tf.math.sub(now.steps().get(), tf.constant(1L));
            Update update = newUpdate(tf, new Update.Counts(() -> before, now.updates()));
            accumulation.flush(update, slots, waiting, this::change);
            if (evaluates) {
                swapToEval();
            }
        });
    }

    /**
     * Exchanges the variables with their moving averages; a second call undoes it. Not for use in a step.
     *
     * @throws IllegalStateException if there is no {@link MovingAverage}
     */
    public final void swapAverages() {
        MovingAverage average = requireAverage();
        eagerly(tf -> average.swap(tf, slots));
    }

    /**
     * Gives the variables the values of their moving averages, as at the end of training. Not for use in a step.
     *
     * @throws IllegalStateException if there is no {@link MovingAverage}
     */
    public final void useAverages() {
        MovingAverage average = requireAverage();
        eagerly(tf -> average.overwrite(tf, slots));
    }

    /**
     * Whether there is a {@link MovingAverage}, so {@link #swapAverages} and {@link #useAverages} can be called.
     *
     * @return true if the variables are averaged
     */
    public final boolean hasAverages() {
        return transforms.get(MovingAverage.class).isPresent();
    }

    private MovingAverage requireAverage() {
        return transforms
                .get(MovingAverage.class)
                .orElseThrow(
                        () -> new IllegalStateException("This " + getClass().getSimpleName()
                                + " averages no variables: build it .with(MovingAverage.of(0.99))"));
    }

    /**
     * What is kept as other versions of the variables themselves: their moving averages, the z of a {@link ScheduleFreeAdamW}.
     * Whoever keeps the variables to go back to keeps these with them, or training goes on from a mixture.
     *
     * @return a part of the {@link #state}
     */
    public final Parameters averages() {
        List<Variable<?>> all = new ArrayList<>();
        transforms.get(MovingAverage.class).ifPresent(average -> all.addAll(average.averages(slots)));
        addVersions(all);
        parts().forEach(part -> part.addVersions(all));
        return Parameters.of(all);
    }

    /** Adds those slots that are versions of the variables. */
    void addVersions(List<Variable<?>> all) {}

    /**
     * Gives the variables the values to evaluate, predict or save with, if those are not the ones that training goes on
     * from: see {@link ScheduleFreeAdamW}. Nothing for most optimizers, and where that was done already. Not for use in a
     * step.
     */
    public void swapToEval() {
        parts().forEach(Optimizer::swapToEval);
    }

    /** Undoes {@link #swapToEval}, before training goes on. Not for use in a step. */
    public void swapToTrain() {
        parts().forEach(Optimizer::swapToTrain);
    }

    /** Whether {@link #swapToEval} has put other values in place. */
    boolean isEvaluating() {
        return parts().stream().anyMatch(Optimizer::isEvaluating);
    }

    private void updateAll(Update update, Gradients gradients) {
        for (Variable<?> variable : gradients.variables()) {
            updateOne(update, number(variable), gradients);
        }
    }

    /**
     * Whether all that an update consists of makes the same ops in every step: {@link #update}, the schedule, the transforms,
     * and all that of the parts of a {@link ByVariable}. If so, the ops of one step can be kept and run again without the
     * Java code that made them, which is faster; otherwise eager steps run op by op. Can change until the first step.
     *
     * @return false if the Java code must run in each eager step
     */
    public final boolean isTraceable() {
        if (!isUpdateTraceable() || !rate.isTraceable() || !transforms.isTraceable()) {
            return false;
        }
        for (Optimizer part : parts()) {
            if (!part.isTraceable()) {
                return false;
            }
        }
        return true;
    }

    /** Whether all code of an update is Tapeloop's own, which does not fail once it has begun to change variables. */
    final boolean isOwn() {
        return getClass().getPackage() == Optimizer.class.getPackage()
                && rate.isOwn()
                && transforms.isOwn()
                && parts().stream().allMatch(Optimizer::isOwn);
    }

    /**
     * Whether {@link #update} and {@link #updateSparse} make the same ops in every step, whatever the Java values around them
     * are by then. Override it to say so of a formula of your own; what changes from step to step is then in slots, and
     * setters begin with {@link #requireUnused}.
     *
     * @return false unless overridden
     */
    protected boolean isUpdateTraceable() {
        return false;
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
     * Updates one variable of which only some rows have a gradient. Unless overridden this is {@link #update} by the whole
     * gradient, zero in all other rows: right for every formula, at the cost of a gradient as large as the variable.
     *
     * @param update the step: ops, learning rate, shared scalars
     * @param variable what to change
     * @param gradient the rows, perhaps with repetitions, which {@link IndexedSlices#summed} sums
     * @param <T> the variable's type
     */
    protected <T extends TNumber> void updateSparse(Update update, Variable<T> variable, IndexedSlices<T> gradient) {
        update(update, variable, gradient.asOutput());
    }

    /** Whether this is the optimizer that updates a variable. */
    final boolean updates(Variable<?> variable) {
        return whole == null || whole.of(variable) == this;
    }

    /** Makes this optimizer a part of another, with its slots and its count. */
    final void join(ByVariable other, String name) {
        if (session != null || whole != null) {
            throw new IllegalStateException("This " + getClass().getSimpleName()
                    + (whole != null ? " is a part of a ByVariable already" : " has taken steps")
                    + ": give each ByVariable new optimizers");
        }
        if (!parts().isEmpty()) {
            throw new IllegalArgumentException("A ByVariable cannot be a part of a ByVariable: give its parts to that");
        }
        transforms.requireOnlyDecay(this);
        if (scalesLoss()) {
            throw new IllegalArgumentException("A part of a ByVariable cannot scale losses, got a "
                    + getClass().getSimpleName() + " with a loss scale: give that to the ByVariable");
        }
        keepIn(other, name);
    }

    /** Updates a variable as a part of another optimizer. */
    final <T extends TNumber> void updateAsPart(Update update, Variable<T> variable, Operand<T> gradient) {
        Update own = update.part(this);
        transforms.decay(own, List.of(variable));
        updateOne(own, variable, gradient);
    }

    private <T extends TNumber> void updateOne(Update update, Variable<T> variable, Operand<T> gradient) {
        if (gradient instanceof IndexedSlices<T> slices) {
            updateSparse(update, variable, slices);
        } else {
            update(update, variable, gradient);
        }
    }

    private <T extends TNumber> void updateOne(Update update, Variable<T> variable, Gradients gradients) {
        updateOne(update, variable, gradients.of(variable).orElseThrow());
    }

    @SuppressWarnings("unchecked") // Only numbers have gradients.
    static Operand<TNumber> number(Operand<?> gradient) {
        return (Operand<TNumber>) gradient;
    }

    @SuppressWarnings("unchecked") // Only numbers have gradients.
    static <T extends TNumber> Variable<T> number(Variable<?> variable) {
        return (Variable<T>) variable;
    }

    /**
     * Something that a step does besides the optimizer's own formula. Give it to {@link Optimizer#with}. Its state, if it
     * has any, is in slots of the optimizer, so one object can serve several optimizers. One of your own is a {@link
     * GradientTransform}.
     */
    public sealed interface Transform
            permits Clip, GradientAccumulation, GradientTransform, MovingAverage, WeightDecay {}

    /** The name of its class. */
    @Override
    public String toString() {
        return getClass().getSimpleName();
    }
}
