package io.github.tapeloop.optimizer;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.Conditional;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.BiConsumer;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * Multiplies the loss so that small gradients survive float16, and divides the gradients by the same number (Micikevicius
 * et al. 2018, "Mixed Precision Training"). A step whose gradients are not all finite is skipped: no variable and no
 * step count changes. As Keras' {@code LossScaleOptimizer}, but within bounds: there a scale that was halved or doubled
 * too often becomes 0 or infinite, and every step is skipped from then on.
 */
public final class LossScale {

    private static final double INITIAL = 1 << 15;
    private static final long GROWTH_STEPS = 2000;
    private static final double LEAST = 1;
    /** Above it the inverse is no normal float32, which kernels take for 0: no gradient would be left. */
    private static final double GREATEST = 0x1p126;

    private final double initial;
    private final long growthSteps;
    private final Settings settings = new Settings();
    private double minimum;
    private double maximum = GREATEST;
    private OptimizerState owner;
    /** Whether a loss was scaled since the last update, and in which step: one that failed may have scaled and not updated. */
    private boolean asked;

    private Object askedIn;

    private Variable<TFloat32> scale;
    private Variable<TInt64> finiteSteps;
    private Variable<TInt64> skippedSteps;

    private LossScale(double initial, long growthSteps) {
        this.initial = Require.positive("loss scale", initial);
        if (initial > GREATEST || initial < Float.MIN_NORMAL) {
            throw new IllegalArgumentException(
                    "Expected a loss scale from " + Float.MIN_NORMAL + " to " + GREATEST + ", got " + initial);
        }
        this.growthSteps = Require.atLeast(1, "growthSteps", growthSteps);
        this.minimum = Math.min(LEAST, initial);
    }

    /**
     * Sets what the scale does not fall below: a step that is not finite even then has another cause than the scale.
     *
     * @param value above 0 and at most the scale of the first step; 1 unless set, or that scale if it is smaller
     * @return this
     * @throws IllegalStateException if the scale was used already
     */
    public LossScale minimum(double value) {
        settings.change(this, "minimum");
        if (!(value >= Float.MIN_NORMAL && value <= initial)) {
            throw new IllegalArgumentException("Expected a minimum from " + Float.MIN_NORMAL + " to the first scale, "
                    + initial + ", got " + value);
        }
        this.minimum = value;
        return this;
    }

    /**
     * Sets what the scale does not grow above.
     *
     * @param value at least the scale of the first step and at most 2^126, which it is unless set: a greater one has no
     *     inverse in float32
     * @return this
     * @throws IllegalStateException if the scale was used already
     */
    public LossScale maximum(double value) {
        settings.change(this, "maximum");
        if (!(value >= initial && value <= GREATEST)) {
            throw new IllegalArgumentException(
                    "Expected a maximum from the first scale, " + initial + ", to " + GREATEST + ", got " + value);
        }
        this.maximum = value;
        return this;
    }

    /** Refuses to serve a second optimizer: both would change one scale for the sake of their own steps. */
    void belongTo(OptimizerState optimizer) {
        if (owner != null && owner != optimizer) {
            throw new IllegalStateException("This LossScale is that of another "
                    + owner.getClass().getSimpleName() + ": make one for each optimizer");
        }
        owner = optimizer;
    }

    /**
     * A scale that starts at 2^15, doubles after 2000 finite steps in a row and halves after one that is not.
     *
     * @return a new scale, for one optimizer
     */
    public static LossScale dynamic() {
        return dynamic(INITIAL, GROWTH_STEPS);
    }

    /**
     * A scale that doubles after a number of finite steps in a row and halves after one that is not.
     *
     * @param initial the scale of the first step, from 2^-126 to 2^126; a power of two changes no digit of a gradient
     * @param growthSteps at least 1
     * @return a new scale, for one optimizer
     */
    public static LossScale dynamic(double initial, long growthSteps) {
        return new LossScale(initial, growthSteps);
    }

    /**
     * The scale of the next step.
     *
     * @return the scale
     */
    public double value() {
        return scale == null ? initial : scalar(scale);
    }

    /**
     * How many steps were skipped since the first, because their gradients were not all finite.
     *
     * @return the number of steps that changed nothing
     */
    public long skipped() {
        return scale == null ? 0 : (long) scalar(skippedSteps);
    }

    /**
     * How many steps were skipped, to be asked in a step: if it is one more after {@link Optimizer#apply} than before, that
     * step's gradients were not all finite and nothing was updated.
     *
     * @param tf makes ops, in the session of the optimizer
     * @return an int64 scalar
     */
    public Operand<TInt64> skipped(Ops tf) {
        build(tf);
        return skippedSteps.read(tf);
    }

    /**
     * Whether the scale of the next step is the least that there is. A step that is skipped although it began so has gradients
     * that no scale makes finite: the data, the learning rate or the model is to blame.
     *
     * @return true if the scale cannot fall any more
     */
    public boolean isAtMinimum() {
        return value() <= (float) minimum;
    }

    private static double scalar(Variable<? extends TNumber> variable) {
        double[] value = new double[1];
        TapeSession session = variable.session();
        session.unrecorded(() -> value[0] = session.scalar(variable.read(session.tf())));
        return value[0];
    }

    Operand<TFloat32> scale(Ops tf, Operand<TFloat32> loss) {
        build(tf);
        asked = true;
        askedIn = step(tf);
        return tf.math.mul(loss, Tensors.cast(tf, scale.read(tf), loss.type()));
    }

