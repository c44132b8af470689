package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.settings.Seeds;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * One call of a model: carries what every layer needs and no global should hold. It makes ops, says whether the model is
 * being trained, hands out the seeds of random ops and collects the losses that layers add.
 *
 * <p>Made anew for each call of a model, used on the thread of its session.
 */
public final class ForwardPass {

    private final Ops tf;
    private final DtypePolicy precision;
    private final boolean training;
    private final long seed;
    private final Supplier<Operand<TInt64>> step;
    private final boolean repeats;
    private final AddedLosses losses;
    private final Masks masks = new Masks();
    private final ExactInputs exact;
    private long randomOps;
    /** What {@link #tf()} gives: named after the {@link Lambda} whose function is being called, if one is. */
    private Ops ops;
    /** The model being called by this pass, or null if models are called by themselves. */
    private Layer called;
    /** The layers that are trained as seen from {@link #trainedBy}; null before anybody asks. */
    private Set<Layer> trained;

    private Layer trainedBy;
    /** Who wants to know the shapes, or null. */
    private OutputShapes shapes;

    private ForwardPass(Ops tf, DtypePolicy precision, boolean training, long seed, Supplier<Operand<TInt64>> step) {
        this(tf, precision, training, seed, step, false);
    }

    private ForwardPass(
            Ops tf,
            DtypePolicy precision,
            boolean training,
            long seed,
            Supplier<Operand<TInt64>> step,
            boolean repeats) {
        this.repeats = repeats;
        this.tf = precision.in(tf);
        this.ops = this.tf;
        this.precision = precision;
        this.training = training;
        this.seed = seed;
        this.step = step;
        this.losses = new AddedLosses(this.tf);
        this.exact = new ExactInputs(this.tf, precision);
    }

    /**
     * A pass that trains, for hand-written loops: random ops draw anew in each pass, in an order that the session's seed
     * determines; in a traced function, anew in each of its calls.
     *
     * @param tf ops of a session, or of a function that is being traced
     * @return a new pass
     */
    public static ForwardPass training(Ops tf) {
        TapeSession session = TapeSession.of(tf);
        long pass = session.nextPass();
        if (tf.scope().env().isGraph()) {
            return training(
                    tf,
                    TracedPasses.seed(session, pass),
                    TracedPasses.of(session).number(tf));
        }
        return training(tf, session.seed(), () -> tf.constant(pass));
    }

    /**
     * The counts of the passes of {@link #training(Ops)}, which their random numbers depend on, as a part of the state.
     *
     * @param session whose passes
     * @return the counts
     */
    public static Stateful counts(TapeSession session) {
        return new Stateful() {
            @Override
            public Parameters state() {
                return TracedPasses.variables(session);
            }

            @Override
            public void saveState(Stateful.Writer out) {
                out.put("passes", session.passes());
            }

            @Override
            public void loadState(Stateful.Reader in) {
                session.passes(in.getLong("passes"));
            }
        };
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
        return new ForwardPass(tf, DtypePolicy.FULL, true, seed, step);
    }

    /**
     * A pass that evaluates or predicts.
     *
     * @param tf ops of a session
     * @return a new pass
     */
    public static ForwardPass inference(Ops tf) {
        return new ForwardPass(tf, DtypePolicy.FULL, false, TapeSession.of(tf).seed(), () -> tf.constant(0L));
    }

    /**
     * The same kind of pass in a mixed precision: weights are read as float16 or bfloat16. Call models by {@link
     * #call(Layer, Operand)}, which casts what goes in and what comes out.
     *
     * @param other the precision to compute in
     * @return a new pass, which has given no seed and collected no loss yet
     */
    public ForwardPass in(DtypePolicy other) {
        ForwardPass pass = new ForwardPass(tf, other, training, seed, step);
        pass.shapes = shapes;
        return pass;
    }

    /** This pass, which tells of the shapes that come out of layers. */
    ForwardPass telling(OutputShapes told) {
        shapes = told;
        return this;
    }

    /** What a layer gave to the layer that called it. */
    <T extends Operand<?>> T gave(Layer layer, T y) {
        if (shapes != null) {
            shapes.gave(layer, y);
        }
        return y;
    }

    /**
     * Calls a model in the precision of this pass: the input is cast to the type to compute in, the output back to
     * float32. The first layers that compute in float32 all the same, such as {@link Normalization}, {@link Rescaling} and
     * {@link Masking}, read the input as it came. In full precision this is {@code model.call(pass, x)}.
     *
     * @param model a model or layer
     * @param x its input, of any type that the model takes
     * @return its output, float32 in mixed precision
     * @throws IllegalStateException if the model calls a layer without weights yet that it has not registered
     */
    public Operand<TFloat32> call(Layer model, Operand<?> x) {
        if (precision == DtypePolicy.FULL) {
            return within(model, () -> model.call(this, input(x)));
        }
        Operand<TFloat32> computed = keepMask(x, rounded(x));
        Operand<TFloat32> y = within(model, () -> model.call(this, computed));
        return keepMask(y, DtypePolicy.full(tf, y));
    }

