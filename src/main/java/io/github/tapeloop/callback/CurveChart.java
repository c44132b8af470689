package io.github.tapeloop.callback;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The only class that needs XChart. */
final class CurveChart {

    private static final int WIDTH = 800;
    private static final int HEIGHT = 500;

    /** A value of a curve. */
    record Point(int epoch, double value) {}

    private CurveChart() {}

    /** Fails with a {@link NoClassDefFoundError} if XChart is missing. */
    static void load() {
        new XYChartBuilder();
    }

    static void draw(Map<String, List<Point>> curves, Path file, boolean vector) throws IOException {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .xAxisTitle("epoch")
                .theme(Styler.ChartTheme.Matlab)
                .build();
        chart.getStyler().setLocale(Locale.ROOT);
        curves.forEach((name, points) -> chart.addSeries(
                        name,
                        points.stream().mapToDouble(Point::epoch).toArray(),
                        points.stream().mapToDouble(Point::value).toArray())
                .setMarker(points.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE));
        try (OutputStream out = Files.newOutputStream(file)) {
            if (vector) {
                VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsEncoder.VectorGraphicsFormat.SVG);
            } else {
                writePng(BitmapEncoder.getBufferedImage(chart), out);
            }
        }
    }

    /** ImageIO would keep the picture in a file of the temporary directory, which need not be writable. */
    private static void writePng(BufferedImage picture, OutputStream out) throws IOException {
        try (ImageOutputStream memory = new MemoryCacheImageOutputStream(out)) {
            ImageIO.write(picture, "png", memory);
        }
    }
}