    /** Refuses gradients of a loss that was not scaled: they would be divided by the scale and teach next to nothing. */
    void requireAsked(Ops tf, String optimizer) {
        if (!asked || askedIn != step(tf)) {
            throw new IllegalStateException("This " + optimizer + " scales losses, so it takes the gradients of"
                    + " optimizer.scaleLoss(tf, loss), not of the loss: in a step of a trainer call"
                    + " step.minimize(optimizer, tape, loss, variables), which does so");
        }
        asked = false;
        askedIn = null;
    }

    /** What stands for the step that ops are made in: who holds its writes back, null outside of a trainer. */
    private static Object step(Ops tf) {
        return RecordingEnvironment.of(tf).effects();
    }

    /** Divides gradients by the scale, hands them on if all are finite, and adapts the scale. */
    void apply(Ops tf, Gradients scaled, BiConsumer<Ops, Gradients> update) {
        build(tf);
        Operand<TFloat32> inverse = tf.math.reciprocal(scale.read(tf));
        Gradients gradients = scaled.map((variable, gradient) -> times(tf, gradient, inverse));
        List<Operand<?>> parts = new ArrayList<>();
        gradients
                .variables()
                .forEach(variable ->
                        Rows.addParts(Optimizer.number(gradients.of(variable).orElseThrow()), parts));
        Operand<TBool> finite = allFinite(tf, gradients);
        Conditional.runIf(tf, finite, parts, (inner, given) -> {
            Iterator<? extends Operand<?>> next = given.iterator();
            update.accept(
                    inner,
                    gradients.map((variable, gradient) -> Rows.ofParts(inner, Optimizer.number(gradient), next)));
        });
        adapt(tf, finite); // Not before the update, which can fail: then nothing has changed.
    }

    private void adapt(Ops tf, Operand<TBool> finite) {
        Operand<TInt64> one = tf.constant(1L);
        Operand<TInt64> zero = tf.constant(0L);
        Operand<TInt64> inARow = tf.select(finite, tf.math.add(finiteSteps.read(tf), one), zero);
        Operand<TBool> grows = tf.math.greaterEqual(inARow, tf.constant(growthSteps));
        Operand<TFloat32> factor =
                tf.select(finite, tf.select(grows, tf.constant(2f), tf.constant(1f)), tf.constant(0.5f));
        Operand<TFloat32> next = tf.math.mul(scale.read(tf), factor);
        scale.assign(tf, tf.clipByValue(next, tf.constant((float) minimum), tf.constant((float) maximum)));
        finiteSteps.assign(tf, tf.select(grows, zero, inARow));
        skippedSteps.assignAdd(tf, tf.select(finite, zero, one));
    }

    /**
     * Halves the scale: a step was skipped whose gradients are not finite.
     *
     * @param tf ops of the step
     */
    public void fall(Ops tf) {
        build(tf);
        adapt(tf, tf.constant(false));
    }

    /**
     * Whether the scale can fall further, so that gradients which are not finite now may be in a later step. In a step, before
     * {@link Optimizer#apply}, it is about this step's scale; see {@link #isAtMinimum} for the next one's.
     *
     * @param tf ops of the step
     * @return a bool scalar
     */
    public Operand<TBool> canFall(Ops tf) {
        build(tf);
        return tf.math.greater(scale.read(tf), tf.constant((float) minimum));
    }

    /**
     * Whether all elements of all gradients are finite.
     *
     * @param tf makes ops
     * @param gradients of any variables
     * @return a bool scalar
     */
    public static Operand<TBool> allFinite(Ops tf, Gradients gradients) {
        List<Operand<TBool>> each = new ArrayList<>();
        for (Variable<?> variable : gradients.variables()) {
            Operand<TNumber> values =
                    Rows.values(Optimizer.number(gradients.of(variable).orElseThrow()));
            Operand<TNumber> flat = tf.reshape(values, tf.constant(new int[] {-1}));
            each.add(tf.reduceAll(tf.math.isFinite(flat), tf.constant(0)));
        }
        return tf.reduceAll(tf.stack(each), tf.constant(0));
    }

    private static Operand<?> times(Ops tf, Operand<?> gradient, Operand<TFloat32> factor) {
        Operand<TNumber> number = Optimizer.number(gradient);
        return Rows.with(tf, number, tf.math.mul(Rows.values(number), Tensors.cast(tf, factor, number.type())));
    }

    /** What a checkpoint of the optimizer has to hold; empty before the first step. */
    List<Variable<?>> state() {
        return scale == null ? List.of() : List.of(scale, finiteSteps, skippedSteps);
    }

    private void build(Ops tf) {
        settings.use();
        if (scale == null) {
            TapeSession session = TapeSession.of(tf);
            Ops eager = session.tf(); // Variables are made now, even while a step is being traced.
            session.unrecorded(() -> {
                scale = Variable.create(eager, "optimizer/loss_scale", eager.constant((float) initial), false);
                finiteSteps = Variable.create(eager, "optimizer/finite_steps", eager.constant(0L), false);
                skippedSteps = Variable.create(eager, "optimizer/skipped_steps", eager.constant(0L), false);
            });
        }
    }

    /** Says how it begins; {@link #value} is what it is now. */
    @Override
    public String toString() {
        return "LossScale[from " + initial + ", grown after " + growthSteps + " steps]";
    }
}
