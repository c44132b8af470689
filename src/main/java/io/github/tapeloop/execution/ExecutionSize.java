package io.github.tapeloop.execution;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.state.Stateful;
import java.util.Arrays;

/** The number of steps that an execution takes: known from the start, or once the first steps have been timed. */
public final class ExecutionSize implements ValueState {

    /** Steps taken singly to learn how long one takes; the first ones warm up. */
    static final int TIMED = 40;

    private static final long EXECUTION_NANOS = 50_000_000;
    private static final int MOST_STEPS = 512;

    /** Read by the thread that assembles batches. */
    private volatile int steps;

    private final long[] pulled = new long[TIMED];
    private int timed;

    /** @param steps a fixed number, or 0 for one that is to be found */
    ExecutionSize(int steps) {
        this.steps = steps;
    }

    /** One step at a time. */
    public static ExecutionSize single() {
        return new ExecutionSize(1);
    }

    /** Whether the number is known, and no more steps have to be timed. */
    public boolean isKnown() {
        return steps > 0;
    }

    /** The number, 1 as long as it is not known. */
    public int steps() {
        return Math.max(1, steps);
    }

    /** Takes note that a single step begins; the last of some begins with the number known. */
    public void stepBegins(long nanoTime) {
        if (steps > 0) {
            return;
        }
        pulled[timed++] = nanoTime;
        if (timed == TIMED) {
            steps = (int) Math.max(1, Math.min(MOST_STEPS, EXECUTION_NANOS / medianNanos()));
        }
    }

    /** What lies between two epochs is in few of the times between steps, and not in the median. */
    private long medianNanos() {
        long[] nanos = new long[TIMED / 2];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = pulled[TIMED - 1 - i] - pulled[TIMED - 2 - i];
        }
        Arrays.sort(nanos);
        return Math.max(1, nanos[nanos.length / 2]);
    }

    @Override
    public void saveState(Stateful.Writer out) {
        out.put("steps_per_execution", (long) steps);
    }

    @Override
    public void loadState(Stateful.Reader in) {
        steps = Math.toIntExact(in.getLong("steps_per_execution"));
        timed = 0;
    }
}
