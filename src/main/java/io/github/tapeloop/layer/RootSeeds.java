package io.github.tapeloop.layer;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import java.util.HashMap;
import java.util.Map;

/**
 * A registry that tells the layers of a session that are in no other layer apart, for the seeds of their weights:
 * two critics of one class must not start the same.
 */
final class RootSeeds {

    private final Map<String, Integer> asked = new HashMap<>();

    private RootSeeds() {}

    /** The name if it is free, else the name with a number: {@code dense}, {@code dense_1}. It is taken from then on. */
    static String take(TapeSession session, String name) {
        return RecordingEnvironment.of(session.tf())
                .attachment(RootSeeds.class, RootSeeds::new)
                .take(name);
    }

    private String take(String name) {
        int before = asked.merge(name, 1, Integer::sum) - 1;
        return before == 0 ? name : take(name + "_" + before);
    }
}
