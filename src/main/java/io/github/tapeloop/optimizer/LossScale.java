package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.Conditional;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
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
 * step count changes. As Keras' {@code LossScaleOptimizer}.
 */
public final class LossScale {

    private static final double INITIAL = 1 << 15;
    private static final long GROWTH_STEPS = 2000;

    private final double initial;
    private final long growthSteps;
    /** Whether a loss was scaled since the last update. */
    private boolean asked;

    private Variable<TFloat32> scale;
    private Variable<TInt64> finiteSteps;

    private LossScale(double initial, long growthSteps) {
        if (!(initial > 0) || Double.isInfinite(initial)) {
            throw new IllegalArgumentException("A loss scale must be finite and above 0, got " + initial);
        }
        if (growthSteps < 1) {
            throw new IllegalArgumentException("growthSteps must be at least 1, got " + growthSteps);
        }
        this.initial = initial;
        this.growthSteps = growthSteps;
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
     * @param initial the scale of the first step, above 0; a power of two changes no digit of a gradient
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
        if (scale == null) {
            return initial;
        }
        double[] value = new double[1];
        TapeSession session = scale.session();
        session.unrecorded(() -> value[0] = session.scalar(scale.read(session.tf())));
        return value[0];
    }

    Operand<TFloat32> scale(Ops tf, Operand<TFloat32> loss) {
        build(tf);
        asked = true;
        return tf.math.mul(loss, Tensors.cast(tf, scale.read(tf), loss.type()));
    }

    /** Refuses gradients of a loss that was not scaled: they would be divided by the scale and teach next to nothing. */
    void requireAsked(String optimizer) {
        if (!asked) {
            throw new IllegalStateException("This " + optimizer + " scales losses, so it takes the gradients of"
                    + " optimizer.scaleLoss(tf, loss), not of the loss: in a step of a trainer call"
                    + " step.minimize(optimizer, tape, loss, variables), which does so");
        }
        asked = false;
    }

    /** Divides gradients by the scale, hands them on if all are finite, and adapts the scale. */
    void apply(Ops tf, Gradients scaled, BiConsumer<Ops, Gradients> update) {
        build(tf);
        Operand<TFloat32> inverse = tf.math.reciprocal(scale.read(tf));
        Gradients gradients = scaled.map((variable, gradient) -> times(tf, gradient, inverse));
        List<Operand<?>> parts = new ArrayList<>();
        gradients
                .variables()
                .forEach(variable -> Rows.addParts(number(gradients.of(variable).orElseThrow()), parts));
        Operand<TBool> finite = allFinite(tf, gradients);
        adapt(tf, finite);
        Conditional.runIf(tf, finite, parts, (inner, given) -> {
            Iterator<? extends Operand<?>> next = given.iterator();
            update.accept(inner, gradients.map((variable, gradient) -> Rows.ofParts(inner, number(gradient), next)));
        });
    }

    private void adapt(Ops tf, Operand<TBool> finite) {
        Operand<TInt64> one = tf.constant(1L);
        Operand<TInt64> zero = tf.constant(0L);
        Operand<TInt64> inARow = tf.select(finite, tf.math.add(finiteSteps.read(tf), one), zero);
        Operand<TBool> grows = tf.math.greaterEqual(inARow, tf.constant(growthSteps));
        Operand<TFloat32> factor =
                tf.select(finite, tf.select(grows, tf.constant(2f), tf.constant(1f)), tf.constant(0.5f));
        scale.assign(tf, tf.math.mul(scale.read(tf), factor));
        finiteSteps.assign(tf, tf.select(grows, zero, inARow));
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
     * Whether the scale can fall further, so that gradients which are not finite now may be in a later step.
     *
     * @param tf ops of the step
     * @return a bool scalar
     */
    public Operand<TBool> canFall(Ops tf) {
        build(tf);
        return tf.math.greater(scale.read(tf), tf.constant(1f));
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
            Operand<TNumber> values = Rows.values(number(gradients.of(variable).orElseThrow()));
            Operand<TNumber> flat = tf.reshape(values, tf.constant(new int[] {-1}));
            each.add(tf.reduceAll(tf.math.isFinite(flat), tf.constant(0)));
        }
        return tf.reduceAll(tf.stack(each), tf.constant(0));
    }

    private static Operand<?> times(Ops tf, Operand<?> gradient, Operand<TFloat32> factor) {
        Operand<TNumber> number = number(gradient);
        return Rows.with(tf, number, tf.math.mul(Rows.values(number), Tensors.cast(tf, factor, number.type())));
    }

    @SuppressWarnings("unchecked") // Only numbers have gradients.
    private static Operand<TNumber> number(Operand<?> gradient) {
        return (Operand<TNumber>) gradient;
    }

    /** What a checkpoint of the optimizer has to hold; empty before the first step. */
    List<Variable<?>> state() {
        return scale == null ? List.of() : List.of(scale, finiteSteps);
    }

    private void build(Ops tf) {
        if (scale == null) {
            TapeSession session = TapeSession.of(tf);
            Ops eager = session.tf(); // Variables are made now, even while a step is being traced.
            session.unrecorded(() -> {
                scale = Variable.create(eager, "optimizer/loss_scale", eager.constant((float) initial), false);
                finiteSteps = Variable.create(eager, "optimizer/finite_steps", eager.constant(0L), false);
            });
        }
    }
}
