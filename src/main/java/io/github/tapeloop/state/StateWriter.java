package io.github.tapeloop.state;

/** Takes the small values of a part's state by name: what is in no variable. */
public interface StateWriter {

    /**
     * Writes a whole number.
     *
     * @param name unique within the part
     * @param value any number
     */
    void put(String name, long value);

    /**
     * Writes a number.
     *
     * @param name unique within the part
     * @param value any number; NaN and infinities are kept
     */
    void put(String name, double value);

    /**
     * Writes a flag.
     *
     * @param name unique within the part
     * @param value true or false
     */
    void put(String name, boolean value);

    /**
     * Writes text.
     *
     * @param name unique within the part
     * @param value any text, not null
     */
    void put(String name, String value);

    /**
     * Writes numbers.
     *
     * @param name unique within the part
     * @param values any numbers; a copy is kept
     */
    void put(String name, double[] values);
}
