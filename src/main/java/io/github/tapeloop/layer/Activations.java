package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.nn.LeakyRelu;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The activation functions of Keras 3: constants with its defaults, and methods for those that take options.
 *
 * <p>They work on each element, but for SOFTMAX, LOG_SOFTMAX and GLU, which work on an axis. NaN comes out where NaN goes in. At
 * a kink the slope is that of one side: 0 at both ends of RELU, RELU6 and {@link #relu}.
 */
public final class Activations {

    /** f(x) = x. */
    public static final ActivationFunction LINEAR = Named.activation("LINEAR", (tf, x) -> x);

    /** f(x) = max(x, 0). */
    public static final ActivationFunction RELU = Named.activation("RELU", (tf, x) -> tf.nn.relu(x));

    /** f(x) = min(max(x, 0), 6). */
    public static final ActivationFunction RELU6 = Named.activation("RELU6", (tf, x) -> tf.nn.relu6(x));

    /** f(x) = x where x is positive, .2 x elsewhere. Keras' layer LeakyReLU has .3: {@link #leakyRelu leakyRelu(0.3)}. */
    public static final ActivationFunction LEAKY_RELU = leakyRelu(0.2);

    /** f(x) = x where x is positive, e^x - 1 elsewhere (Clevert et al. 2016). */
    public static final ActivationFunction ELU = Named.activation("ELU", (tf, x) -> tf.nn.elu(x));

    /** f(x) = 1.0507 x where x is positive, 1.0507 · 1.6733 (e^x - 1) elsewhere (Klambauer et al. 2017). */
    public static final ActivationFunction SELU = Named.activation("SELU", (tf, x) -> tf.nn.selu(x));

    /** f(x) = max(x, 0) + min(0, e^x - 1): {@link #celu celu(1)}, {@link #ELU} with all digits near 0. */
    public static final ActivationFunction CELU = celu(1);

    /** f(x) = e^x. */
    public static final ActivationFunction EXPONENTIAL = Named.activation("EXPONENTIAL", (tf, x) -> tf.math.exp(x));

    /** f(x) = 1 / (1 + e^-x). */
    public static final ActivationFunction SIGMOID = Named.activation("SIGMOID", (tf, x) -> tf.math.sigmoid(x));

    /** f(x) = ln(1 / (1 + e^-x)). */
    public static final ActivationFunction LOG_SIGMOID =
            Named.activation("LOG_SIGMOID", (tf, x) -> tf.math.neg(tf.math.softplus(tf.math.neg(x))));

    /** f(x) = min(max(x + 3, 0), 6) / 6, straight where SIGMOID curves. */
    public static final ActivationFunction HARD_SIGMOID =
            Named.activation("HARD_SIGMOID", (tf, x) -> scaled(tf, tf.nn.relu6(plus(tf, x, 3)), 1 / 6.0));

    /** f(x) = (x + 1) / 2 in [-1, 1], 0 below and 1 above. */
    public static final ActivationFunction SPARSE_SIGMOID =
            Named.activation("SPARSE_SIGMOID", (tf, x) -> scaled(tf, plus(tf, clipped(tf, x, -1, 1), 1), 0.5));

    /** f(x) = tanh(x). */
    public static final ActivationFunction TANH = Named.activation("TANH", (tf, x) -> tf.math.tanh(x));

    /** f(x) = min(max(x, -1), 1). */
    public static final ActivationFunction HARD_TANH = Named.activation("HARD_TANH", (tf, x) -> clipped(tf, x, -1, 1));

    /** f(x) = x - tanh(x). */
    public static final ActivationFunction TANH_SHRINK =
            Named.activation("TANH_SHRINK", (tf, x) -> tf.math.sub(x, tf.math.tanh(x)));

    /** f(x) = x / (1 + e^-x), also called swish (Ramachandran et al. 2017). */
    public static final ActivationFunction SILU =
            Named.activation("SILU", (tf, x) -> tf.math.mul(x, tf.math.sigmoid(x)));

    /** f(x) = x · HARD_SIGMOID(x), also called hard swish (Howard et al. 2019). */
    public static final ActivationFunction HARD_SILU =
            Named.activation("HARD_SILU", (tf, x) -> tf.math.mul(x, HARD_SIGMOID.call(tf, x)));

    /** f(x) = x tanh(ln(1 + e^x)) (Misra 2019). */
    public static final ActivationFunction MISH =
            Named.activation("MISH", (tf, x) -> tf.math.mul(x, tf.math.tanh(tf.math.softplus(x))));

    /** f(x) = x Φ(x), where Φ is the distribution function of the normal distribution (Hendrycks and Gimpel 2016). */
    public static final ActivationFunction GELU = Named.activation("GELU", Activations::gelu);

    /** f(x) = x (1 + tanh(√(2/π) (x + .044715 x³))) / 2, close to {@link #GELU} and faster. */
    public static final ActivationFunction GELU_APPROXIMATE =
            Named.activation("GELU_APPROXIMATE", Activations::geluApproximate);

    /** f(x) = ln(1 + e^x). */
    public static final ActivationFunction SOFTPLUS = Named.activation("SOFTPLUS", (tf, x) -> tf.math.softplus(x));

    /** f(x) = x / (|x| + 1). */
    public static final ActivationFunction SOFTSIGN = Named.activation("SOFTSIGN", (tf, x) -> tf.nn.softsign(x));

    /** f(x) = (x + 1)² / 4 in [-1, 1], 0 below and x above. */
    public static final ActivationFunction SPARSE_PLUS = Named.activation(
            "SPARSE_PLUS",
            (tf, x) -> tf.math.add(
                    scaled(tf, tf.math.square(plus(tf, clipped(tf, x, -1, 1), 1)), 0.25), tf.nn.relu(plus(tf, x, -1))));

    /** f(x) = (x + √(x² + 4)) / 2 (Barron 2021): {@link #squareplus squareplus(4)}. */
    public static final ActivationFunction SQUAREPLUS = squareplus(4);

    /** f(x) = x where |x| is above .5, 0 elsewhere: {@link #hardShrink hardShrink(0.5)}. */
    public static final ActivationFunction HARD_SHRINK = hardShrink(0.5);

    /** f(x) = x moved towards 0 by .5, 0 in ±.5: {@link #softShrink softShrink(0.5)}. */
    public static final ActivationFunction SOFT_SHRINK = softShrink(0.5);

    /** f(x) = e^x / Σ e^x over the last axis. */
    public static final ActivationFunction SOFTMAX = Named.activation("SOFTMAX", (tf, x) -> tf.nn.softmax(x));

    /** f(x) = x - ln Σ e^x over the last axis. */
    public static final ActivationFunction LOG_SOFTMAX =
            Named.activation("LOG_SOFTMAX", (tf, x) -> tf.nn.logSoftmax(x));

    /** f([a, b]) = a / (1 + e^-b), where a and b are the halves of the last axis (Dauphin et al. 2017). */
    public static final ActivationFunction GLU = glu(-1);

    private Activations() {}

    /**
     * f(x) = x where x is positive, slope · x elsewhere.
     *
     * @param negativeSlope the slope, finite; .2 in Keras' function, .3 in its layer
     * @return an activation
     */
    public static ActivationFunction leakyRelu(double negativeSlope) {
        Require.finite("leakyRelu negativeSlope", negativeSlope);
        return Named.activation("leakyRelu(" + negativeSlope + ")", (tf, x) -> {
            if (x.type() == TFloat32.class) {
                return tf.nn.leakyRelu(x, LeakyRelu.alpha((float) negativeSlope));
            }
            // The op's attribute is a float, too coarse for float64.
            return tf.select(positive(tf, x), x, scaled(tf, x, negativeSlope));
        });
    }

    /**
     * f(x) = maxValue where x is at least maxValue, x from the threshold to there, slope · (x - threshold) below. At a
     * threshold above 0 itself it is x, as Keras' documentation says, where Keras computes 0.
     *
     * @param negativeSlope the slope below the threshold, at least 0; 0 in Keras
     * @param maxValue the largest value, at least 0; infinite in Keras
     * @param threshold where it starts, at least 0; 0 in Keras
     * @return an activation
     */
    public static ActivationFunction relu(double negativeSlope, double maxValue, double threshold) {
        Require.notNegative("relu negativeSlope", negativeSlope);
        if (maxValue != Double.POSITIVE_INFINITY) { // None.
            Require.notNegative("relu maxValue", maxValue);
        }
        Require.notNegative("relu threshold", threshold);
        if (threshold == 0 && Double.isInfinite(maxValue)) {
            return negativeSlope == 0 ? RELU : leakyRelu(negativeSlope);
        }
        ActivationFunction unlimited = threshold == 0
                ? relu(negativeSlope, Double.POSITIVE_INFINITY, 0)
                : (tf, x) -> {
                    Operand<TFloat32> below = negativeSlope == 0
                            ? Tensors.constant(tf, 0, x.type())
                            : scaled(tf, plus(tf, x, -threshold), negativeSlope);
                    return tf.select(tf.math.less(x, Tensors.constant(tf, threshold, x.type())), below, x);
                };
        String text = "relu(" + negativeSlope + ", " + maxValue + ", " + threshold + ")";
        return Named.activation(
                text,
                Double.isInfinite(maxValue)
                        ? unlimited
                        : (tf, x) -> {
                            Operand<TFloat32> most = Tensors.constant(tf, maxValue, x.type());
                            Operand<TFloat32> y = unlimited.call(tf, x);
                            return tf.select(
                                    tf.math.greaterEqual(y, most),
                                    most,
                                    y); // No slope at the limit, as RELU6 has none.
                        });
    }

    /**
     * f(x) = x where x is positive, alpha (e^x - 1) elsewhere.
     *
     * @param alpha the limit at -∞ is -alpha; finite, 1 in Keras
     * @return an activation
     */
    public static ActivationFunction elu(double alpha) {
        Require.finite("elu alpha", alpha);
        return alpha == 1 ? ELU : Named.activation("elu(" + alpha + ")", (tf, x) -> saturating(tf, x, alpha, 1));
    }

    /**
     * f(x) = max(x, 0) + min(0, alpha (e^(x / alpha) - 1)) (Barron 2017).
     *
     * @param alpha above 0; 1 in Keras
     * @return an activation
     */
    public static ActivationFunction celu(double alpha) {
        Require.positive("celu alpha", alpha);
        return Named.activation("celu(" + alpha + ")", (tf, x) -> saturating(tf, x, alpha, 1 / alpha));
    }

    /**
     * f(x) = (x + √(x² + b)) / 2 (Barron 2021).
     *
     * @param b how round the bend at 0 is, above 0; 4 in Keras
     * @return an activation
     */
    public static ActivationFunction squareplus(double b) {
        Require.positive("squareplus b", b);
        return Named.activation("squareplus(" + b + ")", (tf, x) -> {
            // (x + r) / 2 is x + (b / 2) / (r + |x|) above 0 and the second term below: nothing cancels or outgrows the
            // type.
            Operand<TFloat32> root = tf.math.sqrt(plus(tf, tf.math.square(x), b));
            Operand<TBool> up = tf.math.greaterEqual(x, Tensors.constant(tf, 0, x.type()));
            Operand<TFloat32> distance = tf.math.add(root, tf.select(up, x, tf.math.neg(x)));
            Operand<TFloat32> bend = tf.math.div(Tensors.constant(tf, b / 2, x.type()), distance);
            return tf.select(up, tf.math.add(x, bend), bend);
        });
    }

    /**
     * f(x) = x where |x| is above the threshold, 0 elsewhere.
     *
     * @param threshold at least 0; .5 in Keras
     * @return an activation
     */
    public static ActivationFunction hardShrink(double threshold) {
        Require.notNegative("hardShrink threshold", threshold);
        return Named.activation("hardShrink(" + threshold + ")", (tf, x) -> {
            Operand<TFloat32> least = Tensors.constant(tf, threshold, x.type());
            return tf.math.mul(x, Tensors.cast(tf, tf.math.greater(tf.math.abs(x), least), x.type()));
        });
    }

    /**
     * f(x) = x moved towards 0 by the threshold, 0 where |x| is not above it.
     *
     * @param threshold at least 0; .5 in Keras
     * @return an activation
     */
    public static ActivationFunction softShrink(double threshold) {
        Require.notNegative("softShrink threshold", threshold);
        return Named.activation(
                "softShrink(" + threshold + ")", (tf, x) -> tf.math.sub(x, clipped(tf, x, -threshold, threshold)));
    }

    /**
     * f(x) = x where x is above the threshold, another number elsewhere.
     *
     * @param threshold finite
     * @param defaultValue the number, finite
     * @return an activation
     */
    public static ActivationFunction threshold(double threshold, double defaultValue) {
        Require.finite("threshold threshold", threshold);
        Require.finite("threshold defaultValue", defaultValue);
        return Named.activation(
                "threshold(" + threshold + ", " + defaultValue + ")",
                (tf, x) -> tf.select(
                        tf.math.lessEqual(x, Tensors.constant(tf, threshold, x.type())),
                        Tensors.constant(tf, defaultValue, x.type()),
                        x));
    }

    /**
     * f(x) = e^x / Σ e^x over an axis.
     *
     * @param axis counted from the back if negative; -1 in Keras
     * @return an activation
     */
    public static ActivationFunction softmax(int axis) {
        return Named.activation("softmax(" + axis + ")", (tf, x) -> overAxis(tf, x, axis, SOFTMAX));
    }

    /**
     * f(x) = x - ln Σ e^x over an axis.
     *
     * @param axis counted from the back if negative; -1 in Keras
     * @return an activation
     */
    public static ActivationFunction logSoftmax(int axis) {
        return Named.activation("logSoftmax(" + axis + ")", (tf, x) -> overAxis(tf, x, axis, LOG_SOFTMAX));
    }

    /**
     * f([a, b]) = a / (1 + e^-b), where a and b are the halves of an axis of even size; the output is half as large along it.
     *
     * @param axis counted from the back if negative; -1 in Keras
     * @return an activation
     */
    public static ActivationFunction glu(int axis) {
        return Named.activation("glu(" + axis + ")", (tf, x) -> {
            List<Output<TFloat32>> halves = tf.split(tf.constant(axis), x, 2L).output();
            return tf.math.mul(halves.get(0), tf.math.sigmoid(halves.get(1)));
        });
    }

    private static Operand<TFloat32> gelu(Ops tf, Operand<TFloat32> x) {
        Operand<TFloat32> above =
                tf.math.erfc(scaled(tf, x, -Math.sqrt(0.5))); // 1 + erf, with the digits of small ones.
        return tf.math.mul(scaled(tf, x, 0.5), above);
    }

    private static Operand<TFloat32> geluApproximate(Ops tf, Operand<TFloat32> x) {
        double factor = Math.sqrt(2 / Math.PI);
        Operand<TFloat32> near = clipped(tf, x, -10, 10); // Where tanh is ±1 long since; squares outgrow float16.
        Operand<TFloat32> slope = plus(tf, scaled(tf, tf.math.square(near), 0.044715 * factor), factor);
        return tf.math.mul(scaled(tf, x, 0.5), plus(tf, tf.math.tanh(tf.math.mul(near, slope)), 1));
    }

    /** max(x, 0) + alpha (e^(inner · min(x, 0)) - 1), which does not overflow where x is large. */
    private static Operand<TFloat32> saturating(Ops tf, Operand<TFloat32> x, double alpha, double inner) {
        Operand<TFloat32> negative = tf.math.minimum(x, Tensors.constant(tf, 0, x.type()));
        Operand<TFloat32> exponent = inner == 1 ? negative : scaled(tf, negative, inner);
        return tf.math.add(tf.nn.relu(x), scaled(tf, tf.math.expm1(exponent), alpha));
    }

    private static Operand<TFloat32> overAxis(Ops tf, Operand<TFloat32> x, int axis, ActivationFunction overLast) {
        int rank = Tensors.rank(x);
        if (axis < -rank || axis >= rank) {
            throw new IllegalArgumentException(
                    "A softmax over axis " + axis + " needs an input with that axis, got " + Tensors.describe(x));
        }
        int at = Math.floorMod(axis, rank);
        if (at == rank - 1) {
            return overLast.call(tf, x);
        }
        Operand<TInt32> swap = tf.constant(IntStream.range(0, rank)
                .map(i -> i == at ? rank - 1 : i == rank - 1 ? at : i)
                .toArray());
        return tf.linalg.transpose(overLast.call(tf, tf.linalg.transpose(x, swap)), swap);
    }

    private static Operand<TBool> positive(Ops tf, Operand<TFloat32> x) {
        return tf.math.greater(x, Tensors.constant(tf, 0, x.type()));
    }

    private static Operand<TFloat32> plus(Ops tf, Operand<TFloat32> x, double number) {
        return tf.math.add(x, Tensors.constant(tf, number, x.type()));
    }

    private static Operand<TFloat32> scaled(Ops tf, Operand<TFloat32> x, double factor) {
        return tf.math.mul(x, Tensors.constant(tf, factor, x.type()));
    }

    private static Operand<TFloat32> clipped(Ops tf, Operand<TFloat32> x, double least, double most) {
        return tf.clipByValue(x, Tensors.constant(tf, least, x.type()), Tensors.constant(tf, most, x.type()));
    }
}
