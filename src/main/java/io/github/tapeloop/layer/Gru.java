package io.github.tapeloop.layer;

import java.util.List;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A gated recurrent unit (Cho et al. 2014) that resets after the product, as Keras' default and cuDNN do. With the parts
 * z, r and c of a = x · kernel + bias 1 and of b = h' · recurrent kernel + bias 2, where h' is the output of the step before:
 *
 * <pre>{@code
 * z = sigmoid(az + bz),  r = sigmoid(ar + br),  c = tanh(ac + r bc),  h = z h' + (1 - z) c
 * }</pre>
 *
 * The kernel is float32 [in, 3 · units] in the order z, r, c, the recurrent kernel [units, 3 · units], the bias [2, 3 · units].
 * What it shares with the other recurrent layers is said in {@link Recurrent}.
 *
 * <p>Input float32 [batch, steps, in], output float32 [batch, units], or [batch, steps, units].
 */
public final class Gru extends Recurrent<Gru> {

    private ActivationFunction gate = Activations.SIGMOID;

    /**
     * Creates a layer.
     *
     * @param units size of the output, at least 1
     */
    public Gru(int units) {
        super(units, 3, 1);
    }

    /**
     * The activation of the gates z and r; {@link Activations#SIGMOID} unless set.
     *
     * @param function one of {@link Activations}, or a lambda
     * @return this
     */
    public Gru recurrentActivation(ActivationFunction function) {
        requireUnused("recurrentActivation");
        this.gate = Objects.requireNonNull(function, "function");
        return this;
    }

    @Override
    boolean hasRecurrentBias() {
        return true;
    }

    @Override
    protected List<Operand<TFloat32>> next(
            Ops tf, Operand<TFloat32> input, Operand<TFloat32> recurrent, List<Operand<TFloat32>> state) {
        List<? extends Operand<TFloat32>> a = gates(tf, input);
        List<? extends Operand<TFloat32>> b = gates(tf, recurrent);
        Operand<TFloat32> z = gate.call(tf, tf.math.add(a.get(0), b.get(0)));
        Operand<TFloat32> r = gate.call(tf, tf.math.add(a.get(1), b.get(1)));
        Operand<TFloat32> c = activation().call(tf, tf.math.add(a.get(2), tf.math.mul(r, b.get(2))));
        return List.of(tf.math.add(c, tf.math.mul(z, tf.math.sub(state.get(0), c))));
    }
}
