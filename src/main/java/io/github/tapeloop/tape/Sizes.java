package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntBinaryOperator;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.types.TInt32;

/**
 * Some dimensions of a shape, and the arithmetic that rules do with them one by one: in Java where they are known, which
 * costs nothing in a step, and by ops where a traced function leaves them open.
 */
final class Sizes {

    private final Ops tf;
    /** Null if they are open. */
    private final int[] known;
    /** Null if they are known. */
    private final Operand<TInt32> open;

    private Sizes(Ops tf, int[] known, Operand<TInt32> open) {
        this.tf = tf;
        this.known = known;
        this.open = open;
    }

    static Sizes of(Ops tf, int[] known) {
        return new Sizes(tf, known, null);
    }

    /** Some dimensions of an operand. */
    static Sizes of(Ops tf, Operand<?> operand, int... axes) {
        Shape shape = Tensors.shape(operand);
        if (shape.isUnknown() || Arrays.stream(axes).anyMatch(axis -> shape.get(axis) == Shape.UNKNOWN_SIZE)) {
            return new Sizes(tf, null, tf.gather(tf.shape(operand), tf.constant(axes), tf.constant(0)));
        }
        return of(
                tf,
                Arrays.stream(axes)
                        .map(axis -> Math.toIntExact(shape.get(axis)))
                        .toArray());
    }

    /** As a vector. */
    Operand<TInt32> operand() {
        return known == null ? open : Tensors.constant(tf, known);
    }

    Sizes plus(Sizes other) {
        return binary("AddV2", other, Math::addExact);
    }

    Sizes plus(int number) {
        return plus(all(number));
    }

    Sizes minus(Sizes other) {
        return binary("Sub", other, Math::subtractExact);
    }

    Sizes minus(int number) {
        return minus(all(number));
    }

    Sizes times(Sizes other) {
        return binary("Mul", other, Math::multiplyExact);
    }

    /** Rounded down. */
    Sizes over(Sizes other) {
        return binary("FloorDiv", other, Math::floorDiv);
    }

    Sizes over(int number) {
        return over(all(number));
    }

    /** What remains of {@link #over}, never negative. */
    Sizes modulo(Sizes other) {
        return binary("FloorMod", other, Math::floorMod);
    }

    Sizes atLeast(int number) {
        return binary("Maximum", all(number), Math::max);
    }

    /** These, and others behind them. */
    Sizes then(Sizes others) {
        return isKnownWith(others)
                ? of(
                        tf,
                        IntStream.concat(Arrays.stream(known), Arrays.stream(others.known))
                                .toArray())
                : new Sizes(tf, null, Shapes.join(tf, operand(), others.operand()));
    }

    /** Each with another beside it, as ops that pad and crop take what is before and what is after. */
    Operand<TInt32> beside(Sizes others) {
        if (!isKnownWith(others)) {
            return tf.stack(List.of(operand(), others.operand()), Stack.axis(1L));
        }
        int[][] pairs = new int[known.length][];
        Arrays.setAll(pairs, axis -> new int[] {known[axis], others.known[axis]});
        return tf.constant(pairs);
    }

    /** A number for each; one for all where they are open, which is the same to an op. */
    private Sizes all(int number) {
        int[] numbers = new int[known == null ? 1 : known.length];
        Arrays.fill(numbers, number);
        return of(tf, numbers);
    }

    private Sizes binary(String type, Sizes other, IntBinaryOperator function) {
        if (!isKnownWith(other)) {
            return new Sizes(tf, null, RawOps.binary(tf, type, operand(), other.operand()));
        }
        int[] result = new int[known.length];
        Arrays.setAll(result, axis -> function.applyAsInt(known[axis], other.known[axis]));
        return of(tf, result);
    }

    private boolean isKnownWith(Sizes other) {
        return known != null && other.known != null;
    }
}
