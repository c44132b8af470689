package io.github.tapeloop.parts;

import java.util.List;

/** Convolutions, pooling and what else works on images and series. */
final class SpatialRows {

    private SpatialRows() {}

    static List<PartRow> rows() {
        return List.of();
    }
}
