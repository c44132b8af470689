package io.github.tapeloop.layer;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A plain recurrent layer: h = activation(x · kernel + bias + h' · recurrent kernel), where h' is the output of the step
 * before. The kernel is float32 [in, units], the recurrent kernel [units, units], the bias [units]. What it shares with the
 * other recurrent layers is said in {@link Recurrent}.
 *
 * <p>Input float32 [batch, steps, in], output float32 [batch, units], or [batch, steps, units].
 */
public final class SimpleRnn extends Recurrent<SimpleRnn> {

    /**
     * Creates a layer.
     *
     * @param units size of the output, at least 1
     */
    public SimpleRnn(int units) {
        super(units, 1, 1);
    }

    @Override
    protected List<Operand<TFloat32>> next(
            Ops tf, Operand<TFloat32> input, Operand<TFloat32> recurrent, List<Operand<TFloat32>> state) {
        return List.of(activation().call(tf, tf.math.add(input, recurrent)));
    }
}
