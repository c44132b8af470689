package io.github.tapeloop.execution;

import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.warning.Warnings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The cache of a step's traces, by what their batches look like. The exact function serves the first kind of batch, one with
 * an open first dimension others of that kind; beyond a bound a new trace takes the place of the one used longest ago.
 */
final class Traces {

    private static final int MANY = 5;

    /** How many traces of one step are kept. */
    static final int MOST = 32;

    private final Step step;
    /** The one used longest ago comes first. */
    private final Map<Bundle.Signature, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);

    /** @param carried how many variables updates had to do with when it was made: with others it would leave some out */
    private record Kept(TracedStep trace, int carried) {}

    /** What the step before had, most often that of the next as well. */
    private Bundle.Signature last;

    private TracedStep lastTrace;
    private int lastCarried;
    private long made;

    /** @param step what is traced */
    Traces(Step step) {
        this.step = step;
    }

    /** The trace for batches with some columns. */
    TracedStep get(Bundle columns, Function<Bundle.Signature, TracedStep> trace) {
        boolean asBefore = last != null && lastCarried == step.carriedVariables() && last.describes(columns);
        if (!asBefore) {
            Bundle.Signature signature = columns.signature();
            lastTrace = get(signature, trace);
            lastCarried = step.carriedVariables();
            last = signature;
        }
        return lastTrace;
    }

    private TracedStep get(Bundle.Signature signature, Function<Bundle.Signature, TracedStep> trace) {
        if (kept.containsKey(signature)) {
            return getExactly(signature, trace);
        }
        Bundle.Signature open = signature.open();
        boolean sizeOnly = kept.keySet().stream().anyMatch(other -> other.open().equals(open));
        return getExactly(sizeOnly ? open : signature, trace);
    }

    /** The trace made for a signature. */
    TracedStep getExactly(Bundle.Signature key, Function<Bundle.Signature, TracedStep> trace) {
        Kept found = kept.get(key);
        if (found != null && found.carried == step.carriedVariables()) {
            return found.trace;
        }
        TracedStep made = trace.apply(key);
        Kept outdated = kept.put(key, new Kept(made, step.carriedVariables())); // A trace may meet variables.
        if (outdated != null) {
            end(outdated);
        }
        warnOfMany();
        if (kept.size() > MOST) {
            Bundle.Signature oldest = kept.keySet().iterator().next();
            end(kept.remove(oldest));
        }
        return made;
    }

    private void end(Kept old) {
        if (old.trace == lastTrace) {
            last = null;
        }
        old.trace.close();
    }

    private void warnOfMany() {
        if (++made == MANY) {
            Warnings.warn(
                    Traces.class,
                    step.name() + " was traced " + MANY + " times, which is slow: its batches keep changing, "
                            + kept.keySet()
                            + ". The " + MOST + " used last are kept. Give batches few lengths:"
                            + " dataset.padBatch(size, PadTo.lengths(…)), or bucketByLength");
        }
    }

    /** How many are kept. */
    int size() {
        return kept.size();
    }

    void close() {
        List<Kept> all = new ArrayList<>(kept.values());
        kept.clear();
        last = null;
        lastTrace = null;
        ClosingActions.each(all, each -> each.trace.close());
    }
}
