package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * Something measured over many batches. Its state lives in TensorFlow variables: {@link #update} adds to them without
 * reading anything back, {@link #result} reads once.
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
 * <p>State is float64, since sums over an epoch outgrow float32. Not thread-safe.
 */
public abstract class Metric implements Stateful {

    /** The sum of weighted values and the sum of weights of {@link #average}. */
    private static final String TOTAL = "total";

    private static final String WEIGHT = "weight";

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
     * Takes a batch into account.
     *
     * @param tf makes ops
     * @param target what should have come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …]
     */
    public abstract void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction);

    /**
     * Computes the result from the state. The default is the average of what was given to {@link #average}, 0 if nothing
     * was.
     *
     * @param tf makes ops
     * @return a scalar
     */
    protected Operand<? extends TNumber> compute(Ops tf) {
        return tf.math.divNoNan(
                state(tf, TOTAL, Shape.scalar()).read(tf),
                state(tf, WEIGHT, Shape.scalar()).read(tf));
    }

    /**
     * Adds values to the average, each with weight 1.
     *
     * @param tf makes ops
     * @param values numbers of any shape
     */
    protected final void average(Ops tf, Operand<? extends TNumber> values) {
        Operand<TFloat64> numbers = Tensors.cast(tf, values, TFloat64.class);
        Shape shape = Tensors.shape(numbers);
        if (shape.numDimensions() > 1) {
            numbers = tf.reshape(numbers, tf.constant(new int[] {-1}));
        }
        Operand<TFloat64> sum = shape.numDimensions() == 0 ? numbers : tf.sum(numbers, tf.constant(0));
        Operand<TFloat64> count = shape.hasUnknownDimension()
                ? Tensors.cast(tf, tf.size(numbers), TFloat64.class)
                : tf.constant((double) shape.size());
        add(tf, sum, count);
    }

    /**
     * Adds one number to the average, with a weight; a value of another shape is refused.
     *
     * @param tf makes ops
     * @param value a scalar
     * @param weight a float64 scalar
     */
    protected final void average(Ops tf, Operand<? extends TNumber> value, Operand<TFloat64> weight) {
        if (Tensors.rank(value) > 0) {
            throw new IllegalArgumentException("Metric '" + name + "' weights single numbers, got "
                    + Tensors.describe(value) + ": reduce it, or leave the weight out to average its elements");
        }
        add(tf, tf.math.mul(Tensors.cast(tf, value, TFloat64.class), weight), weight);
    }

    private void add(Ops tf, Operand<TFloat64> weighted, Operand<TFloat64> weight) {
        state(tf, TOTAL, Shape.scalar()).assignAdd(tf, weighted);
        state(tf, WEIGHT, Shape.scalar()).assignAdd(tf, weight);
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
        Variable<TFloat64> variable = variables.get(stateName);
        if (variable == null) {
            variable = newState(here, name + "/" + stateName, shape);
            variables.put(stateName, variable);
        }
        return variable;
    }

    private static Variable<TFloat64> newState(TapeSession session, String fullName, Shape shape) {
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
     */
    public final double result() {
        if (session == null) {
            return 0;
        }
        double[] value = new double[1];
        session.unrecorded(() -> value[0] = session.scalar(compute(session.tf())));
        return value[0];
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

    @Override
    public final Parameters state() {
        return Parameters.of(List.copyOf(variables.values()));
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + " '" + name + "'";
    }
}
