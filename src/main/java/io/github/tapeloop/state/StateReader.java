package io.github.tapeloop.state;

/** Gives back the small values of a part's state, by the names and types under which a {@link StateWriter} took them. */
public interface StateReader {

    /**
     * Whether there is a value of a name: one that an earlier version did not write is not.
     *
     * @param name the name
     * @return true if a getter of the right type will give it
     */
    boolean has(String name);

    /**
     * Reads a whole number.
     *
     * @param name the name
     * @return its value
     * @throws IllegalArgumentException if there is none of this name and type
     */
    long getLong(String name);

    /**
     * Reads a number.
     *
     * @param name the name
     * @return its value
     * @throws IllegalArgumentException if there is none of this name and type
     */
    double getDouble(String name);

    /**
     * Reads a flag.
     *
     * @param name the name
     * @return its value
     * @throws IllegalArgumentException if there is none of this name and type
     */
    boolean getBoolean(String name);

    /**
     * Reads text.
     *
     * @param name the name
     * @return its value
     * @throws IllegalArgumentException if there is none of this name and type
     */
    String getString(String name);

    /**
     * Reads numbers.
     *
     * @param name the name
     * @return a copy
     * @throws IllegalArgumentException if there are none of this name
     */
    double[] getDoubles(String name);
}
