package io.github.tapeloop.data;

import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;

/** An immutable description of a sequence of examples, or a stage on top of another one. */
interface Source {

    /** The inputs first, then the targets, then the sample weights. */
    List<Column> columns();

    /** How many examples a cursor will deliver, where that is known without reading them. */
    OptionalLong size();

    /**
     * Starts a pass.
     *
     * @param seed what the shuffles without a seed of their own draw from
     * @param epoch shuffles differ from epoch to epoch
     */
    Cursor open(long seed, int epoch) throws IOException;

    /** Whether every pass has the same order. */
    default boolean ordered() {
        return true;
    }

    /** Cuts below every shuffle: the two parts never exchange examples, and the second is not shuffled. */
    default Halves splitAt(long first) {
        if (!ordered()) {
            throw new IllegalStateException(
                    "split() after a shuffle whose examples a later stage cuts or joins would put"
                            + " one example in the first part in one epoch and in the second in the next; call split() before"
                            + " that stage, or shuffle() after it");
        }
        return new Halves(new RangeSource(this, 0, first), new RangeSource(this, first, Long.MAX_VALUE));
    }

    /** The result of {@link #splitAt}. */
    record Halves(Source first, Source second) {}
}
