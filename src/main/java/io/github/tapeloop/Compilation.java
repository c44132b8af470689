package io.github.tapeloop;

/** How steps are compiled. */
public final class Compilation {

    private final int verifiedSteps;

    private Compilation(int verifiedSteps) {
        this.verifiedSteps = verifiedSteps;
    }

    /**
     * Takes the first steps both ways, eager and compiled, from the same state, and compares the loss and every variable,
     * optimizer and metrics included. If they differ, or the step cannot be traced, a warning says what and where, and the
     * trainer stays eager.
     *
     * @param steps how many steps to compare, at least 1; the very first step makes the variables and is eager only
     * @return options for {@link Trainer.Builder#compiled(Compilation)}
     */
    public static Compilation verify(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("Expected at least 1 step to verify, got " + steps);
        }
        return new Compilation(steps);
    }

    static Compilation unverified() {
        return new Compilation(0);
    }

    int verifiedSteps() {
        return verifiedSteps;
    }
}
