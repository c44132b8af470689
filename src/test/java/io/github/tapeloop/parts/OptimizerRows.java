package io.github.tapeloop.parts;

import java.util.List;

/** Optimizers, transforms of gradients, schedules. */
final class OptimizerRows {

    private OptimizerRows() {}

    static List<PartRow> rows() {
        return List.of();
    }
}
