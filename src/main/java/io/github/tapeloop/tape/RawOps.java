package io.github.tapeloop.tape;

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

    /** Gives another op those of an op's attributes that were set: a gradient op shares them with its forward op. */
    static OperationBuilder attributesOf(OpGradient op, OperationBuilder builder, String... names) {
        for (String name : names) {
            op.op().attribute(name, Object.class).ifPresent(value -> set(builder, name, value));
        }
        return builder;
    }

    private static void set(OperationBuilder builder, String name, Object value) {
        if (value instanceof Long v) {
            builder.setAttr(name, v);
        } else if (value instanceof Float v) {
            builder.setAttr(name, v);
        } else if (value instanceof String v) {
            builder.setAttr(name, v);
        } else if (value instanceof long[] v) {
            builder.setAttr(name, v);
        } else {
            throw new IllegalArgumentException("Attribute " + name + " is a "
                    + value.getClass().getSimpleName() + ", which no gradient op shares with its forward op");
        }
    }
}
