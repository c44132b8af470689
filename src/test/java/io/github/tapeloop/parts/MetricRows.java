package io.github.tapeloop.parts;

import java.util.List;

/** Metrics. */
final class MetricRows {

    private MetricRows() {}

    static List<PartRow> rows() {
        return List.of();
    }
}
