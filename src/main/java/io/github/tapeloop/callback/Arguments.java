package io.github.tapeloop.callback;

/** Checks of the options of callbacks. */
final class Arguments {

    private Arguments() {}

    static int atLeast(int least, String name, int value) {
        if (value < least) {
            throw new IllegalArgumentException("Expected " + name + " of at least " + least + ", got " + value);
        }
        return value;
    }

    static double positive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException("Expected a finite " + name + " above 0, got " + value);
        }
        return value;
    }
}
