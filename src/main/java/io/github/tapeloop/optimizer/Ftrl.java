package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * FTRL-proximal, "follow the regularized leader" (McMahan et al. 2013), by Keras' formula: a' = a + g²; z += g + 2 s v
 * - (a'⁻ᵖ - a⁻ᵖ) / lr · v; v = (clip(z, -l1, l1) - z) / (a'⁻ᵖ / lr + 2 (l2 + β / (2 lr))). Defaults: learning rate
 * 0.001, power p -0.5, initial accumulator value 0.1, l1, l2, shrinkage s and β 0. Runs on TensorFlow's fused kernel.
 *
 * <p>With l1 above 0 the variables become sparse. The formula divides by the learning rate: a step whose rate is 0, as the
 * first of a warm-up or the last of a decay, changes neither variables nor sums.
 */
public final class Ftrl extends Optimizer {

    private double learningRatePower = -0.5;
    private double initialAccumulatorValue = 0.1;
    private double l1;
    private double l2;
    private double l2Shrinkage;
    private double beta;

    /** Ftrl with a learning rate of 0.001. */
    public Ftrl() {
        this(0.001);
    }

    /**
     * Ftrl with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Ftrl(double learningRate) {
        super(learningRate);
    }

    /**
     * Ftrl with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Ftrl(Schedule schedule) {
        super(schedule);
    }

    /**
     * Sets how the learning rate falls with the sum of squares; -0.5 unless set.
     *
     * @param value p, at most 0; 0 for a rate that does not fall
     * @return this
     */
    public Ftrl learningRatePower(double value) {
        settings.change(this, "learningRatePower");
        this.learningRatePower = Require.notPositive("learningRatePower", value);
        return this;
    }

    /**
     * Sets what the sum of squares begins with; 0.1 unless set.
     *
     * @param value at least 0
     * @return this
     */
    public Ftrl initialAccumulatorValue(double value) {
        settings.change(this, "initialAccumulatorValue");
        this.initialAccumulatorValue = Require.notNegative("initialAccumulatorValue", value);
        return this;
    }

    /**
     * Sets the strength of L1 regularization; 0 unless set.
     *
     * @param value at least 0
     * @return this
     */
    public Ftrl l1(double value) {
        settings.change(this, "l1");
        this.l1 = Require.notNegative("l1", value);
        return this;
    }

    /**
     * Sets the strength of L2 regularization, the paper's stabilizing one; 0 unless set.
     *
     * @param value at least 0
     * @return this
     */
    public Ftrl l2(double value) {
        settings.change(this, "l2");
        this.l2 = Require.notNegative("l2", value);
        return this;
    }

    /**
     * Sets a penalty on large weights, as if added to the loss; 0 unless set.
     *
     * @param value s, at least 0
     * @return this
     */
    public Ftrl l2Shrinkage(double value) {
        settings.change(this, "l2Shrinkage");
        this.l2Shrinkage = Require.notNegative("l2Shrinkage", value);
        return this;
    }

    /**
     * Sets the paper's β; 0 unless set.
     *
     * @param value at least 0
     * @return this
     */
    public Ftrl beta(double value) {
        settings.change(this, "beta");
        this.beta = Require.notNegative("beta", value);
        return this;
    }

    private <T extends TNumber> Operand<T> stabilizedL2(Update update, Class<T> type) {
        Ops tf = update.tf();
        return update.once(
                "stabilized l2",
                type,
                () -> tf.math.add(
                        update.constant(l2, type),
                        tf.math.div(update.constant(beta / 2, type), update.learningRate(type))));
    }

    @Override
    protected boolean isUpdateTraceable() {
        return true;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Variable<T> accumulator = slot("accumulator", variable, initialAccumulatorValue);
        Variable<T> linear = slot("linear", variable, 0);
        Undo undo = new Undo(tf);
        Operand<TBool> hasRate = hasRate(update);
        List.of(variable, accumulator, linear).forEach(changed -> undo.remember(changed, hasRate));
        tf.train.resourceApplyFtrl(
                variable.handle(tf),
                accumulator.handle(tf),
                linear.handle(tf),
                gradient,
                update.learningRate(type),
                update.constant(l1, type),
                beta == 0 ? update.constant(l2, type) : stabilizedL2(update, type),
                update.constant(l2Shrinkage, type),
                update.constant(learningRatePower, type));
        undo.end(); // A rate of 0 has made the variable NaN, and the linear term infinite.
        keepUnknown(tf, variable, linear.read(tf));
    }

    /** The kernel takes a linear term of NaN for one within l1, and sets the variable to 0. */
    private static <T extends TNumber> void keepUnknown(Ops tf, Variable<T> variable, Operand<T> linear) {
        variable.assign(tf, tf.select(tf.math.isNan(linear), linear, variable.read(tf)));
    }

    private static Operand<TBool> hasRate(Update update) {
        Ops tf = update.tf();
        return update.condition(
                "rate above 0",
                () -> tf.math.greaterEqual(
                        update.learningRate(TFloat64.class), update.constant(Float.MIN_NORMAL, TFloat64.class)));
    }
}
