package io.github.tapeloop.layer;

import java.util.List;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997). With the parts i, f, g and o of a = x · kernel + bias + h' ·
 * recurrent kernel, where h' and c' are the output and the cell state of the step before:
 *
 * <pre>{@code
 * c = sigmoid(af) c' + sigmoid(ai) tanh(ag),  h = sigmoid(ao) tanh(c)
 * }</pre>
 *
 * The kernel is float32 [in, 4 · units] in the order i, f, g, o, the recurrent kernel [units, 4 · units], the bias
 * [4 · units], zeros but for the part of the forget gate f, which starts as ones (Jozefowicz et al. 2015). The state is h, c.
 * What it shares with the other recurrent layers is said in {@link Recurrent}.
 *
 * <p>Input float32 [batch, steps, in], output float32 [batch, units], or [batch, steps, units].
 */
public final class Lstm extends Recurrent<Lstm> {

    private ActivationFunction gate = Activations.SIGMOID;
    private boolean unitForgetBias = true;

    /**
     * Creates a layer.
     *
     * @param units size of the output, at least 1
     */
    public Lstm(int units) {
        super(units, 4, 2);
    }

    /**
     * The activation of the gates i, f and o; {@link Activations#SIGMOID} unless set.
     *
     * @param function one of {@link Activations}, or a lambda
     * @return this
     */
    public Lstm recurrentActivation(ActivationFunction function) {
        requireUnused("recurrentActivation");
        this.gate = Objects.requireNonNull(function, "function");
        return this;
    }

    /**
     * Whether the bias of the forget gate starts as ones, whatever draws the rest; true unless set.
     *
     * @param ones false to start all of the bias alike
     * @return this
     */
    public Lstm unitForgetBias(boolean ones) {
        requireUnused("unitForgetBias");
        this.unitForgetBias = ones;
        return this;
    }

    @Override
    Initializer biasStart(Initializer set) {
        if (!unitForgetBias) {
            return set;
        }
        Shape gate = Shape.of(units());
        return (tf, shape, type, seed) -> tf.concat(
                List.of(
                        set.initialize(tf, gate, type, seed),
                        Initializer.ones().initialize(tf, gate, type, seed),
                        set.initialize(
                                tf, Shape.of(2L * units()), type, tf.math.add(seed, tf.constant(new long[] {0, 1})))),
                tf.constant(0));
    }

    @Override
    protected List<Operand<TFloat32>> next(
            Ops tf, Operand<TFloat32> input, Operand<TFloat32> recurrent, List<Operand<TFloat32>> state) {
        List<? extends Operand<TFloat32>> a = gates(tf, tf.math.add(input, recurrent));
        Operand<TFloat32> added =
                tf.math.mul(gate.call(tf, a.get(0)), activation().call(tf, a.get(2)));
        Operand<TFloat32> c = tf.math.add(tf.math.mul(gate.call(tf, a.get(1)), state.get(1)), added);
        Operand<TFloat32> h = tf.math.mul(gate.call(tf, a.get(3)), activation().call(tf, c));
        return List.of(h, c);
    }
}
