package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Predicate;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * Muon (Jordan 2024; scaled as by Liu et al. 2025) by Keras' formula, for matrices: m = μ m + g; the step o is g + μ m
 * (m without Nesterov), made nearly orthogonal by Newton-Schulz iterations; v -= lr · 0.2 √max(rows, columns) · o. All
 * that is not a matrix, and embeddings, are updated as by {@link Adam} with ε 1e-7. Weight decay is 0.004 unless
 * {@link #with} is given another, for all variables. Defaults: learning rate 0.001, momentum 0.95, Nesterov, 5
 * iterations, β₁ 0.9, β₂ 0.999.
 *
 * <p>Exclude the output layer by {@link #excluding}.
 */
public final class Muon extends Moments<Muon> {

    private static final WeightDecay DECAY = WeightDecay.of(0.004);

    // The quintic polynomial of the iterations.
    private static final double A = 3.4445;
    private static final double B = -4.7750;
    private static final double C = 2.0315;

    private double momentum = 0.95;
    private boolean nesterov = true;
    private static final int MOST_STEPS = 100;

    private int newtonSchulzSteps = 5;
    private double rmsRate = 0.2;
    private double adamRatio = 1;
    private OncePerVariable<Boolean> excluded = new OncePerVariable<>(
            variable -> variable.name().toLowerCase(Locale.ROOT).contains("embedding"));

    /** Muon with a learning rate of 0.001. */
    public Muon() {
        this(0.001);
    }

    /**
     * Muon with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Muon(double learningRate) {
        super(learningRate, 1e-7);
        withDefault(DECAY);
    }

    /**
     * Muon with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Muon(Schedule schedule) {
        super(schedule, 1e-7);
        withDefault(DECAY);
    }

    /**
     * Sets the momentum of matrices; 0.95 unless set.
     *
     * @param value μ, in [0, 1)
     * @return this
     */
    public Muon momentum(double value) {
        settings.change(this, "momentum");
        this.momentum = Require.fraction("momentum", value);
        return this;
    }

    /**
     * Whether the step of a matrix looks ahead along the momentum; true unless set.
     *
     * @param on true to look ahead
     * @return this
     */
    public Muon nesterov(boolean on) {
        settings.change(this, "nesterov");
        this.nesterov = on;
        return this;
    }

    /**
     * Sets how many Newton-Schulz iterations make a step nearly orthogonal; 5 unless set.
     *
     * @param steps from 1 to 100; a few are enough
     * @return this
     */
    public Muon newtonSchulzSteps(int steps) {
        settings.change(this, "newtonSchulzSteps");
        this.newtonSchulzSteps = Require.within(1, MOST_STEPS, "newtonSchulzSteps", steps);
        return this;
    }

    /**
     * Sets what √max(rows, columns) is multiplied by to scale the step of a matrix, so that learning rates of Adam
     * suit; 0.2 unless set.
     *
     * @param value at least 0; 0 for steps that are not scaled by the size of the matrix
     * @return this
     */
    public Muon rmsRate(double value) {
        settings.change(this, "rmsRate");
        this.rmsRate = Require.notNegative("rmsRate", value);
        return this;
    }

    /**
     * Sets the learning rate of what is updated as by Adam, as a part of the optimizer's; 1 unless set.
     *
     * @param value at least 0
     * @return this
     */
    public Muon adamRatio(double value) {
        settings.change(this, "adamRatio");
        this.adamRatio = Require.notNegative("adamRatio", value);
        return this;
    }

    /**
     * Sets which matrices are updated as by Adam; embeddings unless set.
     *
     * @param names tells of the name of a variable whether it is excluded from Muon; asked once for each
     * @return this
     */
    public Muon excluding(Predicate<String> names) {
        settings.change(this, "excluding");
        Objects.requireNonNull(names, "names");
        this.excluded = new OncePerVariable<>(variable -> names.test(variable.name()));
        return this;
    }

    @Override
    void prepare(Variable<?> variable) {
        excluded.of(variable);
    }

    @Override
    Muon self() {
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Variable<T> moment = slot("momentum", variable, 0);
        if (variable.shape().numDimensions() != 2 || excluded.of(variable)) {
            Variable<T> velocity = slot("velocity", variable, 0);
            tf.train.resourceApplyAdam(
                    variable.handle(tf),
                    moment.handle(tf),
                    velocity.handle(tf),
                    update.power(beta1(), type),
                    update.power(beta2(), type),
                    adamRate(update, type),
                    update.fraction(beta1(), type),
                    update.fraction(beta2(), type),
                    epsilon(update, type),
                    gradient);
            return;
        }
        Operand<T> mu = update.constant(momentum, type);
        Operand<T> m = tf.math.add(tf.math.mul(moment.read(tf), mu), gradient);
        moment.assign(tf, m);
        Operand<T> direction = nesterov ? tf.math.add(gradient, tf.math.mul(m, mu)) : m;
        Operand<T> step = orthogonal(update, direction, variable);
        double scale = rmsRate == 0
                ? 1
                : rmsRate
                        * Math.sqrt(Math.max(
                                variable.shape().get(0), variable.shape().get(1)));
        Operand<T> rate = tf.math.mul(update.learningRate(type), update.constant(scale, type));
        variable.assignSub(tf, tf.math.mul(step, rate));
    }

    private <T extends TNumber> Operand<T> adamRate(Update update, Class<T> type) {
        return adamRatio == 1
                ? update.learningRate(type)
                : update.once("rate of Adam", type, () -> update.tf()
                        .math
                        .mul(update.learningRate(type), update.constant(adamRatio, type)));
    }

    /** U Vᵀ of a matrix U S Vᵀ, nearly: S ends between 0.7 and 1.2 or so. */
    private <T extends TNumber> Operand<T> orthogonal(Update update, Operand<T> matrix, Variable<T> variable) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        boolean tall = variable.shape().get(0) > variable.shape().get(1);
        Operand<TFloat64> norm = tf.math.add(Norms.norm(tf, matrix), update.constant(1e-7, TFloat64.class));
        Operand<T> x = Norms.times(tf, matrix, tf.math.reciprocal(norm));
        Operand<T> a = update.constant(A, type);
        Operand<T> b = update.constant(B, type);
        Operand<T> c = update.constant(C, type);
        for (int i = 0; i < newtonSchulzSteps; i++) {
            // The smaller of x xᵀ and xᵀ x.
            Operand<T> square = tf.linalg.matMul(x, x, MatMul.transposeA(tall), MatMul.transposeB(!tall));
            Operand<T> polynomial =
                    tf.math.add(tf.math.mul(square, b), tf.linalg.matMul(tf.math.mul(square, c), square));
            Operand<T> product = tall ? tf.linalg.matMul(x, polynomial) : tf.linalg.matMul(polynomial, x);
            x = tf.math.add(tf.math.mul(x, a), product);
        }
        return x;
    }
}
