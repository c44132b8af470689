package io.github.tapeloop.fuzz;

/** One random thing to try. */
@FunctionalInterface
interface Trial {

    /**
     * Tries it. What should not be goes into the journal, and so does what this throws.
     *
     * @param dice decide what is tried
     * @param journal is told of each step before it is taken
     */
    void run(Dice dice, Journal journal) throws Exception;
}
