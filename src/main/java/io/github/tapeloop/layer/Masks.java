package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/** The masks of the operands of a pass. */
final class Masks {

    private static final class Entry {
        private final Operand<TBool> mask;
        private boolean asked;

        Entry(Operand<TBool> mask) {
            this.mask = mask;
        }
    }

    /** Without an entry while nothing is masked, so that a model without masks pays nothing. */
    private final Map<Output<?>, Entry> entries = new LinkedHashMap<>();

    /** The mask of an operand, or null. */
    Operand<TBool> of(Operand<?> x) {
        Entry entry = entries.isEmpty() ? null : entries.get(x.asOutput());
        if (entry == null) {
            return null;
        }
        entry.asked = true;
        return entry.mask;
    }

    void set(Operand<?> x, Operand<TBool> mask) {
        if (mask == null) {
            entries.remove(x.asOutput());
            return;
        }
        requireFits(x, mask);
        Entry before = entries.get(x.asOutput());
        if (before == null || before.mask != mask) {
            entries.put(x.asOutput(), new Entry(mask));
        }
    }

    /** Those with a mask that nothing has asked for. */
    List<? extends Operand<?>> unasked() {
        if (entries.isEmpty()) {
            return List.of();
        }
        return entries.entrySet().stream()
                .filter(entry -> !entry.getValue().asked)
                .map(Map.Entry::getKey)
                .toList();
    }

    /** A mask with ones at the end of its shape up to a rank, so that it broadcasts to what it belongs to. */
    static Operand<TBool> expanded(Ops tf, Operand<TBool> mask, int rank) {
        Operand<TBool> expanded = mask;
        for (int i = Tensors.rank(mask); i < rank; i++) {
            expanded = tf.expandDims(expanded, tf.constant(-1));
        }
        return expanded;
    }

    /** An operand with zeros where a mask leaves it out; null leaves out nothing. */
    static Operand<TFloat32> zeroed(Ops tf, Operand<TFloat32> y, Operand<TBool> mask) {
        return mask == null ? y : filled(tf, y, mask, 0);
    }

    /**
     * An operand with zeros where a mask leaves it out and it is no finite number: what does not count must not reach the
     * gradient of a weight, as 0 · ∞. Finite numbers stay, since a layer that does not heed masks reads them. Null leaves out
     * nothing.
     */
    static Operand<TFloat32> finite(Ops tf, Operand<TFloat32> x, Operand<TBool> mask) {
        if (mask == null) {
            return x;
        }
        Operand<TBool> data = expanded(tf, mask, Tensors.rank(x));
        return tf.select(tf.math.logicalOr(data, tf.math.isFinite(x)), x, Tensors.constant(tf, 0, x.type()));
    }

    /** An operand with a number where a mask leaves it out. */
    static Operand<TFloat32> filled(Ops tf, Operand<TFloat32> x, Operand<TBool> mask, double number) {
        return tf.select(expanded(tf, mask, Tensors.rank(x)), x, Tensors.constant(tf, number, x.type()));
    }

    private static void requireFits(Operand<?> x, Operand<TBool> mask) {
        Shape own = Tensors.shape(mask);
        Shape whole = Tensors.shape(x);
        int rank = own.numDimensions();
        if (rank < 1 || rank > whole.numDimensions() || !own.isCompatibleWith(whole.take(rank))) {
            throw new IllegalArgumentException(
                    "A mask has the shape of the first dimensions of what it belongs to, got " + Tensors.describe(mask)
                            + " for " + Tensors.describe(x));
        }
    }
}
