package io.github.tapeloop.store;

import io.github.tapeloop.account.Contents;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * A moment of a run, to be saved.
 *
 * @param step how many steps were taken until then
 * @param scores what was measured last, {@code val_loss} for example: what {@link Retention} keeps the best by; may be empty
 * @param fingerprint what a run that goes on must agree in, by name; see {@link Fingerprint}
 * @param contents all that the account holds; whoever saves the moment closes them
 */
public record Moment(long step, Map<String, Double> scores, Map<String, String> fingerprint, Contents contents) {

    /** A moment of these; the maps are copied. */
    public Moment {
        scores = Collections.unmodifiableMap(new TreeMap<>(scores));
        fingerprint = Collections.unmodifiableMap(new TreeMap<>(fingerprint));
    }
}
