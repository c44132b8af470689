package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the buffers of stages hold on the heap. */
@Tag("alone")
class HeldOnTheHeapTest {

    @TempDir
    Path folder;

    @Test
    void aFilterBeforeAShuffleHoldsNamesOfFiles() throws IOException {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        Files.createDirectory(folder.resolve("a"));
        for (int i = 0; i < 60; i++) {
            ImageIO.write(image, "png", folder.resolve("a/" + i + ".png").toFile());
        }
        Dataset images = ImageFolder.of(folder).size(256, 256).dataset();
        long names = held(images.shuffle(60));
        for (Dataset filtered : List.of(
                images.filter(row -> true),
                images.filter(row -> row.integers("target")[0] == 0),
                images.filter(row -> row.floats("input").length > 0))) {
            long held = held(filtered.shuffle(60));
            // An image takes 0.79 MB of floats.
            assertTrue(held < names + 5_000_000, held + " bytes of the heap, of names alone " + names);
        }
    }

    @Test
    void aShuffleOfAFileHoldsNumbers() throws IOException {
        StringBuilder text = new StringBuilder("a,b,c,d,e,f,g,h,i,j\n");
        for (int i = 0; i < 20_000; i++) {
            text.append("0.12345,".repeat(9)).append("0.12345\n");
        }
        Path file = Files.writeString(folder.resolve("data.csv"), text);
        text.setLength(0);
        text.trimToSize();
        Dataset data = Csv.of(file)
                .dataset(new Fields<Csv.Row>()
                        .input(Csv.Column.numbers("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")));
        long held = held(data.shuffle(20_000));
        assertTrue(
                held < 4_500_000,
                held + " bytes for 20,000 rows of 10 numbers, which are 800,000 bytes"); // Texts: 13 MB.
    }

    private static long held(Dataset data) {
        long before = used();
        try (BatchIterator pass = data.batch(1).open(0, 0)) {
            pass.next();
            return used() - before;
        }
    }

    private static long used() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            least = Math.min(
                    least,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }
}
