package io.github.tapeloop.execution;

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

    private final String name;
    /** The one used longest ago comes first. */
    private final Map<Bundle.Signature, TracedStep> kept = new LinkedHashMap<>(16, 0.75f, true);

    private long made;

    /** @param name of the step, for messages */
    Traces(String name) {
        this.name = name;
    }

    /** The trace for batches like one. */
    TracedStep get(Bundle.Signature signature, Function<Bundle.Signature, TracedStep> trace) {
        TracedStep exact = kept.get(signature);
        if (exact != null) {
            return exact;
        }
        Bundle.Signature open = signature.open();
        boolean sizeOnly = kept.keySet().stream().anyMatch(other -> other.open().equals(open));
        return getExactly(sizeOnly ? open : signature, trace);
    }

    /** The trace made for a signature. */
    TracedStep getExactly(Bundle.Signature key, Function<Bundle.Signature, TracedStep> trace) {
        TracedStep found = kept.get(key);
        if (found == null) {
            found = trace.apply(key);
            kept.put(key, found);
            warnOfMany();
            if (kept.size() > MOST) {
                Bundle.Signature oldest = kept.keySet().iterator().next();
                kept.remove(oldest).close();
            }
        }
        return found;
    }

    private void warnOfMany() {
        if (++made == MANY) {
            Warnings.warn(
                    Traces.class,
                    name + " was traced " + MANY + " times, which is slow: its batches keep changing, " + kept.keySet()
                            + ". The " + MOST + " used last are kept. Give batches few lengths:"
                            + " dataset.padBatch(size, PadTo.lengths(…)), or bucketByLength");
        }
    }

    /** How many are kept. */
    int size() {
        return kept.size();
    }

    void close() {
        List<TracedStep> all = new ArrayList<>(kept.values());
        kept.clear();
        all.forEach(TracedStep::close);
    }
}
