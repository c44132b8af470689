package io.github.tapeloop.layer;

import io.github.tapeloop.measure.Norms;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Constraints on norms along some axes: w / (‖w‖ + 1e-7) times the norm wanted. */
final class NormConstraint implements Constraint {

    private static final double EPSILON = 1e-7;

    private final String name;
    private final int[] axis;
    private final Wanted wanted;

    private NormConstraint(String name, Wanted wanted, int... axis) {
        this.name = name;
        this.axis = axis.length == 0 ? new int[] {0} : axis.clone();
        this.wanted = wanted;
    }

    /** What the norms are to be, given what they are. */
    @FunctionalInterface
    private interface Wanted {
        Operand<TFloat32> of(Ops tf, Operand<TFloat32> norms);
    }

    /** Norms in a range, at once if the rate is 1. */
    static Constraint within(String name, double least, double most, double rate, int... axis) {
        return new NormConstraint(
                name,
                (tf, norms) -> {
                    Class<TFloat32> type = norms.type();
                    Operand<TFloat32> inside =
                            tf.clipByValue(norms, Tensors.constant(tf, least, type), Tensors.constant(tf, most, type));
                    return rate == 1
                            ? inside
                            : tf.math.add(
                                    tf.math.mul(inside, Tensors.constant(tf, rate, type)),
                                    tf.math.mul(norms, Tensors.constant(tf, 1 - rate, type)));
                },
                axis);
    }

    /** Norms of 1. */
    static Constraint unit(int... axis) {
        return new NormConstraint("unitNorm", null, axis);
    }

    @Override
    public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> weight) {
        Operand<TFloat32> wide = DtypePolicy.full(tf, weight);
        Class<TFloat32> type = wide.type();
        Norms norms = Norms.of(tf, wide, axes(weight));
        Operand<TFloat32> length = tf.math.add(
                tf.math.sqrt(norms.squares()), tf.math.mul(norms.scale(), Tensors.constant(tf, EPSILON, type)));
        Operand<TFloat32> projected = wanted == null
                ? tf.math.div(norms.scaled(), length)
                : tf.math.mul(norms.scaled(), tf.math.div(wanted.of(tf, norms.norms(tf)), length));
        return Tensors.cast(tf, projected, weight.type());
    }

    private int[] axes(Operand<TFloat32> weight) {
        int rank = Tensors.rank(weight);
        UnaryOperator<String> refusal = what -> "The constraint " + name + " has " + what + " " + Arrays.toString(axis)
                + ", but the weight is " + Tensors.describe(weight);
        if (Arrays.stream(axis).anyMatch(i -> i < -rank || i >= rank)) {
            throw new IllegalArgumentException(
                    refusal.apply("the axes") + ": expected axes in [" + -rank + ", " + (rank - 1) + "]");
        }
        int[] axes = Arrays.stream(axis)
                .map(i -> Math.floorMod(i, rank))
                .sorted()
                .distinct()
                .toArray();
        if (axes.length < axis.length) {
            throw new IllegalArgumentException(refusal.apply("an axis twice,") + ": give each axis once");
        }
        return axes;
    }

    @Override
    public String toString() {
        return name + " along " + Arrays.toString(axis);
    }
}
