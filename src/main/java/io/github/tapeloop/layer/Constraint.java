package io.github.tapeloop.layer;

import io.github.tapeloop.settings.Require;
import java.util.Locale;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Keeps a weight where it may be: applied to its value after each update of an optimizer, as in Keras 3. Norms are
 * Euclidean, of the vectors along one axis or more: axis 0 for the kernel [in, units] of a {@link Dense}, which are the
 * weights into a unit; axes 0, 1 and 2 for the kernel of a {@link Conv2D}. Weights of half precision are projected in float32.
 */
@FunctionalInterface
public interface Constraint {

    /**
     * Projects a weight.
     *
     * @param tf makes ops
     * @param weight float32 of the weight's shape, its value after an update
     * @return float32 of the same shape, the value to keep
     */
    Operand<TFloat32> apply(Ops tf, Operand<TFloat32> weight);

    /**
     * Norms of 2 at most, along axis 0.
     *
     * @return a constraint
     */
    static Constraint maxNorm() {
        return maxNorm(2, 0);
    }

    /**
     * w · clip(‖w‖, 0, max) / (‖w‖ + 1e-7) (Srivastava et al. 2014).
     *
     * @param maxValue the largest norm, above 0
     * @param axis what the norm is computed along, counted from the back if negative; 0 if none is given
     * @return a constraint
     */
    static Constraint maxNorm(double maxValue, int... axis) {
        Require.positive("maxNorm maxValue", maxValue);
        return NormConstraint.within("maxNorm", 0, maxValue, 1, axis);
    }

    /**
     * Norms of 1 at most, along axis 0; the minimum is 0 and the rate 1 in Keras.
     *
     * @return a constraint
     */
    static Constraint minMaxNorm() {
        return minMaxNorm(0, 1, 1, 0);
    }

    /**
     * w · (rate · clip(‖w‖, min, max) + (1 - rate) · ‖w‖) / (‖w‖ + 1e-7).
     *
     * @param minValue the smallest norm, at least 0
     * @param maxValue the largest norm, at least {@code minValue}
     * @param rate how strictly the constraint holds, in [0, 1]: 1 puts the norm inside at once
     * @param axis what the norm is computed along, counted from the back if negative; 0 if none is given
     * @return a constraint
     */
    static Constraint minMaxNorm(double minValue, double maxValue, double rate, int... axis) {
        if (!(minValue >= 0 && maxValue >= minValue)) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "minMaxNorm needs 0 <= minValue <= maxValue, got minValue %s and maxValue %s",
                    minValue,
                    maxValue));
        }
        Require.probability("minMaxNorm rate", rate);
        return NormConstraint.within("minMaxNorm", minValue, maxValue, rate, axis);
    }

    /**
     * max(w, 0).
     *
     * @return a constraint
     */
    static Constraint nonNegative() {
        return Named.constraint("nonNegative", (tf, weight) -> tf.nn.relu(weight));
    }

    /**
     * Norms of 1, along axis 0.
     *
     * @return a constraint
     */
    static Constraint unitNorm() {
        return unitNorm(0);
    }

    /**
     * w / (‖w‖ + 1e-7).
     *
     * @param axis what the norm is computed along, counted from the back if negative; 0 if none is given
     * @return a constraint
     */
    static Constraint unitNorm(int... axis) {
        return NormConstraint.unit(axis);
    }
}
