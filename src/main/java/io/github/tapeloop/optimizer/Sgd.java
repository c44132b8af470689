package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ResourceScatterSub;
import org.tensorflow.op.train.ResourceApplyKerasMomentum;
import org.tensorflow.op.train.ResourceSparseApplyKerasMomentum;
import org.tensorflow.types.family.TNumber;

/**
 * Gradient descent, plain or with momentum, by Keras' formulas: m = μ m - lr g; v += m, or with Nesterov v += μ m - lr g.
 * The default learning rate is 0.01. Runs on TensorFlow's fused kernels.
 */
public final class Sgd extends Optimizer {

    private double momentum;
    private boolean nesterov;
    private boolean lazy;

    /** Descent with a learning rate of 0.01. */
    public Sgd() {
        this(0.01);
    }

    /**
     * Descent with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Sgd(double learningRate) {
        super(learningRate);
    }

    /**
     * Descent with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Sgd(Schedule schedule) {
        super(schedule);
    }

    /**
     * Sets the momentum; 0 unless set.
     *
     * @param value in [0, 1)
     * @return this
     */
    public Sgd momentum(double value) {
        settings.change(this, "momentum");
        this.momentum = Require.fraction("momentum", value);
        return this;
    }

    /**
     * Whether the step looks ahead along the momentum (Nesterov 1983); false unless set.
     *
     * @param on true to look ahead
     * @return this
     */
    public Sgd nesterov(boolean on) {
        settings.change(this, "nesterov");
        this.nesterov = on;
        return this;
    }

    /**
     * Whether rows of a table without a gradient, such as words of an embedding that a batch lacks, stay as they are, with
     * their momentum; false unless set, which gives Keras' result at the cost of the whole table in each step; but for clipped
     * gradients of rows that come several times in a batch, which Keras clips on TensorFlow before it sums them.
     *
     * @param on true to leave them
     * @return this
     */
    public Sgd lazy(boolean on) {
        settings.change(this, "lazy");
        this.lazy = on;
        return this;
    }

    @Override
    protected boolean isUpdateTraceable() {
        return true;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Class<T> type = variable.type();
        if (momentum == 0) {
            update.tf()
                    .train
                    .resourceApplyGradientDescent(variable.handle(update.tf()), update.learningRate(type), gradient);
            return;
        }
        update.tf()
                .train
                .resourceApplyKerasMomentum(
                        variable.handle(update.tf()),
                        slot("momentum", variable, 0).handle(update.tf()),
                        update.learningRate(type),
                        gradient,
                        update.constant(momentum, type),
                        ResourceApplyKerasMomentum.useNesterov(nesterov));
    }

    /** Plain descent changes the rows that have a gradient; so does a {@link #lazy} momentum. */
    @Override
    protected <T extends TNumber> void updateSparse(Update update, Variable<T> variable, IndexedSlices<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        if (momentum == 0) {
            Operand<T> change = tf.math.mul(gradient.values(), update.learningRate(type));
            ResourceScatterSub.create(tf.scope(), variable.handle(tf), gradient.indices(), change);
        } else if (lazy) {
            IndexedSlices<T> rows = gradient.summed(tf);
            tf.train.resourceSparseApplyKerasMomentum(
                    variable.handle(tf),
                    slot("momentum", variable, 0).handle(tf),
                    update.learningRate(type),
                    rows.values(),
                    rows.indices(),
                    update.constant(momentum, type),
                    ResourceSparseApplyKerasMomentum.useNesterov(nesterov));
        } else {
            super.updateSparse(update, variable, gradient);
        }
    }
}
