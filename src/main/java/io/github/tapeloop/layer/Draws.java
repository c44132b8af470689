package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.DtypePolicy;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.random.StatelessRandomGetKeyCounter;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * Random numbers of a pass. The ops take the key and counter of the generator: those that take a seed are unknown to XLA
 * if the seed is int64.
 */
final class Draws {

    /** Philox, the generator that TensorFlow has on every device and in XLA. */
    private static final int PHILOX = 1;

    private Draws() {}

    /** Numbers in [0, 1) to compare with a rate: float32 for a float16 or bfloat16 type, which has few numbers there. */
    static Operand<TFloat32> uniform(ForwardPass pass, Ops tf, Operand<? extends TNumber> shape, Class<TFloat32> type) {
        Class<TFloat32> wide = DtypePolicy.isHalf(type) ? TFloat32.class : type;
        StatelessRandomGetKeyCounter start = tf.random.statelessRandomGetKeyCounter(pass.randomSeed());
        return tf.random.statelessRandomUniformV2(shape, start.key(), start.counter(), tf.constant(PHILOX), wide);
    }

    /** Numbers of mean 0 and standard deviation 1, as many as x has elements. */
    static Operand<TFloat32> normal(ForwardPass pass, Ops tf, Operand<TFloat32> x) {
        StatelessRandomGetKeyCounter start = tf.random.statelessRandomGetKeyCounter(pass.randomSeed());
        return tf.random.statelessRandomNormalV2(
                Dimensions.of(tf, x), start.key(), start.counter(), tf.constant(PHILOX), x.type());
    }
}
