package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.ChildJava;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Small files that claim to be huge, and huge ones: refused with their name and sizes, before memory is taken where it can be. */
@Timeout(300)
class FileBoundsTest {

    @TempDir
    Path folder;

    /** A PNG of one bit a pixel, all black, or only the claim to be one. */
    private static byte[] png(int width, int height, boolean whole) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 1);
        chunk(out, "IHDR", header.array());
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(data)) {
            for (int y = 0; whole && y < height; y++) {
                deflater.write(new byte[1 + (width + 7) / 8]);
            }
        }
        chunk(out, "IDAT", data.toByteArray());
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static void chunk(OutputStream out, String type, byte[] data) throws IOException {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        out.write(ByteBuffer.allocate(4).putInt(data.length).array());
        out.write(name);
        out.write(data);
        out.write(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }

    private static byte[] idxHeader(int... dimensions) {
        ByteBuffer header = ByteBuffer.allocate(4 + 4 * dimensions.length).putInt(0x800 | dimensions.length);
        Arrays.stream(dimensions).forEach(header::putInt);
        return header.array();
    }

    private static byte[] recordHeader(long length) {
        ByteBuffer header = TfRecordFormat.allocate(TfRecordFormat.HEADER_BYTES);
        TfRecordFormat.putHeader(header, length);
        return header.array();
    }

    /** A head and megabytes of one byte after it. */
    private static Path file(Path file, boolean gzip, byte[] head, int megabytes, char fill) throws IOException {
        byte[] megabyte = new byte[1 << 20];
        Arrays.fill(megabyte, (byte) fill);
        if (gzip) {
            return RepeatedGzip.write(file, head, megabyte, megabytes);
        }
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(head);
            for (int i = 0; i < megabytes; i++) {
                out.write(megabyte);
            }
        }
        return file;
    }

    private static Dataset images(Path folder) {
        return ImageFolder.of(folder).size(8, 8).dataset();
    }

    private static Dataset csv(Path file) {
        return Csv.of(file).dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a")));
    }

    private static Dataset records(Path file) {
        return TfRecords.of(file).records(new Fields<byte[]>().input(Field.number(bytes -> bytes.length)));
    }

    private static void assertRefused(Path file, Runnable reading, String... parts) {
        DataException thrown = assertThrows(DataException.class, reading::run);
        for (String part : parts) {
            assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
        }
        assertTrue(thrown.getMessage().contains(file.toString()), thrown.getMessage());
        assertTrue(thrown.getMessage().length() < 700, thrown.getMessage());
    }

    @Test
    void anImageThatClaimsToBeHugeIsRefused() throws IOException {
        Path file = folder.resolve("a/0.png");
        Files.createDirectory(folder.resolve("a"));
        for (int[] size : new int[][] {{30_000, 30_000}, {65_535, 65_535}, {Integer.MAX_VALUE, 1}, {10_001, 10_000}}) {
            for (boolean whole : new boolean[] {false, true}) {
                if (!whole || size[1] == 30_000) {
                    Files.write(file, png(size[0], size[1], whole));
                    assertTrue(Files.size(file) < 200_000);
                    assertRefused(
                            file,
                            () -> Values.sizes(images(folder).batch(1)),
                            size[0] + " x " + size[1] + " pixels",
                            size[0] == 30_000 ? "2.7 GB" : "B or more",
                            "at most 100 million pixels",
                            "scale it down");
                }
            }
        }
        Files.write(file, png(3000, 2000, true));
        assertEquals(List.of(1), Values.sizes(images(folder).batch(1)));
    }

    @Test
    void anIdxFileThatIsTooShortForItsHeaderIsRefusedAtOnce() throws IOException {
        Path labels = Files.write(folder.resolve("labels"), idxHeader(3));
        for (boolean gzip : new boolean[] {false, true}) {
            Path file = file(folder.resolve("images"), gzip, idxHeader(3, 26_754, 26_754), 0, '0');
            assertRefused(
                    file, () -> Dataset.idx(file, labels), "3 x 26754 x 26754", "2.1 GB", "bytes", "get a new copy");
        }
    }

    @Test
    void anIdxFileThatIsMuchLongerThanItsHeaderIsNotReadToTheEnd() throws IOException {
        Path labels = Files.write(folder.resolve("labels"), new byte[] {0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2});
        Path file = file(folder.resolve("images"), true, idxHeader(3, 2, 2), 1024, '0');
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        assertRefused(file, () -> Dataset.idx(file, labels), "expected 12 bytes", "got 65548 or more", "trailing");
        assertTrue(threads.getCurrentThreadCpuTime() - start < 1e9, "1 GB was read");
    }

    @Test
    void aRecordThatIsLongerThanItsFileIsRefusedAtOnce() throws IOException {
        for (boolean gzip : new boolean[] {false, true}) {
            Path file = file(folder.resolve("data"), gzip, recordHeader(2_000_000_000), 0, '0');
            assertRefused(
                    file, () -> Values.sizes(records(file).batch(1)), "record 0 (at byte 0", "2.0 GB", "new copy");
        }
        Path file = file(folder.resolve("data"), false, recordHeader(3_000_000_000L), 0, '0');
        assertRefused(file, () -> Values.sizes(records(file).batch(1)), "3000000000 bytes but at most 2.1 GB fit");
    }

    @Test
    void aLineOfDelimitersOrOfNothingElseIsRefused() throws IOException {
        byte[] header = "a,b\n".getBytes(StandardCharsets.US_ASCII);
        Path commas = file(folder.resolve("commas.csv"), false, header, 20, ',');
        assertRefused(commas, () -> Values.sizes(csv(commas).batch(1)), "line 2", "more than 1048576 values", "?");
        Path letters = file(folder.resolve("letters.csv.gz"), true, header, 100, 'x');
        assertRefused(letters, () -> Values.sizes(csv(letters).batch(1)), "line 2", "more than 16777216 characters");
        Path names = file(folder.resolve("names.csv"), false, new byte[] {'a'}, 3, ',');
        assertRefused(names, () -> Values.sizes(csv(names).batch(1)), "line 1", "more than 1048576 values");
        Path number = file(folder.resolve("number.csv"), false, header, 15, '1');
        Files.write(number, ",2\n".getBytes(StandardCharsets.US_ASCII), java.nio.file.StandardOpenOption.APPEND);
        assertRefused(
                number, () -> Values.sizes(csv(number).batch(1)), "line 2, column \"a\"", "(15728640 characters)");
    }

    @Test
    void aRecordOfExactlyTheMostCharactersIsRead() throws IOException {
        String most = "x".repeat(CsvParser.LARGEST_RECORD);
        String records = most + "\n" + most.substring(1) + ",\n" + most + ",";
        try (CsvParser parser = new CsvParser("text", new java.io.StringReader(records), ',')) {
            assertEquals(List.of(most), parser.next());
            assertEquals(List.of(most.substring(1), ""), parser.next(), "what stands between values counts");
            String message = assertThrows(DataException.class, parser::next).getMessage();
            assertTrue(message.startsWith("text, line 3, value 1: the record has more than"), message);
        }
    }

    @Test
    void aRecordOfExactlyTheMostValuesIsRead() throws IOException {
        String most = ",".repeat(CsvParser.MOST_VALUES - 1);
        try (CsvParser parser = new CsvParser("text", new java.io.StringReader(most + "\n" + most + ","), ',')) {
            assertEquals(CsvParser.MOST_VALUES, parser.next().size());
            assertThrows(DataException.class, parser::next);
        }
    }

    @Test
    @Tag("process")
    void whatTheHeapHasNoRoomForIsNamedWithSizes() throws Exception {
        String output =
                ChildJava.succeed(Duration.ofMinutes(5), List.of("-Xmx48m"), FileBoundsTest.class, folder.toString());
        for (String line : output.lines().filter(each -> each.startsWith("->")).toList()) {
            assertTrue(line.contains("DataException"), line);
            assertTrue(line.contains(folder.toString()) && line.contains("MB") && line.contains(";"), line);
        }
        assertEquals(5, output.lines().filter(each -> each.startsWith("->")).count(), output);
    }

    /** Reads with a small heap what needs a large one. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        Path labels = Files.write(folder.resolve("labels"), new byte[] {0, 0, 8, 1, 0, 0, 0, 1, 0});
        for (boolean gzip : new boolean[] {false, true}) {
            Path images = file(folder.resolve("idx" + gzip), gzip, idxHeader(1, 1 << 10, 100 << 10), 100, '0');
            say(() -> Dataset.idx(images, labels));
            Path record = file(folder.resolve("record" + gzip), gzip, recordHeader(100 << 20), 101, '0');
            say(() -> Values.sizes(records(record).batch(1)));
        }
        Files.createDirectories(folder.resolve("images/a"));
        ByteArrayOutputStream colours = new ByteArrayOutputStream();
        colours.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
        chunk(
                colours,
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(9000)
                        .putInt(9000)
                        .put((byte) 8)
                        .put((byte) 2)
                        .array());
        chunk(colours, "IDAT", new byte[8]);
        Files.write(folder.resolve("images/a/0.png"), colours.toByteArray());
        say(() -> Values.sizes(images(folder.resolve("images")).batch(1)));
    }

    private static void say(Runnable reading) {
        try {
            reading.run();
            System.out.println("-> read");
        } catch (RuntimeException | Error e) {
            System.out.println("-> " + e);
        }
    }
}
