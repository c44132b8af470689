package io.github.tapeloop;

/** A setting: how steps are compiled. */
public final class Compilation {

    private final int verifiedSteps;
    private final boolean jit;

    private Compilation(int verifiedSteps, boolean jit) {
        this.verifiedSteps = verifiedSteps;
        this.jit = jit;
    }

    /**
     * Takes the first steps both ways, eager and compiled, from the same state, and compares the loss and every variable,
     * optimizer and metrics included. If they differ, or the step cannot be traced, a warning says what and where, and the
     * trainer stays eager.
     *
     * @param steps how many steps to compare, at least 1
     * @return options for {@link TrainerBuilder#compiled(Compilation)}
     */
    public static Compilation verify(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("Expected at least 1 step to verify, got " + steps);
        }
        return new Compilation(steps, false);
    }

    static Compilation unverified() {
        return new Compilation(0, false);
    }

    /** The same, by XLA. */
    Compilation withJit() {
        return new Compilation(verifiedSteps, true);
    }

    /**
     * Whether XLA makes machine code of the steps.
     *
     * @return true after {@link TrainerBuilder#jitCompile}
     */
    public boolean isJit() {
        return jit;
    }

    /**
     * How many steps are compared with eager ones.
     *
     * @return the number, 0 without {@link #verify}
     */
    public int verifiedSteps() {
        return verifiedSteps;
    }

    @Override
    public String toString() {
        return (verifiedSteps == 0 ? "compiled" : "verify(" + verifiedSteps + ")") + (jit ? ", by XLA" : "");
    }
}
