package io.github.tapeloop.execution;

import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.runtime.Bundle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cache of a step's traces, by what their batches look like. The exact function serves the first kind of batch, one with
 * an open first dimension others of that kind; beyond a bound a new trace takes the place of the one used longest ago.
 */
final class Traces {

    private static final Logger LOG = LoggerFactory.getLogger(Traces.class);
    private static final int MANY = 5;

    /** How many traces of one step are kept. */
    static final int MOST = 32;

    private final String name;
    /** The one used longest ago comes first. */
    private final Map<Bundle.Signature, TracedStep> kept = new LinkedHashMap<>(16, 0.75f, true);

    private Bundle.Signature last;
    private TracedStep lastTrace;
    private long made;

    /** @param name of the step, for messages */
    Traces(String name) {
        this.name = name;
    }

    /** The trace for batches with some columns. */
    TracedStep get(Bundle columns, Function<Bundle.Signature, TracedStep> trace) {
        if (last == null || !last.describes(columns)) { // As those of the step before, most often.
            Bundle.Signature signature = columns.signature();
            lastTrace = get(signature, trace);
            last = signature;
        }
        return lastTrace;
    }

    private TracedStep get(Bundle.Signature signature, Function<Bundle.Signature, TracedStep> trace) {
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
            LOG.warn(
                    "{} was traced {} times, which is slow: its batches keep changing, {}. The {} used last are kept",
                    name,
                    MANY,
                    kept.keySet(),
                    MOST);
        }
    }

    /** How many are kept. */
    int size() {
        return kept.size();
    }

    void close() {
        List<TracedStep> all = new ArrayList<>(kept.values());
        kept.clear();
        last = null;
        lastTrace = null;
        ClosingActions.each(all, TracedStep::close);
    }
}
