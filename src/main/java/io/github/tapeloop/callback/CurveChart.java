package io.github.tapeloop.callback;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
        curves.forEach((name, points) -> chart.addSeries(
                        name,
                        points.stream().mapToDouble(Point::epoch).toArray(),
                        points.stream().mapToDouble(Point::value).toArray())
                .setMarker(points.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE));
        try (OutputStream out = Files.newOutputStream(file)) {
            if (vector) {
                VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsEncoder.VectorGraphicsFormat.SVG);
            } else {
                BitmapEncoder.saveBitmap(chart, out, BitmapEncoder.BitmapFormat.PNG);
            }
        }
    }
}
