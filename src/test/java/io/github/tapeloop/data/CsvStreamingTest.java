package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads generated files and measures what stays on the heap in the middle of a pass. */
@Tag("alone")
class CsvStreamingTest {

    private static final int FEATURES = 20;
    private static final long MEGABYTE = 1 << 20;

    @TempDir
    Path folder;

    /** {@code -Dtapeloop.csv.megabytes=2048} makes the large form read a file of 2 GB. */
    @Test
    @Tag("slow")
    void aLargeFileIsReadInBoundedMemory() throws IOException {
        read(Long.getLong("tapeloop.csv.megabytes", 200) * MEGABYTE);
    }

    @Test
    void aFileIsReadInBoundedMemory() throws IOException {
        read(12 * MEGABYTE);
    }

    private void read(long bytes) throws IOException {
        Path file = folder.resolve("data.csv");
        long rows = generate(file, bytes);
        String[] names = new String[FEATURES];
        for (int i = 0; i < FEATURES; i++) {
            names[i] = "x" + i;
        }
        Batches batches = Csv.of(file)
                .dataset(new Fields<Csv.Row>().input(Csv.Column.numbers(names)).target(Csv.Column.integer("label")))
                .shuffle(1000)
                .batch(256)
                .prefetch(2);
        long before = liveBytes();
        long most = 0;
        long read = 0;
        long nanos = System.nanoTime();
        long samplingNanos = 0;
        long every = Math.max(1, rows / 256 / 4);
        long batchNumber = 0;
        for (Batch batch : batches) {
            read += batch.size();
            if (++batchNumber % every == 0) {
                long start = System.nanoTime();
                most = Math.max(most, liveBytes() - before);
                samplingNanos += System.nanoTime() - start;
            }
        }
        double seconds = (System.nanoTime() - nanos - samplingNanos) / 1e9;
        System.out.printf(
                "CSV of %d MB, %d rows: at most %.2f MB live on the heap, %.0f MB/s%n",
                Files.size(file) / MEGABYTE, rows, (double) most / MEGABYTE, Files.size(file) / seconds / MEGABYTE);
        assertEquals(rows, read);
        assertTrue(most < 8 * MEGABYTE, most + " bytes of the heap were live in the middle of the pass");
    }

    private static long generate(Path file, long bytes) throws IOException {
        long rows = 0;
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < FEATURES; i++) {
                line.append('x').append(i).append(',');
            }
            out.append(line.append("label\n"));
            for (long written = line.length(); written < bytes; written += line.length()) {
                line.setLength(0);
                for (int i = 0; i < FEATURES; i++) {
                    line.append((rows * 31 + i * 17) % 9973 / 1000.0).append(',');
                }
                out.append(line.append(rows % 10).append('\n'));
                rows++;
            }
        }
        return rows;
    }

    /** What the last collection left over: garbage that waits for one is no part of it. */
    private static long liveBytes() {
        System.gc();
        long live = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            if (pool.getType() == MemoryType.HEAP && pool.getCollectionUsage() != null) {
                live += pool.getCollectionUsage().getUsed();
            }
        }
        return live;
    }
}
