package io.github.tapeloop.preflight;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.warning.Warnings;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.nn.Conv2dBackpropFilter;
import org.tensorflow.op.nn.Conv2dBackpropInput;
import org.tensorflow.types.TFloat32;

/**
 * A measurement: how fast a mixed precision is beside float32 where a session computes: measured by what a small
 * layer does in a step, once in a process for each precision and kind of layer. What a processor says of itself does
 * not tell what TensorFlow's kernels make of it: one that has instructions for bfloat16 may take a hundred times as
 * long for the gradient of a convolution in float16.
 */
final class PrecisionSpeed {

    private static final int TIMES = 4;

    /** Less is noise, or the cost of calls on a GPU. */
    private static final double SLOWER = 1.5;

    private static final Map<String, Double> MEASURED = new ConcurrentHashMap<>();

    /** A kind of layer, by the work of a small one in a step of training. */
    enum Kind {
        PRODUCT("products of matrices take", new int[] {64, 256}, new int[] {256, 256}),
        CONVOLUTION("convolutions take", new int[] {8, 24, 24, 16}, new int[] {3, 3, 16, 16});

        private final String words;
        private final int[] input;
        private final int[] weight;

        Kind(String words, int[] input, int[] weight) {
            this.words = words;
            this.input = input;
            this.weight = weight;
        }

        /** Forward and both ways back, of weights that come in float32. */
        private Operand<TFloat32> step(Ops tf, DtypePolicy precision, Operand<TFloat32> x, Operand<TFloat32> weights) {
            Operand<TFloat32> w = precision.compute(tf, weights);
            if (this == PRODUCT) {
                Operand<TFloat32> y = tf.nn.relu(tf.linalg.matMul(x, w));
                Operand<TFloat32> toInput = tf.linalg.matMul(y, w, MatMul.transposeB(true));
                return tf.math.add(w, tf.linalg.matMul(toInput, y, MatMul.transposeA(true)));
            }
            List<Long> strides = List.of(1L, 1L, 1L, 1L);
            Operand<TFloat32> y = tf.nn.relu(tf.nn.conv2d(x, w, strides, "SAME"));
            Operand<TFloat32> toInput =
                    Conv2dBackpropInput.create(tf.scope(), tf.constant(input), w, y, strides, "SAME");
            return Conv2dBackpropFilter.create(tf.scope(), toInput, tf.constant(weight), y, strides, "SAME");
        }
    }

    private PrecisionSpeed() {}

    /** Warns of a mixed precision that costs time in place of saving it. */
    static void warnIfSlower(TapeSession session, DtypePolicy precision, Kind kind) {
        if (precision == DtypePolicy.FULL) {
            return;
        }
        double ratio = MEASURED.computeIfAbsent(
                precision + " " + kind,
                key -> nanos(session, precision, kind) / (double) nanos(session, DtypePolicy.FULL, kind));
        if (ratio > SLOWER) {
            Warnings.warn(
                    PrecisionSpeed.class,
                    String.format(
                            Locale.ROOT,
                            "%s is slower than float32 on this processor: %s %.1f times as long. Leave precision(…) out;"
                                    + " it pays on GPUs, and on processors that compute in that type",
                            precision,
                            kind.words,
                            ratio));
        }
    }

    /** The shortest time of some: others were disturbed. */
    private static long nanos(TapeSession session, DtypePolicy precision, Kind kind) {
        long[] least = {Long.MAX_VALUE};
        session.unrecorded(() -> {
            try (TensorScope scope = session.scope()) {
                Ops tf = session.tf();
                Operand<TFloat32> x = precision.compute(tf, tf.fill(tf.constant(kind.input), tf.constant(0.01f)));
                Operand<TFloat32> weights = tf.fill(tf.constant(kind.weight), tf.constant(0.01f));
                for (int i = 0; i < TIMES; i++) {
                    long start = System.nanoTime();
                    Operand<TFloat32> change = DtypePolicy.full(tf, kind.step(tf, precision, x, weights));
                    session.scalar(
                            tf.gather(tf.reshape(change, tf.constant(new int[] {-1})), tf.constant(0), tf.constant(0)));
                    least[0] = Math.min(least[0], System.nanoTime() - start);
                }
            }
        });
        return least[0];
    }
}
