package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Concat;
import org.tensorflow.op.core.Stack;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * Parts of tensors: slices, paddings, concatenations, and splits. TensorFlow's C++ rules take int32 for granted: with int64
 * they fail, and the one of {@code ConcatV2} ends the process; and they cannot split into one part.
 */
final class PartRules {

    static final String[] MASKS = {"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"};

    private PartRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("ConcatV2", PartRules::concat);
        rules.put("Split", (tf, op) -> split(tf, op, 0, 1));
        rules.put("SplitV", (tf, op) -> split(tf, op, 2, 0));
        rules.put("Slice", PartRules::slice);
        rules.put("StridedSlice", PartRules::stridedSlice);
        rules.put("StridedSliceGrad", PartRules::stridedSliceGrad);
        rules.put("Pad", PartRules::pad);
        rules.put("PadV2", PartRules::padV2);
    }

    private static <T extends TType> void concat(Ops tf, OpGradient op) {
        int parts = op.inputs() - 1;
        Output<?>[] shapes = new Output<?>[parts];
        for (int i = 0; i < parts; i++) {
            shapes[i] = Shapes.of(tf, op.input(i)).asOutput();
        }
        Operand<TInt32> axis = Tensors.cast(tf, op.input(parts), TInt32.class);
        var offsets = tf.scope()
                .opBuilder("ConcatOffset", "ConcatOffset")
                .addInput(axis.asOutput())
                .addInputList(shapes)
                .build();
        for (int i = 0; i < parts; i++) {
            Operand<TInt32> begin = offsets.output(i);
            Operand<TInt32> size = Shapes.of(tf, op.input(i));
            op.propagate(i, () -> tf.slice(op.<T>gradient(0), begin, size));
        }
    }

    /** The parts' gradients together again. */
    private static <T extends TType> void split(Ops tf, OpGradient op, int axis, int whole) {
        op.propagate(whole, () -> {
            List<Operand<T>> parts = new ArrayList<>();
            for (int i = 0; i < op.outputs(); i++) {
                parts.add(op.gradient(i));
            }
            Operand<TInt32> dimension = op.input(axis);
            return parts.size() == 1 ? parts.get(0) : Concat.create(tf.scope(), parts, dimension);
        });
    }

    /** Zeros where nothing was taken. */
    private static <T extends TType> void slice(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TInt32> before = Tensors.cast(tf, op.input(1), TInt32.class);
            Operand<TInt32> taken = Shapes.of(tf, op.output(0));
            Operand<TInt32> after = tf.math.sub(tf.math.sub(Shapes.of(tf, op.input(0)), before), taken);
            Operand<TInt32> paddings = tf.stack(List.of(before, after), Stack.axis(1L));
            return RawOps.binary(tf, "Pad", op.gradient(0), paddings);
        });
    }

    private static void stridedSlice(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TNumber> begin = op.input(1);
            OperationBuilder builder = tf.scope().opBuilder("StridedSliceGrad", "StridedSliceGrad");
            builder.addInput(
                    Tensors.cast(tf, Shapes.of(tf, op.input(0)), begin.type()).asOutput());
            for (int i = 1; i <= 3; i++) {
                builder.addInput(op.input(i).asOutput());
            }
            builder.addInput(op.gradient(0).asOutput());
            return RawOps.attributesOf(op, builder, MASKS).build().output(0);
        });
    }

    /** Linear in its last input: the same slice of the gradient. */
    private static void stridedSliceGrad(Ops tf, OpGradient op) {
        op.propagate(4, () -> {
            OperationBuilder builder = tf.scope().opBuilder("StridedSlice", "StridedSlice");
            builder.addInput(op.gradient(0).asOutput());
            for (int i = 1; i <= 3; i++) {
                builder.addInput(op.input(i).asOutput());
            }
            return RawOps.attributesOf(op, builder, MASKS).build().output(0);
        });
    }

    private static void pad(Ops tf, OpGradient op) {
        op.propagate(0, () -> inside(tf, op));
    }

    /** The padded value's gradient is what falls outside the part that was there before. */
    private static <T extends TNumber> void padV2(Ops tf, OpGradient op) {
        Operand<T> inside = inside(tf, op);
        op.propagate(0, () -> inside);
        op.propagate(2, () -> tf.math.sub(total(tf, op.<T>gradient(0)), total(tf, inside)));
    }

    /** The part that was there before the padding; the first column of the paddings is what was put in front. */
    private static <T extends TType> Operand<T> inside(Ops tf, OpGradient op) {
        Operand<TInt32> paddings = Tensors.cast(tf, op.input(1), TInt32.class);
        Operand<TInt32> before = tf.gather(paddings, tf.constant(0), tf.constant(1));
        return tf.slice(op.<T>gradient(0), before, Shapes.of(tf, op.input(0)));
    }

    private static <T extends TNumber> Operand<T> total(Ops tf, Operand<T> x) {
        return tf.sum(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(0));
    }
}
