package io.github.tapeloop.data;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** A source on top of another one: as that one, but for what it changes. */
interface Stage extends Source {

    /** The source below. */
    Source upstream();

    /** The same stage on top of another source. */
    Source over(Source other);

    @Override
    default List<Column> columns() {
        return upstream().columns();
    }

    @Override
    default OptionalLong size() {
        return upstream().size();
    }

    @Override
    default Halves split(Cut cut) {
        Halves below = upstream().split(cut);
        return new Halves(over(below.first()), over(below.second()));
    }

    @Override
    default boolean isCuttable() {
        return upstream().isCuttable();
    }

    @Override
    default boolean isShuffled() {
        return upstream().isShuffled();
    }

    @Override
    default boolean isResumable() {
        return upstream().isResumable();
    }

    @Override
    default Source cutPoint() {
        return upstream().cutPoint();
    }

    @Override
    default boolean canDraw() {
        return size().isPresent() || upstream().canDraw();
    }

    @Override
    default Optional<Span> span() {
        return upstream().span();
    }

    @Override
    default Source plain() {
        Source below = upstream().plain();
        return below == upstream() ? this : over(below);
    }

    @Override
    default Source cached() {
        // What changes at random must go on to do so: it is made again of what is kept.
        return upstream().plain() == upstream()
                ? new CacheSource(this)
                : over(upstream().cached());
    }

    @Override
    default OptionalLong seedOfList() {
        return upstream().seedOfList();
    }

    @Override
    default void addOrigins(Set<Source> origins) {
        upstream().addOrigins(origins);
    }
}
