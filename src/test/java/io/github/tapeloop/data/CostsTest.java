package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.examples;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How often rows are read, and what buffers hold. */
class CostsTest {

    @TempDir
    Path folder;

    private final AtomicInteger reads = new AtomicInteger();

    /** A hundred rows, each of whose reads is counted. */
    private Dataset counted() {
        return Dataset.ofRecords(Collections.nCopies(100, 1f), new Fields<Float>().input(Field.numbers(value -> {
                    reads.incrementAndGet();
                    return value;
                })));
    }

    private void assertReads(int expected, Dataset... all) {
        reads.set(0);
        for (Dataset data : all) {
            examples(data, 0, 0);
        }
        assertEquals(expected, reads.get());
    }

    @Test
    void aRowOfWindowsIsReadOnce() {
        Dataset windows = counted().window(10, 1);
        assertReads(100, windows);
        assertReads(100, windows.shuffle(200));
        assertReads(100, windows.map(2, row -> row));
        assertReads(99, counted().window(3, 2).window(4, 1).map(row -> row));
        assertReads(30, counted().window(3, 10));
        assertReads(10, windows.skip(90));
    }

    @Test
    void aFilterReadsWhatItAsksForOnce() {
        assertReads(100, counted().filter(row -> true));
        assertReads(100, counted().filter(row -> row.floats("input")[0] > 0));
        assertReads(100, counted().filter(row -> row.floats("input")[0] < 0));
        assertReads(100, counted().filter(row -> row.floats("input")[0] > 0).map(row -> row));
        assertReads(0, counted().filter(row -> row.number() > 100));
    }

    @Test
    void thePartsOfACacheReadNothingAgain() {
        Dataset cached = counted().cache();
        assertReads(100, cached, cached);
        Dataset.Split split = cached.split(0.2, 3);
        assertReads(
                0,
                split.first(),
                split.second(),
                cached.take(5),
                cached.skip(5),
                cached.splitTail(0.5).second());
    }

    @Test
    void aCacheIsFilledByItsParts() {
        for (int way = 0; way < 4; way++) {
            Dataset cached = counted().cache();
            List<Dataset> parts = new ArrayList<>();
            if (way == 0) {
                parts.addAll(List.of(cached.take(30), cached.skip(30)));
            } else if (way == 1) {
                parts.addAll(List.of(cached.skip(99), cached.take(99)));
            } else {
                Dataset.Split split = way == 2 ? cached.split(0.2, 3) : cached.splitTail(0.2);
                parts.addAll(List.of(split.first(), split.second()));
            }
            for (int epoch = 0; epoch < 3; epoch++) {
                assertReads(epoch == 0 ? 100 : 0, parts.toArray(Dataset[]::new));
            }
        }
    }

    @Test
    void aPartThatEndsEarlyFillsWhatItHasRead() {
        Dataset cached = counted().cache();
        assertReads(3, cached.take(3));
        assertReads(2, cached.take(5));
        assertReads(95, cached);
        assertReads(0, cached);
    }

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
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
