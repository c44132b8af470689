package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.IndexedSlices;
import java.util.Iterator;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/** What changes the values of gradients without making whole ones of those that are {@link IndexedSlices}. */
final class Rows {

    private Rows() {}

    /** The same gradient, with each row once if it is slices: for what is not linear in it. */
    static <T extends TType> Operand<T> summed(Ops tf, Operand<T> gradient) {
        return gradient instanceof IndexedSlices<T> slices ? slices.summed(tf) : gradient;
    }

    /** The elements that are not zero for sure. */
    static <T extends TType> Operand<T> values(Operand<T> gradient) {
        return gradient instanceof IndexedSlices<T> slices ? slices.values() : gradient;
    }

    /** A gradient of the same kind with other {@link #values}. */
    static <T extends TType> Operand<T> with(Ops tf, Operand<T> gradient, Operand<T> values) {
        return gradient instanceof IndexedSlices<T> slices
                ? IndexedSlices.of(tf, values, slices.indices(), slices.shape())
                : values;
    }

    /** Takes a gradient apart into operands that can be handed to a function. */
    static <T extends TType> void addParts(Operand<T> gradient, List<Operand<?>> parts) {
        parts.add(values(gradient));
        if (gradient instanceof IndexedSlices<T> slices) {
            parts.add(slices.indices());
        }
    }

    /** A gradient of the same kind from the next parts. */
    @SuppressWarnings("unchecked") // The parts are of the types that they were taken apart in.
    static <T extends TType> Operand<T> ofParts(Ops tf, Operand<T> like, Iterator<? extends Operand<?>> parts) {
        Operand<T> values = (Operand<T>) parts.next();
        return like instanceof IndexedSlices<T> slices
                ? IndexedSlices.of(tf, values, (Operand<TInt64>) parts.next(), slices.shape())
                : values;
    }
}
