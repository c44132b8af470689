package io.github.tapeloop.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * The tensors of a batch, each let go once even if one stands in two columns (an autoencoder's target): closed, or given
 * back to the pool it came from.
 */
final class OwnedTensors {

    static final OwnedTensors NONE = new OwnedTensors(List.of(), TNumber::close);

    private final List<TNumber> tensors;
    private final Consumer<TNumber> letGo;

    OwnedTensors(List<TNumber> tensors, Consumer<TNumber> letGo) {
        this.tensors = List.copyOf(tensors);
        this.letGo = letGo;
    }

    /** Checks tensors that a user made; closes them all if they do not make a batch. */
    static OwnedTensors take(List<String> names, List<? extends TType> tensors) {
        try {
            List<TNumber> numbers = new ArrayList<>(tensors.size());
            for (TType tensor : tensors) {
                numbers.add(requireBatch(names.get(numbers.size()), tensor));
            }
            requireEqualSizes(names, numbers);
            return new OwnedTensors(numbers, TNumber::close);
        } catch (RuntimeException | Error e) {
            forEachDistinct(tensors, TType::close);
            throw e;
        }
    }

    int count() {
        return tensors.size();
    }

    TNumber get(int column) {
        return tensors.get(column);
    }

    /** The batch dimension. */
    int examples() {
        return Math.toIntExact(tensors.get(0).shape().get(0));
    }

    void close() {
        forEachDistinct(tensors, letGo);
    }

    private static TNumber requireBatch(String name, TType tensor) {
        if (!(tensor instanceof TNumber number)) {
            throw new IllegalArgumentException(
                    name + " has the dtype " + tensor.dataType() + "; a batch needs a numeric one");
        }
        if (number.shape().isScalar()) {
            throw new IllegalArgumentException(name + " is a scalar; its first dimension must be the batch");
        }
        return number;
    }

    private static void requireEqualSizes(List<String> names, List<TNumber> tensors) {
        long size = tensors.get(0).shape().get(0);
        for (int i = 1; i < tensors.size(); i++) {
            long other = tensors.get(i).shape().get(0);
            if (other != size) {
                throw new IllegalArgumentException("the " + names.get(0) + " has " + size + " examples but the "
                        + names.get(i) + " has " + other + "; the first dimensions must be equal");
            }
        }
    }

    private static <T extends TType> void forEachDistinct(List<T> tensors, Consumer<? super T> action) {
        Set<TType> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
        for (T tensor : tensors) {
            if (distinct.add(tensor)) {
                action.accept(tensor);
            }
        }
    }
}
