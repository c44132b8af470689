package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.List;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The kernels and biases of a recurrent layer, how they start and what holds them.
 *
 * @param <L> the layer's own type, which the setters return
 */
abstract class RecurrentWeights<L extends RecurrentWeights<L>> extends Layer {

    private final int units;
    private final int gates;
    private boolean useBias = true;
    private WeightSpec kernel = WeightSpec.of(Initializer.glorotUniform());
    private WeightSpec recurrentKernel = WeightSpec.of(Initializer.orthogonal());
    private WeightSpec bias = WeightSpec.of(Initializer.zeros());

    RecurrentWeights(int units, int gates) {
        this.units = Require.atLeast(1, getClass().getSimpleName() + " units", units);
        this.gates = Require.atLeast(1, getClass().getSimpleName() + " gates", gates);
    }

    /** Whether the recurrent product has a bias of its own: the bias is then [2, gates · units]. */
    boolean hasRecurrentBias() {
        return false;
    }

    /** What the bias starts from, given what the user set. */
    Initializer biasStart(Initializer set) {
        return set;
    }

    final int units() {
        return units;
    }

    /**
     * Whether to add biases; true unless set.
     *
     * @param use false for none
     * @return this
     */
    public L useBias(boolean use) {
        requireUnused("useBias");
        this.useBias = use;
        return self();
    }

    /**
     * Says how the kernel, float32 [in, gates · units], which the input is multiplied with, starts, and what holds it.
     * Drawn by {@link Initializer#glorotUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public L kernel(UnaryOperator<WeightSpec> change) {
        this.kernel = changed("kernel", kernel, change);
        return self();
    }

    /**
     * Says how the recurrent kernel, float32 [units, gates · units], which the state is multiplied with, starts, and what
     * holds it. Drawn by {@link Initializer#orthogonal()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public L recurrentKernel(UnaryOperator<WeightSpec> change) {
        this.recurrentKernel = changed("recurrentKernel", recurrentKernel, change);
        return self();
    }

    /**
     * Says how the bias, float32 [gates · units], starts, and what holds it. Zeros unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public L bias(UnaryOperator<WeightSpec> change) {
        this.bias = changed("bias", bias, change);
        return self();
    }

    /** The parts of the gates, [batch, units] each. */
    final List<? extends Operand<TFloat32>> gates(Ops tf, Operand<TFloat32> all) {
        return tf.split(tf.constant(1), all, (long) gates).output();
    }

    /** Reads the weights once for all steps of a call; makes them in the first. */
    final Read read(ForwardPass pass, Ops tf, Operand<TFloat32> x) {
        long columns = (long) gates * units;
        Class<TFloat32> type = x.type();
        long in = Tensors.shape(x).get(-1);
        Operand<TFloat32> ofInput =
                weight(pass, "kernel", Shape.of(in, columns), type, kernel).read(tf);
        Operand<TFloat32> ofState = weight(pass, "recurrent_kernel", Shape.of(units, columns), type, recurrentKernel)
                .read(tf);
        if (!useBias) {
            return new Read(ofInput, ofState, null, null);
        }
        Shape shape = hasRecurrentBias() ? Shape.of(2, columns) : Shape.of(columns);
        WeightSpec start = bias.initializer(biasStart(bias.initializer()));
        Operand<TFloat32> biases = weight(pass, "bias", shape, type, start).read(tf);
        if (!hasRecurrentBias()) {
            return new Read(ofInput, ofState, biases, null);
        }
        List<? extends Operand<TFloat32>> rows = tf.unstack(biases, 2L).output();
        return new Read(ofInput, ofState, rows.get(0), rows.get(1));
    }

    @SuppressWarnings("unchecked") // L is the layer's own type.
    final L self() {
        return (L) this;
    }

    /** The values of the weights; null for no bias. */
    record Read(
            Operand<TFloat32> kernel,
            Operand<TFloat32> recurrentKernel,
            Operand<TFloat32> bias,
            Operand<TFloat32> recurrentBias) {

        /** x · kernel + bias of each step, [batch, columns], by one product. Steps come first, so that they lie together. */
        List<? extends Operand<TFloat32>> project(Ops tf, Operand<TFloat32> x, int steps) {
            long in = Tensors.shape(x).get(-1);
            long columns = Tensors.shape(kernel).get(-1);
            Operand<TFloat32> byStep = tf.linalg.transpose(x, tf.constant(new int[] {1, 0, 2}));
            Operand<TFloat32> rows = product(tf, tf.reshape(byStep, tf.constant(new long[] {-1, in})), kernel, bias);
            return tf.unstack(tf.reshape(rows, tf.constant(new long[] {steps, -1, columns})), (long) steps)
                    .output();
        }

        /** h · recurrent kernel + recurrent bias, [batch, columns]. */
        Operand<TFloat32> recurrent(Ops tf, Operand<TFloat32> h) {
            return product(tf, h, recurrentKernel, recurrentBias);
        }

        private static Operand<TFloat32> product(
                Ops tf, Operand<TFloat32> x, Operand<TFloat32> kernel, Operand<TFloat32> bias) {
            Operand<TFloat32> y = tf.linalg.matMul(x, kernel);
            return bias == null ? y : tf.nn.biasAdd(y, bias);
        }
    }
}
