package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.TapeSession;
import java.util.HashMap;
import java.util.Map;

/** The names of a session's layers that are in no other layer: of two, the second is numbered, as in Keras. */
final class RootNames {

    private final Map<String, Integer> asked = new HashMap<>();

    private RootNames() {}

    /** The name if it is free, else the name with a number: {@code dense}, {@code dense_1}. It is taken from then on. */
    static String take(TapeSession session, String name) {
        return session.attachment(RootNames.class, RootNames::new).take(name);
    }

    private String take(String name) {
        int before = asked.merge(name, 1, Integer::sum) - 1;
        return before == 0 ? name : take(name + "_" + before);
    }
}
