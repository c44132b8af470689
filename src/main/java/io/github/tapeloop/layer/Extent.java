package io.github.tapeloop.layer;

import org.tensorflow.ndarray.Shape;

/** A size for the height and one for the width of an image. A series is an image of height 1. */
record Extent(int height, int width) {

    static final Extent ONE = new Extent(1, 1);

    /** A size along a series. */
    static Extent along(int steps) {
        return new Extent(1, steps);
    }

    /** The same size for height and width. */
    static Extent square(int size) {
        return new Extent(size, size);
    }

    /** What a window of this size spans if its elements lie apart; no more than a dimension can have. */
    Extent spread(Extent rate) {
        return new Extent(spread(height, rate.height), spread(width, rate.width));
    }

    private static int spread(long size, long rate) {
        return (int) Math.min((size - 1) * rate + 1, Integer.MAX_VALUE);
    }

    int smaller() {
        return Math.min(height, width);
    }

    int larger() {
        return Math.max(height, width);
    }

    /** The two sizes, and 1 for batch and channels. */
    long[] overImage() {
        return new long[] {1, height, width, 1};
    }

    /** The shape of a kernel of this size. */
    Shape kernel(long in, long out) {
        return Shape.of(height, width, in, out);
    }
}
