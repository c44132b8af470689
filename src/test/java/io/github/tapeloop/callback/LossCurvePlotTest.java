package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures of curves, without a display. */
class LossCurvePlotTest {

    private final FakeRun run = new FakeRun();

    @TempDir
    Path directory;

    private void train(LossCurvePlot plot) {
        run.begin(plot);
        run.epoch(plot, 0, Map.of("loss", 1.0));
        run.epoch(plot, 1, Map.of("loss", Double.NaN, "val_loss", 0.9));
        run.epoch(plot, 2, Map.of("loss", 0.5, "val_loss", 0.8, "accuracy", 0.3));
        run.end(plot);
    }

    @Test
    void aPngShowsCurvesInColour() throws IOException {
        Path file = directory.resolve("curve.png");
        train(new LossCurvePlot(file));
        BufferedImage image = ImageIO.read(file.toFile());
        assertEquals(800, image.getWidth());
        assertEquals(500, image.getHeight());
        Set<Integer> colours = new HashSet<>();
        for (int x = 0; x < image.getWidth(); x++) {
            for (int y = 0; y < image.getHeight(); y++) {
                int rgb = image.getRGB(x, y);
                boolean grey = (rgb >> 16 & 255) == (rgb >> 8 & 255) && (rgb & 255) == (rgb >> 8 & 255);
                if (!grey) {
                    colours.add(rgb);
                }
            }
        }
        assertNotEquals(0, colours.size());
    }

    /** A container with a read-only disk: only the directory of the picture can be written. */
    @Test
    void aPngNeedsNoTemporaryFile() throws IOException {
        Path lost = Files.createDirectory(directory.resolve("cache"));
        ImageIO.setCacheDirectory(lost.toFile());
        try {
            Files.delete(lost);
            Path file = directory.resolve("curve.png");
            train(new LossCurvePlot(file));
            assertTrue(Files.size(file) > 0);
        } finally {
            ImageIO.setCacheDirectory(null);
        }
    }

    @Test
    void anSvgShowsTheCurvesThatWereMeasured() throws IOException {
        Path file = directory.resolve("curve.SVG");
        train(new LossCurvePlot(file).curves("loss", "accuracy", "val_accuracy"));
        String svg = Files.readString(file);
        assertTrue(svg.contains("<svg"), "an SVG");
        List<String> colours = Stream.of("rgb(0,0,255)", "rgb(0,128,0)", "rgb(255,0,0)") // In the order of curves.
                .filter(colour -> svg.contains("stroke:" + colour))
                .toList();
        assertEquals(List.of("rgb(0,0,255)", "rgb(0,128,0)"), colours);
    }

    @Test
    void aRunWithoutAnEpochDrawsNothing() {
        Path file = directory.resolve("none.png");
        LossCurvePlot plot = new LossCurvePlot(file);
        run.begin(plot);
        run.end(plot);
        assertFalse(Files.exists(file));
    }

    @Test
    void otherKindsOfFilesAreRefused() {
        IllegalArgumentException thrown =
                assertThrows(IllegalArgumentException.class, () -> new LossCurvePlot(Path.of("curve.jpg")));
        assertTrue(thrown.getMessage().contains(".png or .svg, got curve.jpg"), thrown.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new LossCurvePlot(Path.of("c.png")).curves());
    }

    @Test
    void withoutXChartTheArtifactIsNamed() throws Exception {
        URL[] classes = {
            LossCurvePlot.class.getProtectionDomain().getCodeSource().getLocation()
        };
        try (URLClassLoader bare = new URLClassLoader(classes, ClassLoader.getPlatformClassLoader())) {
            Class<?> plot = bare.loadClass(LossCurvePlot.class.getName());
            InvocationTargetException thrown =
                    assertThrows(InvocationTargetException.class, () -> plot.getConstructor(Path.class)
                            .newInstance(Path.of("curve.png")));
            assertInstanceOf(IllegalStateException.class, thrown.getCause());
            assertTrue(
                    thrown.getCause().getMessage().contains("org.knowm.xchart:xchart"),
                    thrown.getCause().getMessage());
        }
    }
}
