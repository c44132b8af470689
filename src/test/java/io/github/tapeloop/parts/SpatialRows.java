package io.github.tapeloop.parts;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.layer.AveragePool1D;
import io.github.tapeloop.layer.AveragePool2D;
import io.github.tapeloop.layer.Cropping1D;
import io.github.tapeloop.layer.Cropping2D;
import io.github.tapeloop.layer.GlobalAveragePool1D;
import io.github.tapeloop.layer.GlobalAveragePool2D;
import io.github.tapeloop.layer.GlobalMaxPool1D;
import io.github.tapeloop.layer.GlobalMaxPool2D;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.MaxPool1D;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Padding;
import io.github.tapeloop.layer.Permute;
import io.github.tapeloop.layer.Rescaling;
import io.github.tapeloop.layer.Resizing;
import io.github.tapeloop.layer.UpSampling1D;
import io.github.tapeloop.layer.UpSampling2D;
import io.github.tapeloop.layer.ZeroPadding1D;
import io.github.tapeloop.layer.ZeroPadding2D;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Pooling and what else works on images and series, except {@link ConvolutionRows}. */
final class SpatialRows {

    private static final Oracle FIGURES = Oracle.load("spatial.txt");
    private static final String POOL = "strides=None (pool_size), padding=valid";

    private SpatialRows() {}

    static List<PartRow> rows() {
        return Stream.of(ConvolutionRows.rows(), pools(), globalPools(), edges(), sizes(), SpatialDropoutRows.rows())
                .flatMap(List::stream)
                .toList();
    }

    /** A layer against spatial.py. */
    static PartRow row(String part, String variant, String defaults, String figures, Supplier<? extends Layer> layer) {
        return row(part, variant, defaults, new LayerCase(FIGURES, figures, layer, true, false, 1e-12));
    }

    /** A layer whose op computes in float32 whatever its input is. */
    private static PartRow inFloat32(
            String part, String variant, String defaults, String figures, Supplier<? extends Layer> layer) {
        return row(part, variant, defaults, new LayerCase(FIGURES, figures, layer, true, false, 1e-5));
    }

    private static PartRow row(String part, String variant, String defaults, LayerCase check) {
        return new PartRow(PartRow.Kind.LAYER, part, variant, "layers." + part, defaults, "PyTorch", check::check);
    }

    private static List<PartRow> pools() {
        return List.of(
                row("MaxPool2D", "", "pool_size=2, " + POOL, "max_pool2d", () -> new MaxPool2D()),
                row("MaxPool2D", "3 x 2, strides 1 x 2, same", POOL, "max_pool2d_rectangular", () -> new MaxPool2D(3, 2)
                        .strides(1, 2)
                        .padding(Padding.SAME)),
                row("MaxPool2D", "strides 2, same", POOL, "max_pool2d_strides", () -> new MaxPool2D(3)
                        .strides(2)
                        .padding(Padding.SAME)),
                row("MaxPool1D", "", "pool_size=2, " + POOL, "max_pool1d", () -> new MaxPool1D()),
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

    private static List<PartRow> globalPools() {
        String defaults = "keepdims=False";
        return List.of(
                row("GlobalMaxPool2D", "", defaults, "global_max_pool2d", GlobalMaxPool2D::new),
                row("GlobalMaxPool1D", "", defaults, "global_max_pool1d", GlobalMaxPool1D::new),
                row("GlobalAveragePool2D", "", defaults, "global_average_pool2d", GlobalAveragePool2D::new),
                row("GlobalAveragePool1D", "", defaults, "global_average_pool1d", GlobalAveragePool1D::new),
                row("GlobalMaxPool2D", "keepDims", defaults, "global_max_pool2d_kept", () -> new GlobalMaxPool2D()
                        .keepDims(true)),
                row("GlobalMaxPool1D", "keepDims", defaults, "global_max_pool1d_kept", () -> new GlobalMaxPool1D()
                        .keepDims(true)),
                row(
                        "GlobalAveragePool2D",
                        "keepDims",
                        defaults,
                        "global_average_pool2d_kept",
                        () -> new GlobalAveragePool2D().keepDims(true)),
                row(
                        "GlobalAveragePool1D",
                        "keepDims",
                        defaults,
                        "global_average_pool1d_kept",
                        () -> new GlobalAveragePool1D().keepDims(true)));
    }

    private static List<PartRow> edges() {
        return List.of(
                row("ZeroPadding2D", "", "padding=1", "zero_padding2d", () -> new ZeroPadding2D()),
                row(
                        "ZeroPadding2D",
                        "uneven",
                        "padding=1",
                        "zero_padding2d_uneven",
                        () -> new ZeroPadding2D(0, 2, 3, 1)),
                row("ZeroPadding1D", "", "padding=1", "zero_padding1d", () -> new ZeroPadding1D()),
                row("ZeroPadding1D", "uneven", "padding=1", "zero_padding1d_uneven", () -> new ZeroPadding1D(2, 0)),
                row("Cropping2D", "1", "", "cropping2d", () -> new Cropping2D(1)),
                row("Cropping2D", "uneven", "", "cropping2d_uneven", () -> new Cropping2D(0, 2, 1, 0)),
                row("Cropping1D", "", "cropping=1", "cropping1d", () -> new Cropping1D()),
                row("Cropping1D", "uneven", "cropping=1", "cropping1d_uneven", () -> new Cropping1D(0, 3)));
    }

    private static List<PartRow> sizes() {
        String up = "size=2, interpolation=nearest";
        String resizing = "interpolation=bilinear";
        return List.of(
                row("UpSampling2D", "", up, "up_sampling2d", () -> new UpSampling2D(2)),
                row("UpSampling2D", "3 x 1", up, "up_sampling2d_rectangular", () -> new UpSampling2D(3, 1)),
                inFloat32("UpSampling2D", "2 x 3, bilinear", up, "up_sampling2d_bilinear", () -> new UpSampling2D(2, 3)
                        .interpolation(Resizing.Interpolation.BILINEAR)),
                row("UpSampling1D", "", "size=2", "up_sampling1d", () -> new UpSampling1D()),
                inFloat32("Resizing", "", resizing, "resizing", () -> new Resizing(5, 3)),
                row("Resizing", "nearest", resizing, "resizing_nearest", () -> new Resizing(5, 3)
                        .interpolation(Resizing.Interpolation.NEAREST)),
                row("Permute", "3, 1, 2", "", "permute", () -> new Permute(3, 1, 2)),
                row("Rescaling", "0.25, -1", "offset=0", "rescaling", () -> new Rescaling(0.25, -1)));
    }
}
