package io.github.tapeloop.data;

import io.github.tapeloop.settings.Require;
import java.util.function.IntSupplier;

/**
 * A setting: how examples become batches.
 *
 * @param size examples per batch
 * @param dropRemainder whether a shorter last batch is left out
 * @param padding for columns of open length
 * @param parts how many times that the next batch is to have
 */
record Grouping(int size, boolean dropRemainder, PadTo padding, IntSupplier parts) {

    private static final IntSupplier ONE = () -> 1;

    Grouping {
        if (size < 1) {
            throw new IllegalArgumentException("the batch size must be at least 1, but got " + size);
        }
    }

    static Grouping of(int size) {
        return new Grouping(size, false, PadTo.longest(), ONE);
    }

    static Grouping of(int size, boolean dropRemainder, PadTo padding) {
        return new Grouping(size, dropRemainder, padding, ONE);
    }

    /** The same in larger batches, each of as many of these as somebody says when it is assembled. */
    Grouping inParts(IntSupplier number) {
        return new Grouping(size, dropRemainder, padding, number);
    }

    /** How many batches the next group is to have. */
    int nextParts() {
        return Require.atLeast(1, "the number of batches that make one", parts.getAsInt());
    }
}
