package io.github.tapeloop.metric;

import io.github.tapeloop.bridge.NativeMemory;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * A metric: something measured over many batches. Its state lives in TensorFlow variables: {@link #update} adds to
 * them without reading anything back, {@link #result} reads once.
 *
 * <pre>{@code
 * final class MeanPrediction extends Metric {
 *     MeanPrediction() { super("mean_prediction"); }
 *     @Override public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
 *         average(tf, prediction);
 *     }
 * }
 * }</pre>
 *
 * <p>{@link MeanMetric} is for means of a value for each example, {@link #of(Loss)} for the mean of a loss.
 *
 * <p>What has weight 0, or is masked, is left out: whatever its target and prediction are, infinite or not a number too, it
 * changes nothing. Of what counts a single prediction that is not a number makes the result of each metric here not a number,
 * that of accuracies, counts, areas and rankings, too: a comparison would have an answer to it, and nobody would see that the
 * model has none. So does such a target, unless it is a class number. Predictions in half precision are measured in float32.
 *
 * <p>State is float64, since sums over an epoch outgrow float32. The settings of a metric end with its first update; a
 * later change throws {@link IllegalStateException}. Not thread-safe.
 */
public abstract class Metric implements Stateful {

    /** The state of {@code average}, [Σ w v, Σ w]: one variable, since a step pays for each that it updates. */
    private static final String SUMS = "sums";

    /** End when there is a state, which depends on them. */
    final Settings settings = new Settings();

    private final String name;
    private final Map<String, Variable<TFloat64>> variables = new LinkedHashMap<>();
    private TapeSession session;

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    protected Metric(String name) {
        this.name = Objects.requireNonNull(name, "name");
    }

    /**
     * A loss as a metric, named as the loss is: {@code Metric.of(new MeanAbsoluteError())} is logged as
     * {@code mean_absolute_error}.
     *
     * @param loss any loss; a lambda is named {@code loss}, as the loss of training is, and needs another name beside it
     * @return a metric: see {@link #of(String, Loss)}
     */
    public static Metric of(Loss loss) {
        return of(loss.name(), loss);
    }

    /**
     * A loss as a metric: the mean of its value over all samples of all batches, Σ w v / Σ w, in float64, whatever {@link
     * io.github.tapeloop.loss.PerSampleLoss#reduction} says. What the loss leaves out itself does not count. Lower is
     * better. The loss can be that of training, or another one; its settings end when it is first used in either place.
     * Sample weights belong to samples, [batch] or [batch, …], or to single elements, [batch, …, n], if the loss has a value
     * for each as the squared error has.
     *
     * <p>Of a loss that gives one number for a batch, as a lambda does, the result is the mean over batches, each counted
     * as often as it has examples. Sample weights and masks are refused then, unless the loss takes weights: extend {@link
     * io.github.tapeloop.loss.PerSampleLoss} for those.
     *
     * @param name its name in logs and history
     * @param loss any loss
     * @return a metric, as safe to trace as the loss
     */
    public static Metric of(String name, Loss loss) {
        return new LossMetric(name, loss);
    }

    /**
     * Takes a batch into account.
     *
     * @param tf makes ops
     * @param target what should have come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …]
     */
    public abstract void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction);

    /**
     * Takes a batch into account whose examples do not all count the same.
     *
     * @param tf makes ops
     * @param target what should have come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …]
     * @param sampleWeight how much each example counts, [batch], or each part of it, [batch, …]; 0 leaves it out
     * @throws IllegalArgumentException if the weights do not fit the predictions
     * @throws UnsupportedOperationException if this metric takes no weights
     */
    public void update(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<? extends TNumber> sampleWeight) {
        throw new UnsupportedOperationException(
                "Metric '" + name + "' (" + getClass().getSimpleName()
                        + ") takes no sample weights: override update(tf, target, prediction, sampleWeight)");
    }

    /**
     * Computes the result from the state. The default is the average of what was given to {@code average}, 0 if nothing
     * was.
     *
     * @param tf makes ops
     * @return a scalar; or several numbers, which {@link #results} gives and a trainer refuses
     */
    protected Operand<? extends TNumber> compute(Ops tf) {
        return mean(tf);
    }

    /** The average of what was given to {@code average}, 0 if nothing was. */
    final Operand<TFloat64> mean(Ops tf) {
        List<Output<TFloat64>> sums =
                tf.unstack(state(tf, SUMS, Shape.of(2)).read(tf), 2L).output();
        return tf.math.divNoNan(sums.get(0), sums.get(1));
    }

    /**
     * Adds values to the average, each with weight 1.
     *
     * @param tf makes ops
     * @param values numbers of any shape
     */
    protected final void average(Ops tf, Operand<? extends TNumber> values) {
        average(tf, values, Weights.NONE);
    }

    /**
     * Adds values to the average, each with its weight.
     *
     * @param tf makes ops
     * @param values numbers of any shape, [batch, …]
     * @param weight how much each counts: [batch], or more of the leading dimensions of {@code values}, or a scalar
     * @throws IllegalArgumentException if the weights do not broadcast to the values
     */
    protected final void average(Ops tf, Operand<? extends TNumber> values, Operand<? extends TNumber> weight) {
        average(tf, values, Weights.of(name, weight));
    }

    final void average(Ops tf, Operand<?> values, Weights weights) {
        Weights.Sums sums = weights.sums(tf, values);
        state(tf, SUMS, Shape.of(2)).assignAdd(tf, tf.stack(List.of(sums.total(), sums.weight())));
    }

    /**
     * A state variable, made with zeros when it is first asked for.
     *
     * @param tf makes ops
     * @param stateName what it holds
     * @param shape its shape
     * @return a variable that {@link #reset} sets to zero
     * @throws IllegalStateException if the metric belongs to another session
     */
    protected final Variable<TFloat64> state(Ops tf, String stateName, Shape shape) {
        TapeSession here = TapeSession.of(tf);
        if (session != null && session != here) {
            throw new IllegalStateException("Metric '" + name
                    + "' belongs to another TapeSession: make a new metric for a new session or trainer");
        }
        session = here;
        settings.use();
        Variable<TFloat64> variable = variables.get(stateName);
        if (variable == null) {
            variable = newState(here, name + "/" + stateName, shape);
            variables.put(stateName, variable);
        }
        return variable;
    }

    private static Variable<TFloat64> newState(TapeSession session, String fullName, Shape shape) {
        NativeMemory.requireRoom("Metric state '" + fullName + "', float64", shape, Double.BYTES);
        Ops eager = session.tf(); // State is made now, even while a step is being traced.
        List<Variable<TFloat64>> made = new ArrayList<>(1);
        session.unrecorded(() -> made.add(Variable.create(eager, fullName, zeros(eager, shape), false)));
        return made.get(0);
    }

    private static Operand<TFloat64> zeros(Ops tf, Shape shape) {
        return tf.fill(tf.constant(shape.asArray()), tf.constant(0.0));
    }

    /**
     * The result so far: one read from TensorFlow.
     *
     * @return the result; 0 if nothing was measured, unless the metric says otherwise
     * @throws IllegalArgumentException if the result is more than one number: see {@link #results}
     */
    public final double result() {
        if (session == null) {
            return 0;
        }
        double[] value = new double[1];
        session.unrecorded(() -> value[0] = session.scalar(compute(session.tf())));
        return value[0];
    }

    /**
     * The result so far of a metric that has several: one for each class, or for each threshold.
     *
     * @return all numbers of the result, one where {@link #result} has one; empty if nothing was measured
     */
    public final double[] results() {
        if (session == null) {
            return new double[0];
        }
        List<double[]> read = new ArrayList<>(1);
        session.unrecorded(() -> read.add(session.doubles(compute(session.tf()))));
        return read.get(0);
    }

    /**
     * Adds what another metric measured, in this session or in another, as if its batches had been given to this one.
     * The state variables of a metric of one's own are sums, and the sums are added; one whose state is something else, a
     * maximum for example, overrides this. A metric that has measured nothing yet joins the session of the other.
     *
     * @param other a metric of the same class, made with the same settings; unchanged
     * @throws IllegalArgumentException if the other is of another class, or its state has another shape; nothing is added
     */
    public void merge(Metric other) {
        if (other.getClass() != getClass() || other == this) {
            throw new IllegalArgumentException(
                    "Metric '" + name + "' takes another " + kind() + ", got " + (other == this ? "itself" : other));
        }
        other.variables.forEach((stateName, theirs) -> {
            Variable<TFloat64> ours = variables.get(stateName);
            if (ours != null && !ours.shape().equals(theirs.shape())) {
                throw new IllegalArgumentException("Metric '" + name + "' has " + stateName + " " + ours.shape()
                        + ", the other " + theirs.shape() + ": merge metrics with the same settings");
            }
        });
        other.variables.forEach((stateName, theirs) -> {
            double[] added = theirs.toDoubles();
            TapeSession here = session == null ? other.session : session;
            Ops tf = here.tf();
            here.unrecorded(() -> {
                Variable<TFloat64> ours = state(tf, stateName, theirs.shape());
                double[] merged = merged(stateName, ours.toDoubles(), added);
                ours.assign(tf, tf.constant(theirs.shape(), DataBuffers.of(merged)));
            });
        });
    }

    /** A state as if the batches of both had been given to one metric: their sum, unless it is no sum. */
    double[] merged(String stateName, double[] ours, double[] theirs) {
        double[] sums = ours.clone();
        Arrays.setAll(sums, i -> ours[i] + theirs[i]);
        return sums;
    }

    /** Starts anew. */
    public final void reset() {
        if (session == null) {
            return;
        }
        Ops tf = session.tf();
        session.unrecorded(
                () -> variables.values().forEach(variable -> variable.assign(tf, zeros(tf, variable.shape()))));
    }

    /**
     * Tells the metric which loss looks at the same predictions, as a trainer does with the metrics of each output before the
     * first step. What compares probabilities with thresholds then knows logits, and takes their sigmoid or softmax, unless
     * its {@code fromLogits} was called; all others have nothing to do.
     *
     * @param loss what the model is trained with
     * @throws IllegalStateException if the metric was used already and took predictions for something else
     */
    public void beside(Loss loss) {
        Objects.requireNonNull(loss, "loss");
    }

    /**
     * What the metric takes predictions for.
     *
     * @return {@link Loss.Scale#NUMBERS} unless overridden
     */
    public Loss.Scale predictionScale() {
        return Loss.Scale.NUMBERS;
    }

    /**
     * What the metric takes targets for.
     *
     * @return {@link Loss.Scale#NUMBERS} unless overridden
     */
    public Loss.Scale targetScale() {
        return Loss.Scale.NUMBERS;
    }

    /**
     * Whether an update is safe to trace: whether its Java code may run once for each kind of batch, that is for each
     * combination of shapes and types, while the ops that it made then run with every batch. So its ops must not depend on
     * Java state that changes (a field, a clock, a random number), it must not read values back, and all it remembers must
     * be in the variables of {@code average} and {@code state}.
     *
     * <p>Eager steps then run the update within one native call that they keep, as they do for the metrics here; else they
     * run its Java code with every batch. Compiled steps trace every metric, as they say.
     *
     * @return false unless overridden; true for the metrics here, and for {@link #of} what the loss says
     */
    public boolean isTraceable() {
        return false;
    }

    /**
     * The metric's name in logs and history.
     *
     * @return its name
     */
    public final String name() {
        return name;
    }

    /**
     * Whether a higher result is better, which callbacks that watch a metric want to know.
     *
     * @return true for accuracies, false for errors
     */
    public boolean higherIsBetter() {
        return false;
    }

    /**
     * Whether its result can be better or worse at all. A mean of anything cannot: callbacks that watch it must be told.
     *
     * @return true unless {@link #higherIsBetter} says nothing
     */
    public boolean hasDirection() {
        return true;
    }

    @Override
    public final Parameters state() {
        return Parameters.of(List.copyOf(variables.values()));
    }

    /** What it is called in messages about metrics of one kind. */
    String kind() {
        return getClass().getSimpleName();
    }

    @Override
    public String toString() {
        return kind() + " '" + name + "'";
    }
}
