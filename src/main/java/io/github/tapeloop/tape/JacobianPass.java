package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/** Jacobians row by row: one reverse pass for each element of the target, weighted 1 there and 0 elsewhere. */
final class JacobianPass<T extends TType> {

    private final Ops tf;
    private final Operand<?> target;
    private final Operand<T> source;
    private final Function<Operand<?>, Optional<Operand<?>>> reverse;

    /** @param reverse the gradient of the source for a weight of the target's elements */
    JacobianPass(Ops tf, Operand<?> target, Operand<T> source, Function<Operand<?>, Optional<Operand<?>>> reverse) {
        this.tf = tf;
        this.target = target;
        this.source = source;
        this.reverse = reverse;
    }

    /** All derivatives, [target…, source…]; empty if the target does not depend on the source. */
    Optional<Operand<T>> full() {
        long[] dimensions = known("jacobian", 0);
        return rows(dimensions, tf.constant(dimensions), 0)
                .map(rows -> tf.reshape(rows, Shapes.join(tf, vector(dimensions), Shapes.of(tf, source))));
    }

    /** The derivatives of each example by itself, [batch, target…, source…]; empty if there is no dependence. */
    Optional<Operand<T>> batch() {
        Shape from = Tensors.shape(source);
        Shape to = Tensors.shape(target);
        if (from.numDimensions() < 1 || to.numDimensions() < 1 || !from.take(1).isCompatibleWith(to.take(1))) {
            throw new IllegalArgumentException(
                    "batchJacobian needs a target and a source with the same first dimension," + " the batch, got "
                            + Tensors.describe(target) + " and " + Tensors.describe(source));
        }
        long[] dimensions = known("batchJacobian", 1);
        long[] one = new long[dimensions.length + 1];
        one[0] = 1;
        System.arraycopy(dimensions, 0, one, 1, dimensions.length);
        Operand<TInt32> shape = Shapes.of(tf, source);
        Operand<TInt32> first = tf.constant(1);
        Operand<TInt32> batch = Shapes.part(tf, shape, tf.constant(0), first);
        Operand<TInt32> example = Shapes.part(tf, shape, first, tf.constant(from.numDimensions()));
        return rows(dimensions, tf.constant(one), 1)
                .map(rows -> tf.reshape(rows, Shapes.join(tf, batch, vector(dimensions), example)));
    }

    /** The gradients for each element of the dimensions, stacked along an axis. */
    @SuppressWarnings("unchecked") // A gradient has its source's type.
    private <U extends TType> Optional<Operand<T>> rows(long[] dimensions, Operand<?> weightShape, long axis) {
        long count = Arrays.stream(dimensions).reduce(1, Math::multiplyExact);
        Operand<U> zero =
                (Operand<U>) RawOps.cast(tf, tf.constant(0f), target.asOutput().dataType());
        Operand<U> one =
                (Operand<U>) RawOps.cast(tf, tf.constant(1f), target.asOutput().dataType());
        List<Operand<T>> rows = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            Operand<U> at = tf.oneHot(tf.constant(i), tf.constant(Math.toIntExact(count)), one, zero);
            Operand<U> weight = RawOps.make(tf, "Reshape", at, weightShape);
            Operand<?> fitting = axis == 0 ? weight : tf.broadcastTo(weight, tf.shape(target));
            Optional<Operand<?>> row = reverse.apply(fitting);
            if (row.isEmpty()) {
                return Optional.empty(); // Whether there is a path does not depend on the weight.
            }
            rows.add((Operand<T>) row.get());
        }
        if (rows.isEmpty()) {
            throw new IllegalArgumentException(
                    "A target without elements has no Jacobian: " + Tensors.describe(target));
        }
        return Optional.of(tf.stack(rows, Stack.axis(axis)));
    }

    /** The target's dimensions but for the first few, which decide how many passes there are. */
    private long[] known(String what, int skipped) {
        Shape shape = Tensors.shape(target);
        if (!shape.isUnknown()) {
            Shape rest = skipped == 0 ? shape : shape.tail();
            if (!rest.hasUnknownDimension()) {
                return rest.asArray();
            }
        }
        throw new IllegalArgumentException(what + " makes one pass for each element of the target, so its shape must be"
                + " known" + (skipped == 0 ? "" : " but for the batch") + ", got " + Tensors.describe(target)
                + (skipped == 0 ? ": where only the batch is open, use batchJacobian" : ""));
    }

    private Operand<TInt32> vector(long[] dimensions) {
        return tf.constant(Arrays.stream(dimensions).mapToInt(Math::toIntExact).toArray());
    }
}
