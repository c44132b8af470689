package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Precision;
import io.github.tapeloop.runtime.Seeds;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * One call of a model: carries what every layer needs and no global should hold. It makes ops, says whether the model is
 * being trained, hands out the seeds of random ops and collects the losses that layers add.
 *
 * <p>Made anew for each call of a model, used on the thread of its session.
 */
public final class ForwardPass {

    private final Ops tf;
    private final Precision precision;
    private final boolean training;
    private final long seed;
    private final Supplier<Operand<TInt64>> step;
    private final List<Operand<TFloat32>> losses = new ArrayList<>();
    private final Set<Variable<?>> penalized = new HashSet<>();
    private final boolean repeats;
    private long randomOps;
    /** Null while everything counts. */
    private Operand<TBool> mask;

    private ForwardPass(Ops tf, Precision precision, boolean training, long seed, Supplier<Operand<TInt64>> step) {
        this(tf, precision, training, seed, step, false);
    }

    private ForwardPass(
            Ops tf, Precision precision, boolean training, long seed, Supplier<Operand<TInt64>> step, boolean repeats) {
        this.repeats = repeats;
        this.tf = precision.in(tf);
        this.precision = precision;
        this.training = training;
        this.seed = seed;
        this.step = step;
    }

    /**
     * A pass that trains, for hand-written loops: random ops draw anew in each pass, in an order that the session's seed
     * determines.
     *
     * @param tf ops of a session
     * @return a new pass
     */
    public static ForwardPass training(Ops tf) {
        TapeSession session = TapeSession.of(tf);
        long pass = session.nextPass();
        return training(tf, session.seed(), () -> tf.constant(pass));
    }

    /**
     * A pass that trains as a given step of a run.
     *
     * @param tf ops of a session
     * @param seed the seed of the run
     * @param step makes the number of the step, an int64 scalar; called only if there is a random op
     * @return a new pass
     */
    public static ForwardPass training(Ops tf, long seed, Supplier<Operand<TInt64>> step) {
        return new ForwardPass(tf, Precision.FULL, true, seed, step);
    }

    /**
     * A pass that evaluates or predicts.
     *
     * @param tf ops of a session
     * @return a new pass
     */
    public static ForwardPass inference(Ops tf) {
        return new ForwardPass(tf, Precision.FULL, false, TapeSession.of(tf).seed(), () -> tf.constant(0L));
    }

    /**
     * The same kind of pass in a mixed precision: weights are read as float16 or bfloat16. Call models by {@link
     * #call(Layer, Operand)}, which casts what goes in and what comes out.
     *
     * @param other the precision to compute in
     * @return a new pass, which has given no seed and collected no loss yet
     */
    public ForwardPass in(Precision other) {
        return new ForwardPass(tf, other, training, seed, step);
    }

    /**
     * Calls a model in the precision of this pass: the input is cast to the type to compute in, the output back to
     * float32. In full precision this is {@code model.call(pass, x)}.
     *
     * @param model a model or layer
     * @param x its input
     * @return its output, float32 in mixed precision
     */
    public Operand<TFloat32> call(Layer model, Operand<TFloat32> x) {
        return precision == Precision.FULL
                ? model.call(this, x)
                : Precision.full(tf, model.call(this, precision.compute(tf, x)));
    }

    /** How a function is called: {@code Recompute::call}, for example, which runs it again on the way back. */
    @FunctionalInterface
    public interface Caller {

        /**
         * Calls a function.
         *
         * @param tf makes ops
         * @param function makes results from inputs, the same in each run
         * @param inputs the inputs
         * @return the results
         */
        List<? extends Operand<?>> call(Ops tf, TracedFunction.Body function, List<? extends Operand<?>> inputs);
    }

    /**
     * Calls a part of a model so that it can be run again: each run draws the same random numbers, added losses count
     * once, and moving averages follow the first run only.
     *
     * <pre>{@code
     * x = pass.repeatable(block::call, x, Recompute::call);
     * }</pre>
     *
     * @param block makes the output from a pass, which it must use instead of this one, and its input: {@code layer::call}
     * @param x its input
     * @param caller runs it, once now and perhaps later
     * @return its output, the same as of {@code block.apply(pass, x)}
     */
    public Operand<TFloat32> repeatable(
            BiFunction<ForwardPass, Operand<TFloat32>, Operand<TFloat32>> block, Operand<TFloat32> x, Caller caller) {
        long firstRandomOp = randomOps;
        Set<Variable<?>> penalizedBefore = Set.copyOf(penalized);
        boolean[] ran = new boolean[1];
        TracedFunction.Body function = (ops, given) -> {
            ForwardPass run = new ForwardPass(ops, precision, training, seed, step, ran[0] || repeats);
            run.randomOps = firstRandomOp;
            run.penalized.addAll(penalizedBefore);
            List<Operand<?>> results = new ArrayList<>();
            results.add(block.apply(run, typed(given.get(0))));
            results.addAll(run.losses);
            if (!ran[0]) {
                ran[0] = true;
                randomOps = run.randomOps;
                penalized.addAll(run.penalized);
            }
            return results;
        };
        List<? extends Operand<?>> results = caller.call(tf, function, List.of(x));
        results.stream().skip(1).forEach(loss -> losses.add(typed(loss)));
        return typed(results.get(0));
    }

