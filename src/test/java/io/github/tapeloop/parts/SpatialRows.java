package io.github.tapeloop.parts;

import io.github.tapeloop.layer.AveragePool1D;
import io.github.tapeloop.layer.AveragePool2D;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.MaxPool1D;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Padding;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Pooling and what else works on images and series, except {@link ConvolutionRows}. */
final class SpatialRows {

    private static final String POOL = "strides None (pool_size), padding valid";

    private SpatialRows() {}

    static List<PartRow> rows() {
        return Stream.of(ConvolutionRows.rows(), pools()).flatMap(List::stream).toList();
    }

    static PartRow row(String part, String variant, String defaults, SpatialCheck check) {
        return new PartRow(PartRow.Kind.LAYER, part, variant, "layers." + part, defaults, "PyTorch", check);
    }

    private static PartRow row(
            String part, String variant, String defaults, String oracle, Supplier<? extends Layer> layer) {
        return row(part, variant, defaults, new SpatialCheck(oracle, layer, true));
    }

    private static List<PartRow> pools() {
        return List.of(
                row("MaxPool2D", "", POOL, "max_pool2d", () -> new MaxPool2D(2)),
                row("MaxPool2D", "3 x 2, strides 1 x 2, same", POOL, "max_pool2d_rectangular", () -> new MaxPool2D(3, 2)
                        .strides(1, 2)
                        .padding(Padding.SAME)),
                row("MaxPool2D", "strides 2, same", POOL, "max_pool2d_strides", () -> new MaxPool2D(3)
                        .strides(2)
                        .padding(Padding.SAME)),
                row("MaxPool1D", "", POOL, "max_pool1d", () -> new MaxPool1D(2)),
                row("MaxPool1D", "strides 2, same", POOL, "max_pool1d_same", () -> new MaxPool1D(3)
                        .strides(2)
                        .padding(Padding.SAME)),
                row("AveragePool2D", "", POOL, "average_pool2d", () -> new AveragePool2D(2)),
                row(
                        "AveragePool2D",
                        "3 x 2, strides 1 x 2, same",
                        POOL,
                        "average_pool2d_rectangular",
                        () -> new AveragePool2D(3, 2).strides(1, 2).padding(Padding.SAME)),
                row("AveragePool2D", "strides 2, same", POOL, "average_pool2d_strides", () -> new AveragePool2D(3)
                        .strides(2)
                        .padding(Padding.SAME)),
                row("AveragePool1D", "", POOL, "average_pool1d", () -> new AveragePool1D(2)),
                row("AveragePool1D", "strides 2, same", POOL, "average_pool1d_same", () -> new AveragePool1D(3)
                        .strides(2)
                        .padding(Padding.SAME)));
    }
}
