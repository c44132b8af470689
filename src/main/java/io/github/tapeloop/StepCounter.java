package io.github.tapeloop;

/** How many steps were taken in the life of a trainer: what the seeds of random ops depend on, however a step is run. */
final class StepCounter {

    private long taken;

    long taken() {
        return taken;
    }

    void add(int steps) {
        taken += steps;
    }
}
