package io.github.tapeloop.data;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

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

    /** Cuts it in two: below whatever reorders, repeats or changes examples at random, as {@link Dataset#split} says. */
    default Halves split(Cut cut) {
        return cut.of(this);
    }

    /** Whether it may be cut right here: every pass has the same rows in the same order, and each row once. */
    default boolean isCuttable() {
        return true;
    }

    /** Whether examples come in another order than their rows lie in. */
    default boolean isShuffled() {
        return false;
    }

    /** Whether a pass may go on where an earlier one ended, since nothing but data that lies still decides on its order. */
    default boolean isResumable() {
        return false;
    }

    /** Whether examples are at hand without a file being read, a user's stage being run or a stream being asked. */
    default boolean isInMemory() {
        return false;
    }

    /** The source whose rows these examples are made of, one for one and in its order. */
    default Source rows() {
        return this;
    }

    /** Where a cut would be made. Two datasets that share rows are cut alike if these are equal. */
    default Source cutPoint() {
        return this;
    }

    /** Whether rows can be drawn at random here or further below, since it is known how many there are. */
    default boolean canDraw() {
        return size().isPresent();
    }

    /** How much of the rows below an example covers, if consecutive ones may share rows. */
    default Optional<Span> span() {
        return Optional.empty();
    }

    /** The same without what changes examples at random for training. */
    default Source plain() {
        return this;
    }

    /** The same from the heap once it was read. */
    default Source cached() {
        return new CacheSource(this);
    }

    /** The seed by which rows are drawn where the last ones are asked for, because their order is that of their classes. */
    default OptionalLong seedOfList() {
        return OptionalLong.empty();
    }

    /** Adds what the rows come from. */
    default void addOrigins(Set<Source> origins) {
        origins.add(this);
    }

    /** The result of {@link #split}. */
    record Halves(Source first, Source second) {}

    /**
     * The rows that windows cover.
     *
     * @param stride by how many rows an example begins after the one before
     * @param extent how many rows one covers
     */
    record Span(long stride, long extent) {

        static final Span ROW = new Span(1, 1);

        /** How many examples that follow one share rows with it. */
        long overlap() {
            return (extent + stride - 1) / stride - 1;
        }
    }
}
