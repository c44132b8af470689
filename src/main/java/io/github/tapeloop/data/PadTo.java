package io.github.tapeloop.data;

import java.util.Arrays;

/**
 * A length that examples of unequal length are filled up to at their end, so that they become one tensor: that of the longest
 * in their batch, or the next of some fixed lengths. Few lengths mean few shapes: a compiled step is traced once for each.
 * Immutable.
 */
public final class PadTo {

    private final double value;
    private final int[] lengths;

    private PadTo(double value, int[] lengths) {
        this.value = value;
        this.lengths = lengths;
    }

    /**
     * Fills up with zeros to the longest example of the batch.
     *
     * @return the padding
     */
    public static PadTo longest() {
        return new PadTo(0, new int[0]);
    }

    /**
     * Fills up to the smallest of some lengths that the longest example of the batch fits into. A batch with an example
     * that is longer than all of them is filled up to that example.
     *
     * @param lengths lengths, ascending, 1 or more each
     * @return the padding, with zeros
     * @throws IllegalArgumentException for lengths that do not ascend from 1 or more
     */
    public static PadTo lengths(int... lengths) {
        return new PadTo(0, requireAscending("lengths", lengths));
    }

    /**
     * Sets what to fill up with.
     *
     * @param value the value; integers take its whole part
     * @return this padding with that value
     */
    public PadTo value(double value) {
        return new PadTo(value, lengths);
    }

    static int[] requireAscending(String name, int... lengths) {
        int before = 0;
        for (int length : lengths) {
            if (length <= before) {
                throw new IllegalArgumentException(
                        name + " must ascend from 1 or more, but got " + Arrays.toString(lengths));
            }
            before = length;
        }
        if (lengths.length == 0) {
            throw new IllegalArgumentException(name + " must be one number at least, but there is none");
        }
        return lengths.clone();
    }

    double value() {
        return value;
    }

    /** The length of a batch whose longest example has this one. */
    int lengthFor(int longest) {
        for (int length : lengths) {
            if (length >= longest) {
                return length;
            }
        }
        return Math.max(1, longest);
    }

    /** Says how far, and with what. */
    @Override
    public String toString() {
        return (lengths.length == 0 ? "longest" : "lengths " + Arrays.toString(lengths))
                + (value == 0 ? "" : ", filled up with " + value);
    }
}