    /**
     * An operand of any type as layers take it: ids for an {@link Embedding} in the call of a model, for example. Signatures
     * speak of {@code TFloat32}, see the note of this package; a layer that does not take what stands behind it says so.
     *
     * @param x an operand of any type
     * @return x
     */
    public static Operand<TFloat32> input(Operand<?> x) {
        return typed(x);
    }

    private <T> T within(Layer model, Supplier<T> call) {
        Layer before = called;
        called = model;
        try {
            return call.get();
        } finally {
            called = before;
        }
    }

    /** Whether what calls the model that is being called trains a layer, if it is one of its layers; else whether its home does. */
    boolean trains(Layer layer) {
        if (called == null) {
            return layer.trainable();
        }
        if (trained == null || trainedBy != called) { // Asked for by few layers, so made when it is.
            trainedBy = called;
            trained = called.trainedLayers();
        }
        return trained.contains(layer) || layer.trainable() && !layer.isWithin(called);
    }

    /** Refuses weights of a layer that the model being called does not have: nothing would train them. */
    void requireRegistered(Layer layer) {
        if (called != null && !layer.isWithin(called)) {
            throw new IllegalStateException("Layer '" + layer.path() + "' ("
                    + layer.getClass().getSimpleName()
                    + ") makes weights in a call of '" + called.path() + "', which does not have it, so nothing would"
                    + " train them. Register it where it is made: private final "
                    + layer.getClass().getSimpleName() + " x = layer(new "
                    + layer.getClass().getSimpleName()
                    + "(…)), or by share(…) if its home is elsewhere. A layer that is trained elsewhere only, call it there"
                    + " first");
        }
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
        return new RepeatableCall(this, block, x).by(caller);
    }

    /** This pass once more, from an earlier random number on. */
    ForwardPass again(Ops ops, long firstRandomOp, boolean repeated) {
        ForwardPass run = new ForwardPass(ops, precision, training, seed, step, repeated || repeats);
        run.randomOps = firstRandomOp;
        run.called = called;
        run.shapes = shapes;
        return run;
    }

    /** Goes on where the first run of a part of this pass ended. */
    void follow(ForwardPass run) {
        randomOps = run.randomOps;
        losses.markPenalized(run.losses.penalized());
    }

    long randomOps() {
        return randomOps;
    }

    AddedLosses addedLosses() {
        return losses;
    }

    Masks masks() {
        return masks;
    }

    ExactInputs exactInputs() {
        return exact;
    }

