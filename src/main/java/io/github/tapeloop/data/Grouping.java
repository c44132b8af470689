package io.github.tapeloop.data;

/**
 * How examples become batches.
 *
 * @param size examples per batch
 * @param dropRemainder whether a shorter last batch is left out
 * @param padding for columns of open length
 */
record Grouping(int size, boolean dropRemainder, Padding padding) {

    Grouping {
        if (size < 1) {
            throw new IllegalArgumentException("the batch size must be at least 1, but got " + size);
        }
    }

    static Grouping of(int size) {
        return new Grouping(size, false, Padding.toLongest());
    }

    Grouping withSize(int other, boolean drops) {
        return new Grouping(other, drops, padding);
    }
}