    @SuppressWarnings("unchecked") // The package's note on TFloat32.
    private static Operand<TFloat32> typed(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    /**
     * Whether this is a later run of what {@link #repeatable} ran before: effects that must happen once, such as the update
     * of a moving average, have happened.
     *
     * @return false in an ordinary pass
     */
    public boolean repeats() {
        return repeats;
    }

    /**
     * Calls a model on inputs by name in the precision of this pass, casting as {@link #call(Layer, Operand)} does.
     *
     * @param model a model
     * @param inputs by name, [batch, …] each, in the order of the data
     * @return its outputs by name, float32 in mixed precision
     */
    public Map<String, Operand<TFloat32>> call(Model model, Map<String, Operand<TFloat32>> inputs) {
        if (precision == Precision.FULL) {
            return model.call(this, inputs);
        }
        Map<String, Operand<TFloat32>> computed = new LinkedHashMap<>();
        inputs.forEach((name, x) -> computed.put(name, precision.compute(tf, x)));
        Map<String, Operand<TFloat32>> outputs = new LinkedHashMap<>();
        model.call(this, computed).forEach((name, y) -> outputs.put(name, Precision.full(tf, y)));
        return outputs;
    }

    /**
     * Makes ops.
     *
     * @return the ops of this pass
     */
    public Ops tf() {
        return tf;
    }

    /**
     * Makes ops named after a layer, so that errors and graphs say where they come from.
     *
     * @param layer the layer that is being called
     * @return the ops of this pass
     */
    public Ops tf(Layer layer) {
        return tf.withSubScope(layer.path());
    }

    /**
     * Whether the model is being trained: dropout drops, batch statistics are taken from the batch.
     *
     * @return true in training, false in evaluation and prediction
     */
    public boolean training() {
        return training;
    }

    /**
     * Which steps of the series in this pass are data and which are filling: set by {@link Embedding#maskZero} and {@link
     * Masking}, heeded by {@link Recurrent} layers, {@link MultiHeadAttention}, the loss and the metrics. There is one: with
     * several inputs, set the right one before each part of the model that heeds it.
     *
     * @return bool [batch, steps], true for data; empty if all is data
     */
    public Optional<Operand<TBool>> mask() {
        return Optional.ofNullable(mask);
    }

    /**
     * Sets which steps are data, for the layers called from now on.
     *
     * @param mask bool [batch, steps], true for data; null if all is data, or if there are no steps any more
     */
    public void setMask(Operand<TBool> mask) {
        this.mask = mask;
    }

    /**
     * A seed for one stateless random op, such as {@code tf.random.statelessRandomUniform}: a function of the run's seed,
     * the step, and how many seeds this pass has given before.
     *
     * @return int64 [2]
     */
    public Operand<TInt64> randomSeed() {
        long key = Seeds.mix(seed, randomOps++);
        return tf.stack(List.of(tf.constant(key), step.get()));
    }

    /**
     * Adds to the loss that is being minimised, as Keras' {@code add_loss} does: a regularizer of weights or activations.
     *
     * @param value a float32 scalar
     * @throws IllegalArgumentException if the value is no scalar
     */
    public void addLoss(Operand<TFloat32> value) {
        if (Tensors.rank(value) > 0) {
            throw new IllegalArgumentException("An added loss must be a scalar, got " + Tensors.describe(value)
                    + ": reduce it with tf.sum or tf.math.mean");
        }
        losses.add(Precision.full(tf, value));
    }

    /** Whether the penalty of a weight has not been added in this pass; from then on it has. */
    boolean firstPenaltyOf(Variable<?> weight) {
        return penalized.add(weight);
    }

    /**
     * What the layers called in this pass have added.
     *
     * @return float32 scalars, in the order they were added
     */
    public List<Operand<TFloat32>> losses() {
        return List.copyOf(losses);
    }

    /**
     * The loss to minimise: a loss plus all that layers have added.
     *
     * @param loss a float32 scalar
     * @return {@code loss} itself if nothing was added
     */
    public Operand<TFloat32> totalLoss(Operand<TFloat32> loss) {
        Operand<TFloat32> total = loss;
        for (Operand<TFloat32> added : losses) {
            total = tf.math.add(total, added);
        }
        return total;
    }
}
