package io.github.tapeloop.store;

import io.github.tapeloop.state.CheckpointException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a run that goes on must agree in with the one that was saved, so that its numbers are those of a run that never stopped: the
 * seed, the threads, the optimizer's class, the way steps are run. Immutable.
 */
public final class Fingerprint {

    private record Fact(String name, String value, String cure) {}

    private final List<Fact> facts;

    private Fingerprint(List<Fact> facts) {
        this.facts = List.copyOf(facts);
    }

    /** Of nothing yet. */
    public static Fingerprint empty() {
        return new Fingerprint(List.of());
    }

    /**
     * With one thing more.
     *
     * @param name what it is, {@code threads}
     * @param value as it is here
     * @param cure what to do where it was another, without the full stop: {@code "open the session with the threads it had"}
     */
    public Fingerprint with(String name, Object value, String cure) {
        List<Fact> more = new ArrayList<>(facts);
        more.add(new Fact(name, String.valueOf(value), cure));
        return new Fingerprint(more);
    }

    /** The values by name, for a {@link Moment}. */
    public Map<String, String> values() {
        Map<String, String> values = new TreeMap<>();
        facts.forEach(fact -> values.put(fact.name(), fact.value()));
        return values;
    }

    /**
     * Compares.
     *
     * @param checkpoint what was saved
     * @param allowed names that may differ
     * @throws CheckpointException that lists all differences, each with its cure; a name that only one of them has is none, since
     *     versions of this library may ask for more
     */
    public void requireSame(Checkpoint checkpoint, Set<String> allowed) {
        List<String> found = new ArrayList<>();
        for (Fact fact : facts) {
            String saved = checkpoint.fingerprint().get(fact.name());
            if (saved != null && !saved.equals(fact.value()) && !allowed.contains(fact.name())) {
                found.add(fact.name() + " was " + saved + " and is " + fact.value() + " here: " + fact.cure());
            }
        }
        if (!found.isEmpty()) {
            throw new CheckpointException("Expected a run like the one that was saved in " + checkpoint.path()
                    + "; it differs in " + found.size() + (found.size() == 1 ? " thing" : " things")
                    + " on which its numbers depend, so it was not continued:\n  " + String.join("\n  ", found));
        }
    }
}
