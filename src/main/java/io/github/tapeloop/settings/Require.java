package io.github.tapeloop.settings;

/**
 * The one checker of numbers that a user sets: each method gives the number back, or says what was expected and what came.
 */
public final class Require {

    private Require() {}

    /**
     * A momentum, a decay of moments.
     *
     * @param name what it is
     * @param value what came
     * @return the value, at least 0 and below 1
     */
    public static double fraction(String name, double value) {
        return legal(value >= 0 && value < 1, name + " in [0, 1)", value);
    }

    /**
     * A fraction that must not be 0.
     *
     * @param name what it is
     * @param value what came
     * @return the value, above 0 and below 1
     */
    public static double properFraction(String name, double value) {
        return legal(value > 0 && value < 1, name + " in (0, 1)", value);
    }

    /**
     * A probability, a share.
     *
     * @param name what it is
     * @param value what came
     * @return the value, from 0 to 1
     */
    public static double probability(String name, double value) {
        return legal(value >= 0 && value <= 1, name + " in [0, 1]", value);
    }

    /**
     * A share that must not be 0.
     *
     * @param name what it is
     * @param value what came
     * @return the value, above 0 and at most 1
     */
    public static double positiveFraction(String name, double value) {
        return legal(value > 0 && value <= 1, name + " in (0, 1]", value);
    }

    /**
     * An epsilon, a rate that must not be 0.
     *
     * @param name what it is
     * @param value what came
     * @return the value, finite and above 0
     */
    public static double positive(String name, double value) {
        return legal(value > 0 && value < Double.POSITIVE_INFINITY, "a finite " + name + " above 0", value);
    }

    /**
     * A penalty, a learning rate.
     *
     * @param name what it is
     * @param value what came
     * @return the value, finite and at least 0
     */
    public static double notNegative(String name, double value) {
        return legal(value >= 0 && value < Double.POSITIVE_INFINITY, "a finite " + name + " of at least 0", value);
    }

    /**
     * An exponent that shrinks.
     *
     * @param name what it is
     * @param value what came
     * @return the value, finite and below 0
     */
    public static double negative(String name, double value) {
        return legal(value < 0 && value > Double.NEGATIVE_INFINITY, "a finite " + name + " below 0", value);
    }

    /**
     * An exponent that may be 0.
     *
     * @param name what it is
     * @param value what came
     * @return the value, finite and at most 0
     */
    public static double notPositive(String name, double value) {
        return legal(value <= 0 && value > Double.NEGATIVE_INFINITY, "a finite " + name + " of at most 0", value);
    }

    /**
     * Any number.
     *
     * @param name what it is
     * @param value what came
     * @return the value, finite
     */
    public static double finite(String name, double value) {
        return legal(Double.isFinite(value), "a finite " + name, value);
    }

    /**
     * A bound that may be infinite.
     *
     * @param least the least that is legal
     * @param name what it is
     * @param value what came
     * @return the value
     */
    public static double atLeast(double least, String name, double value) {
        return legal(
                value >= least && value < Double.POSITIVE_INFINITY,
                "a finite " + name + " of at least " + least,
                value);
    }

    /**
     * A count such as a number of steps.
     *
     * @param least the least that is legal
     * @param name what it is
     * @param value what came
     * @return the value
     */
    public static long atLeast(long least, String name, long value) {
        if (value < least) {
            throw new IllegalArgumentException("Expected " + name + " of at least " + least + ", got " + value);
        }
        return value;
    }

    /**
     * A count such as a number of units.
     *
     * @param least the least that is legal
     * @param name what it is
     * @param value what came
     * @return the value
     */
    public static int atLeast(int least, String name, int value) {
        return (int) atLeast((long) least, name, (long) value);
    }

    /**
     * A number among others, such as a class.
     *
     * @param least the least that is legal
     * @param most the most that is legal
     * @param name what it is
     * @param value what came
     * @return the value
     */
    public static int within(int least, int most, String name, int value) {
        if (value < least || value > most) {
            throw new IllegalArgumentException("Expected " + name + " in [" + least + ", " + most + "], got " + value);
        }
        return value;
    }

    private static double legal(boolean legal, String expected, double value) {
        if (!legal) {
            throw new IllegalArgumentException("Expected " + expected + ", got " + value);
        }
        return value;
    }
}
