package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.family.TType;

/** Ops that TensorFlow has but TensorFlow Java's {@code Ops} does not show, or shows with narrower types. */
final class RawOps {

    private RawOps() {}

    static <T extends TType> Operand<T> unary(Ops tf, String type, Operand<T> x) {
        return tf.scope().opBuilder(type, type).addInput(x.asOutput()).build().output(0);
    }

    /** Like {@code tf.dtypes.cast}, which cannot name complex types. */
    static <T extends TType> Operand<T> cast(Ops tf, Operand<?> x, DataType type) {
        return tf.scope()
                .opBuilder("Cast", "Cast")
                .addInput(x.asOutput())
                .setAttr("DstT", type)
                .build()
                .output(0);
    }

    static <T extends TType> Operand<T> binary(Ops tf, String type, Operand<T> a, Operand<T> b) {
        return tf.scope()
                .opBuilder(type, type)
                .addInput(a.asOutput())
                .addInput(b.asOutput())
                .build()
                .output(0);
    }

    /** An op's first output, of an op without input lists and without attributes that must be given. */
    static <T extends TType> Operand<T> make(Ops tf, String type, Operand<?>... inputs) {
        return builder(tf, type, inputs).build().output(0);
    }

    static OperationBuilder builder(Ops tf, String type, Operand<?>... inputs) {
        OperationBuilder builder = tf.scope().opBuilder(type, type);
        for (Operand<?> input : inputs) {
            builder.addInput(input.asOutput());
        }
        return builder;
    }

    static boolean isComplex(Operand<?> x) {
        return switch (x.asOutput().dataType()) {
            case DT_COMPLEX64, DT_COMPLEX128 -> true;
            default -> false;
        };
    }

    /** The complex conjugate, as TensorFlow's gradients have it; of a real number, itself. */
    static <T extends TType> Operand<T> conj(Ops tf, Operand<T> x) {
        return isComplex(x) ? unary(tf, "Conj", x) : x;
    }

    /** A scalar of another operand's type. */
    @SuppressWarnings("unchecked") // Each branch compares the type.
    static <T extends TType> Operand<T> constant(Ops tf, double value, Operand<T> like) {
        DataType type = like.asOutput().dataType();
        return switch (type) {
            case DT_FLOAT -> (Operand<T>) Tensors.constant(tf, (float) value);
            case DT_DOUBLE -> (Operand<T>) Tensors.constant(tf, value);
            default -> cast(tf, tf.constant(value), type);
        };
    }

    /** Gives another op those of an op's attributes that were set: a gradient op shares them with its forward op. */
    static OperationBuilder attributesOf(OpGradient op, OperationBuilder builder, String... names) {
        for (String name : names) {
            op.copyAttribute(name, builder);
        }
        return builder;
    }

    /** A list of whole numbers that an op was made with, empty if it was not. */
    static long[] numbers(OpGradient op, String name) {
        return op.attribute(name, long[].class).orElse(new long[0]);
    }
}
