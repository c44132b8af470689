package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * The inputs of a layer that merges, with their masks.
 *
 * @param masks as many as inputs, null for an input without one
 */
record MergedMasks(Ops tf, List<Operand<TFloat32>> inputs, List<Operand<TBool>> masks) {

    static MergedMasks of(ForwardPass pass, Ops tf, List<Operand<TFloat32>> inputs) {
        List<Operand<TBool>> masks = new ArrayList<>(inputs.size());
        inputs.forEach(input -> masks.add(pass.mask(input).orElse(null)));
        return new MergedMasks(tf, inputs, masks);
    }

    /** A step of the output is data where it is in any input: null if an input has no mask, as then all is. */
    Operand<TBool> any() {
        if (masks.contains(null)) {
            return null;
        }
        int rank = rank();
        Operand<TBool> any = null;
        for (Operand<TBool> mask : new LinkedHashSet<>(masks)) {
            Operand<TBool> expanded = Masks.expanded(tf, mask, rank);
            any = any == null ? expanded : tf.math.logicalOr(any, expanded);
        }
        return any;
    }

    /** The masks one after the other along an axis, with true for an input without; {@link #any} if masks do not reach it. */
    Operand<TBool> concatenated(int axis) {
        int rank = rank();
        if (axis >= rank) {
            return any();
        }
        List<Operand<TBool>> whole = new ArrayList<>(masks.size());
        for (int i = 0; i < masks.size(); i++) {
            whole.add(whole(inputs.get(i), masks.get(i), rank));
        }
        return tf.concat(whole, tf.constant(axis));
    }

    /** The inputs with a number in place of what is masked, one that leaves the merge to the others. */
    List<Operand<TFloat32>> filled(double neutral) {
        List<Operand<TFloat32>> filled = new ArrayList<>(masks.size());
        for (int i = 0; i < masks.size(); i++) {
            Operand<TFloat32> x = inputs.get(i);
            filled.add(masks.get(i) == null ? x : Masks.filled(tf, x, masks.get(i), neutral));
        }
        return filled;
    }

    /** The most dimensions of a mask. */
    private int rank() {
        return masks.stream()
                .mapToInt(mask -> mask == null ? 0 : Tensors.rank(mask))
                .max()
                .orElse(0);
    }

    private Operand<TBool> whole(Operand<?> x, Operand<TBool> mask, int rank) {
        if (mask != null && Tensors.rank(mask) == rank) {
            return mask;
        }
        Shape shape = Tensors.shape(x).take(rank);
        Operand<TInt64> sizes = shape.hasUnknownDimension()
                ? tf.slice(Dimensions.of(tf, x), tf.constant(new int[] {0}), tf.constant(new int[] {rank}))
                : tf.constant(shape.asArray());
        return mask == null ? tf.fill(sizes, tf.constant(true)) : tf.broadcastTo(Masks.expanded(tf, mask, rank), sizes);
    }
}
