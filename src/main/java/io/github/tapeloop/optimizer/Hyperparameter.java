package io.github.tapeloop.optimizer;

/** Checks numbers that a user sets; each gives the number back. */
final class Hyperparameter {

    private Hyperparameter() {}

    /** One such as a momentum or a decay of moments. */
    static double fraction(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException("Expected " + name + " in [0, 1), got " + value);
        }
        return value;
    }

    /** A fraction that must not be 0. */
    static double properFraction(String name, double value) {
        if (!(value > 0 && value < 1)) {
            throw new IllegalArgumentException("Expected " + name + " in (0, 1), got " + value);
        }
        return value;
    }

    /** One such as an epsilon. */
    static double positive(String name, double value) {
        return require(value > 0, name, "above 0", value);
    }

    /** One such as a penalty. */
    static double notNegative(String name, double value) {
        return require(value >= 0, name, "of at least 0", value);
    }

    /** One such as an exponent. */
    static double negative(String name, double value) {
        return require(value < 0, name, "below 0", value);
    }

    /** One such as an exponent that may be 0. */
    static double notPositive(String name, double value) {
        return require(value <= 0, name, "of at most 0", value);
    }

    private static double require(boolean legal, String name, String range, double value) {
        if (!legal || Double.isInfinite(value)) {
            throw new IllegalArgumentException("Expected a finite " + name + " " + range + ", got " + value);
        }
        return value;
    }

    /** A count such as a number of steps. */
    static long atLeast(long least, String name, long value) {
        if (value < least) {
            throw new IllegalArgumentException("Expected " + name + " of at least " + least + ", got " + value);
        }
        return value;
    }
}
