package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Concat;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/** Shapes as operands, and the arithmetic that rules do with them. */
final class Shapes {

    private Shapes() {}

    /** A shape as a vector: a constant where it is known, which costs less than an op. */
    static Operand<TInt32> of(Ops tf, Operand<?> operand) {
        Shape shape = Tensors.shape(operand);
        return shape.hasUnknownDimension()
                ? tf.shape(operand)
                : tf.constant(Arrays.stream(shape.asArray())
                        .mapToInt(Math::toIntExact)
                        .toArray());
    }

    /**
     * How many dimensions an operand has, for rules that count them from the back.
     *
     * @throws GradientException if that is left open where a function is traced
     */
    static int rank(Operand<?> operand) {
        int rank = Tensors.rank(operand);
        if (rank < 0) {
            throw new GradientException("it needs to know how many dimensions " + Tensors.describe(operand)
                    + " has: give the function that is traced inputs of a known rank");
        }
        return rank;
    }

    /** An axis counted from the front, as a scalar. */
    static Operand<TInt32> axis(Ops tf, Operand<? extends TNumber> axis, Operand<TInt32> rank) {
        return tf.math.floorMod(Tensors.cast(tf, axis, TInt32.class), rank);
    }

    /** The elements {@code from} to {@code to} of a vector, the latter not included. */
    static Operand<TInt32> part(Ops tf, Operand<TInt32> vector, Operand<TInt32> from, Operand<TInt32> to) {
        Operand<TInt32> begin = tf.expandDims(from, tf.constant(0));
        return tf.slice(vector, begin, tf.expandDims(tf.math.sub(to, from), tf.constant(0)));
    }

    /** The product of a vector's elements: how many elements a shape has. */
    static Operand<TInt32> product(Ops tf, Operand<TInt32> vector) {
        return tf.prod(vector, tf.constant(0));
    }

    /** The whole numbers {@code from} to {@code to}, the latter not included. */
    static Operand<TInt32> range(Ops tf, Operand<TInt32> from, Operand<TInt32> to) {
        return tf.range(from, to, tf.constant(1));
    }

    /** Vectors one after the other. */
    @SafeVarargs
    @SuppressWarnings("varargs") // The array is only read.
    static Operand<TInt32> join(Ops tf, Operand<TInt32>... vectors) {
        return Concat.create(tf.scope(), List.of(vectors), tf.constant(0));
    }

    /** A scalar as a vector. */
    static Operand<TInt32> vector(Ops tf, Operand<TInt32> scalar) {
        return tf.expandDims(scalar, tf.constant(0));
    }
}
