package io.github.tapeloop.data;

import java.util.List;
import java.util.OptionalLong;

/** A source on top of another one: as that one, but for what it changes. */
interface Stage extends Source {

    /** The source below. */
    Source upstream();

    @Override
    default List<Column> columns() {
        return upstream().columns();
    }

    @Override
    default OptionalLong size() {
        return upstream().size();
    }

    @Override
    default boolean ordered() {
        return upstream().ordered();
    }
}