    @SuppressWarnings("unchecked") // The package's note on TFloat32; masks are masks.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
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
        if (precision == DtypePolicy.FULL) {
            return within(model, () -> model.call(this, inputs));
        }
        Map<String, Operand<TFloat32>> computed = new LinkedHashMap<>();
        inputs.forEach((name, x) -> computed.put(name, keepMask(x, rounded(x))));
        Map<String, Operand<TFloat32>> outputs = new LinkedHashMap<>();
        within(model, () -> model.call(this, computed))
                .forEach((name, y) -> outputs.put(name, keepMask(y, DtypePolicy.full(tf, y))));
        return outputs;
    }

    /**
     * Makes ops.
     *
     * @return the ops of this pass
     */
    public Ops tf() {
        return ops;
    }

    /** Calls what knows no layer, with ops that are named after one. */
    <T> T named(Layer layer, Supplier<T> call) {
        Ops before = ops;
        ops = tf(layer);
        try {
            return call.get();
        } finally {
            ops = before;
        }
    }

    /**
     * Makes ops named after a layer, so that errors and graphs say where they come from. The settings of the layer end.
     *
     * @param layer the layer that is being called
     * @return the ops of this pass
     */
    public Ops tf(Layer layer) {
        return entered(layer, null);
    }

    private Ops entered(Layer layer, Operand<?> x) {
        StepByStep.require(tf, layer, x);
        if (shapes != null) {
            shapes.entered(tf.scope().env(), layer, x);
        }
        return layer.named(tf);
    }

    /**
     * The first line of a layer's call: {@link #tf(Layer)}, if the layer takes what it is given.
     *
     * @param layer the layer that is being called
     * @param x its input
     * @return the ops of this pass
     * @throws IllegalArgumentException if x is not of the {@link Layer#inputType()} of the layer
     */
    public Ops tf(Layer layer, Operand<?> x) {
        layer.requireTaken(x);
        return entered(layer, x);
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
     * The mask of an operand: which steps of a series are data and which are filling. {@link Embedding#maskZero} and {@link
     * Masking} make masks; the layers after them hand a mask on to what they compute, heed it, or drop it, see {@link
     * Layer}; the loss and the metrics of a model's output leave out what its mask says.
     *
     * @param x an operand of this pass
     * @return bool [batch, steps], true for data, or of more or fewer of the first dimensions of x; empty if all is data
     */
    public Optional<Operand<TBool>> mask(Operand<?> x) {
        return Optional.ofNullable(masks.of(x));
    }

    /**
     * Says which steps of an operand are data.
     *
     * @param x an operand of this pass, [batch, steps, …]
     * @param mask bool [batch, steps], true for data, or of more or fewer of the first dimensions of x; null if all is data
     * @throws IllegalArgumentException if the shape of the mask is not that of the first dimensions of x
     */
    public void setMask(Operand<?> x, Operand<TBool> mask) {
        masks.set(x, mask);
    }

    /** The input of a layer that sums over steps on the way back: {@link Masks#finite} by its mask. */
    Operand<TFloat32> finite(Ops tf, Operand<TFloat32> x) {
        return finite(tf, x, x);
    }

    /** Another operand by the mask of an input. */
    Operand<TFloat32> finite(Ops tf, Operand<?> x, Operand<TFloat32> y) {
        return InputType.FLOATING.takes(Tensors.dataType(y)) ? Masks.finite(tf, y, masks.of(x)) : y;
    }

    /** An operand as it was before a mixed precision rounded it, if it is an input of the model; else itself. */
    Operand<TFloat32> exact(Operand<TFloat32> x) {
        return exact.of(x);
    }

    /** What a layer makes that only moves numbers: of an input of the model it stays known as it was. */
    Operand<TFloat32> moved(Operand<TFloat32> x, UnaryOperator<Operand<TFloat32>> move) {
        return exact.moved(x, move);
    }

    /** The same of several inputs. */
    Operand<TFloat32> moved(List<Operand<TFloat32>> inputs, Function<List<Operand<TFloat32>>, Operand<TFloat32>> move) {
        return exact.moved(inputs, move);
    }

    /** An operand in the type to compute in, which is remembered as it is. */
    Operand<TFloat32> rounded(Operand<?> x) {
        return exact.rounded(x);
    }

    /**
     * Gives what a layer computed the mask of its input, if that has one: the last line of a layer that works on each step
     * by itself, and so supports masking in Keras' words.
     *
     * <pre>{@code
     * return pass.keepMask(x, pass.tf().math.square(x));
     * }</pre>
     *
     * @param x the input
     * @param y the output; a mask that it has already is replaced if x has one
     * @param <T> the type of y
     * @return y
     * @throws IllegalArgumentException if y does not have the steps that the mask has
     */
    public <T extends Operand<?>> T keepMask(Operand<?> x, T y) {
        Operand<TBool> mask = masks.of(x);
        if (mask != null && x != y) {
            masks.set(y, mask);
        }
        return y;
    }

    /**
     * What has a mask that no layer, loss or metric of this pass has asked for: there it was dropped.
     *
     * @return operands in the order in which they got their masks
     */
    public List<? extends Operand<?>> droppedMasks() {
        return masks.unasked();
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
        losses.add(value);
    }

    /** Whether the penalty of a weight has not been added in this pass; from then on it has. */
    boolean firstPenaltyOf(Variable<?> weight) {
        return losses.firstPenaltyOf(weight);
    }

    /**
     * What the layers called in this pass have added.
     *
     * @return float32 scalars, in the order they were added
     */
    public List<Operand<TFloat32>> losses() {
        return losses.asked();
    }

    /**
     * What layers have added that nobody has asked for by {@link #losses} or {@link #totalLoss}: regularizers and the like,
     * which are not trained for.
     *
     * @return float32 scalars, in the order they were added
     */
    public List<Operand<TFloat32>> droppedLosses() {
        return losses.dropped();
    }

    /**
     * The loss to minimise: a loss plus all that layers have added.
     *
     * @param loss a float32 scalar
     * @return {@code loss} itself if nothing was added
     */
    public Operand<TFloat32> totalLoss(Operand<TFloat32> loss) {
        return losses.total(loss);
    }

    /** Says what the pass is for. */
    @Override
    public String toString() {
        return "ForwardPass[" + (training ? "training" : "inference") + ", " + precision + "]";
    }
}
