package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * Adafactor (Shazeer and Stern 2018) by Keras' formula: the step is u = g / √v with v an average of g² + ε₁ that
 * forgets less with time, β₂ = 1 - tᵈ. For a variable of rank 2 or more only the averages over its last and over its
 * last but one dimension are kept, r and c, and v = r c / mean(r). The step is divided by max(1, rms(u) / threshold)
 * and multiplied by max(ε₂, rms(variable)) min(lr, 1 / √t). Defaults: learning rate 0.001, d -0.8, ε₁ 1e-30, ε₂ 1e-3,
 * threshold 1.
 *
 * <p>Keras' {@code relative_step} is missing, since it changes nothing there: the rate is min(lr, 1 / √t) either way.
 */
public final class Adafactor extends Optimizer {

    private double beta2Decay = -0.8;
    private double epsilon1 = 1e-30;
    private double epsilon2 = 1e-3;
    private double clipThreshold = 1;

    /** Adafactor with a learning rate of 0.001. */
    public Adafactor() {
        this(0.001);
    }

    /**
     * Adafactor with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Adafactor(double learningRate) {
        super(learningRate);
    }

    /**
     * Adafactor with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Adafactor(Schedule schedule) {
        super(schedule);
    }

    /**
     * Sets the power of the number of the update that a new square counts; -0.8 unless set.
     *
     * @param value d, below 0
     * @return this
     */
    public Adafactor beta2Decay(double value) {
        settings.change(this, "beta2Decay");
        this.beta2Decay = Require.negative("beta2Decay", value);
        return this;
    }

    /**
     * Sets what keeps the step and the rate off zero; 1e-30 and 1e-3 unless set.
     *
     * @param first ε₁, added to the squares of gradients, above 0
     * @param second ε₂, the least root mean square of a variable that counts, above 0
     * @return this
     */
    public Adafactor epsilons(double first, double second) {
        settings.change(this, "epsilons");
        Require.positive("epsilon2", second); // Both are legal before one is set.
        this.epsilon1 = Require.positive("epsilon1", first);
        this.epsilon2 = second;
        return this;
    }

    /**
     * Sets the root mean square above which a step is made smaller; 1 unless set.
     *
     * @param value above 0
     * @return this
     */
    public Adafactor clipThreshold(double value) {
        settings.change(this, "clipThreshold");
        this.clipThreshold = Require.positive("clipThreshold", value);
        return this;
    }

    @Override
    protected boolean isUpdateTraceable() {
        return true;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Operand<T> square = tf.math.add(tf.math.square(gradient), update.epsilon(epsilon1, type));
        Operand<T> step = variable.shape().numDimensions() < 2
                ? tf.math.mul(gradient, tf.math.rsqrt(follow(update, slot("velocity", variable, 0), square)))
                : factored(update, variable, gradient, square);
        Operand<TFloat64> excess = tf.math.maximum(
                update.constant(1, TFloat64.class),
                tf.math.mul(
                        rootMeanSquare(update, step, variable), update.constant(1 / clipThreshold, TFloat64.class)));
        Operand<TFloat64> size = tf.math.maximum(
                update.constant(epsilon2, TFloat64.class), rootMeanSquare(update, variable.read(tf), variable));
        Operand<TFloat64> rate = tf.math.mul(size, relativeRate(update));
        variable.assignSub(tf, Norms.times(tf, step, tf.math.div(rate, excess)));
    }

    /** The step by averages over the last and over the last but one dimension. */
    private <T extends TNumber> Operand<T> factored(
            Update update, Variable<T> variable, Operand<T> gradient, Operand<T> square) {
        Ops tf = update.tf();
        long[] sizes = variable.shape().asArray();
        int last = sizes.length - 1;
        Shape rows = Shape.of(Arrays.copyOf(sizes, last));
        long[] others = Arrays.copyOf(sizes, last);
        others[last - 1] = sizes[last];
        Operand<TInt32> lastAxis = tf.constant(-1);
        Operand<TInt32> beforeLast = tf.constant(-2);
        Operand<T> r = follow(update, slot("rows", variable, rows, 0), tf.math.mean(square, lastAxis));
        Operand<T> c = follow(update, slot("columns", variable, Shape.of(others), 0), tf.math.mean(square, beforeLast));
        // The roots are taken before the product, which is too small for float32 where gradients are 0.
        Operand<T> ofRow = tf.math.rsqrt(tf.math.div(r, tf.math.mean(r, lastAxis, Mean.keepDims(true))));
        Operand<T> scaled = tf.math.mul(gradient, tf.expandDims(ofRow, lastAxis));
        return tf.math.mul(scaled, tf.expandDims(tf.math.rsqrt(c), beforeLast));
    }

    /** Lets a slot follow a value, which counts tᵈ, and gives its new value. */
    private <T extends TNumber> Operand<T> follow(Update update, Variable<T> slot, Operand<T> value) {
        Ops tf = update.tf();
        Operand<T> share =
                update.once("share of the square", slot.type(), () -> powerOfNumber(update, beta2Decay, slot.type()));
        Operand<T> before = slot.read(tf);
        Operand<T> after = tf.math.add(before, tf.math.mul(tf.math.sub(value, before), share));
        slot.assign(tf, after);
        return after;
    }

    private static Operand<TFloat64> relativeRate(Update update) {
        return update.once("relative rate", TFloat64.class, () -> update.tf()
                .math
                .minimum(update.learningRate(TFloat64.class), powerOfNumber(update, -0.5, TFloat64.class)));
    }

    private static <T extends TNumber> Operand<T> powerOfNumber(Update update, double exponent, Class<T> type) {
        Ops tf = update.tf();
        return Tensors.cast(tf, tf.math.pow(update.updateNumber(), tf.constant(exponent)), type);
    }

    /** √(mean of squares) of something with the size of a variable. */
    private static Operand<TFloat64> rootMeanSquare(Update update, Operand<? extends TNumber> x, Variable<?> like) {
        double share = 1 / Math.sqrt(like.shape().size());
        return update.tf().math.mul(Norms.norm(update.tf(), x), update.constant(share, TFloat64.class));
    }
}
