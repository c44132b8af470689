package io.github.tapeloop.state;

import java.util.List;

/** Something whose state must be saved and restored to continue a run as if it had not stopped. */
@FunctionalInterface
public interface Stateful {

    /**
     * The variables that make up the state, by names that are the same in the next run.
     *
     * @return the state now; it can grow until the first step has run
     */
    Parameters state();

    /**
     * Writes what belongs to the state and is in no variable: counters, flags, small numbers, text.
     *
     * @param out takes values by names of this part's own; nothing unless overridden
     */
    default void saveState(Writer out) {}

    /**
     * Takes back what {@link #saveState} wrote.
     *
     * @param in gives the values by the same names; nothing unless overridden
     */
    default void loadState(Reader in) {}

    /** Gives back the small values of a part's state, by the names and types under which a {@link Writer} took them. */
    public interface Reader {

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

        /**
         * Reads texts.
         *
         * @param name the name
         * @return the texts, in their order
         * @throws IllegalArgumentException if there are none of this name
         */
        List<String> getStrings(String name);

        /**
         * Reads kept values of variables. They are in checkpoints only: what goes back to an earlier state of the same run has
         * none, and whoever keeps some goes on to do so.
         *
         * @param name the name
         * @return the values, to be closed by the caller; to go back to them, put them into a snapshot of the same kind by
         *     {@link Snapshot#take}
         * @throws IllegalArgumentException if there are none of this name
         */
        Snapshot getSnapshot(String name);
    }

    /** Takes the small values of a part's state by name: what is in no variable. */
    public interface Writer {

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

        /**
         * Writes texts.
         *
         * @param name unique within the part
         * @param values any texts, none of them null
         */
        void put(String name, List<String> values);

        /**
         * Writes kept values of variables, the best weights so far for example.
         *
         * @param name unique within the part
         * @param values an open snapshot of variables of the run; it stays the caller's
         */
        void put(String name, Snapshot values);
    }
}
