package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Map;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VariableShape;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Copies of tensors with some elements changed, and elements taken out of variables. */
final class UpdateRules {

    private UpdateRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("TensorScatterUpdate", UpdateRules::update);
        rules.put("TensorScatterAdd", UpdateRules::add);
        rules.put("TensorScatterSub", UpdateRules::sub);
        rules.put("TensorScatterMax", UpdateRules::extreme);
        rules.put("TensorScatterMin", UpdateRules::extreme);
        rules.put("TensorStridedSliceUpdate", UpdateRules::slice);
        rules.put("ResourceGatherNd", UpdateRules::gatherNd);
    }

    /**
     * Where indices repeat, one update stays and the others are lost: those get nothing. Which one it is TensorFlow does not
     * say, so the elements' numbers are scattered as the elements were: one has stayed whose number comes back.
     */
    private static <T extends TType> void update(Ops tf, OpGradient op) {
        Operand<TNumber> indices = op.input(1);
        op.propagate(
                0, () -> RawOps.make(tf, "TensorScatterUpdate", op.gradient(0), indices, tf.zerosLike(op.input(2))));
        op.propagate(2, () -> {
            Formula<T> taken = op.<T>dy().gatherNd(indices);
            if (isSingle(Tensors.shape(indices))) {
                return taken;
            }
            Operand<T> updates = op.input(2);
            Operand<TInt32> numbers =
                    tf.reshape(Shapes.range(tf, tf.constant(0), tf.size(updates)), Shapes.of(tf, updates));
            Operand<TInt32> none = tf.fill(Shapes.of(tf, op.input(0)), tf.constant(-1));
            Operand<TInt32> stayed = RawOps.make(tf, "TensorScatterUpdate", none, indices, numbers);
            Operand<TInt32> there = RawOps.make(tf, "GatherNd", stayed, indices);
            return taken.where(tf.math.equal(there, numbers), 0);
        });
    }

    /** Whether there is one index, which cannot repeat. */
    private static boolean isSingle(Shape indices) {
        return !indices.isUnknown()
                && IntStream.range(0, indices.numDimensions() - 1).allMatch(i -> indices.get(i) == 1);
    }

    private static <T extends TType> void add(Ops tf, OpGradient op) {
        op.propagate(0, () -> op.gradient(0));
        op.propagate(2, () -> op.<T>dy().gatherNd(op.input(1)));
    }

    private static <T extends TType> void sub(Ops tf, OpGradient op) {
        op.propagate(0, () -> op.gradient(0));
        op.propagate(2, () -> op.<T>dy().gatherNd(op.input(1)).negated());
    }

    /** What is the extreme gets the gradient; where several are, each gets its share. */
    private static <T extends TType> void extreme(Ops tf, OpGradient op) {
        Formula<T> y = op.out(0);
        Operand<TNumber> indices = op.input(1);
        Formula<T> before = op.<T>in(0).ifTrue(y.is("Equal", op.<T>input(0)));
        Formula<T> updates = op.<T>in(2).ifTrue(op.<T>in(2).is("Equal", y.gatherNd(indices)));
        Formula<T> count = Formula.of(tf, RawOps.make(tf, "TensorScatterAdd", before, indices, updates));
        Formula<T> share = op.<T>dy().over(count);
        op.propagate(0, () -> share.times(before));
        op.propagate(2, () -> share.gatherNd(indices).times(updates));
    }

    private static <T extends TType> void slice(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            OperationBuilder builder = RawOps.builder(
                    tf,
                    "TensorStridedSliceUpdate",
                    op.gradient(0),
                    op.input(1),
                    op.input(2),
                    op.input(3),
                    tf.zerosLike(op.input(4)));
            return RawOps.attributesOf(op, builder, PartRules.MASKS).build().output(0);
        });
        op.propagate(4, () -> {
            OperationBuilder builder =
                    RawOps.builder(tf, "StridedSlice", op.gradient(0), op.input(1), op.input(2), op.input(3));
            Operand<T> taken =
                    RawOps.attributesOf(op, builder, PartRules.MASKS).build().output(0);
            return Broadcasting.reduceTo(tf, taken, op.input(4));
        });
    }

    private static <I extends TNumber> void gatherNd(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<I> indices = op.input(1);
            Operand<I> shape = VariableShape.create(tf.scope(), op.input(0), indices.type());
            return tf.scatterNd(indices, op.gradient(0), shape);
        });
    }
}
