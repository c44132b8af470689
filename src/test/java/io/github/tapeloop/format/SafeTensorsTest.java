package io.github.tapeloop.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files in safetensors: as the reference implementation writes them, and what must not be believed. */
class SafeTensorsTest {

    private static final Path GOLDEN = Path.of("src/test/resources/safetensors");

    @TempDir
    private Path temp;

    private static byte[] bytes(SafeTensors file, String name) throws IOException {
        SafeTensors.Entry entry = file.entries().get(name);
        byte[] bytes = new byte[(int) entry.bytes()];
        file.read(name, 0, bytes.length).get(bytes);
        return bytes;
    }

    private static ByteBuffer values(SafeTensors file, String name) throws IOException {
        return ByteBuffer.wrap(bytes(file, name)).order(ByteOrder.LITTLE_ENDIAN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"types", "shapes", "names", "none", "metadata"})
    void whatIsWrittenIsByteForByteWhatTheReferenceWriterWrites(String name) throws IOException {
        Path golden = GOLDEN.resolve(name + ".safetensors");
        Path written = temp.resolve("written.safetensors");
        try (SafeTensors read = SafeTensors.open(golden)) {
            SafeTensorsWriter writer = new SafeTensorsWriter();
            List<String> names = new ArrayList<>(read.entries().keySet());
            Collections.shuffle(names, new Random(1)); // The order in which they are given does not matter.
            for (String tensor : names) {
                SafeTensors.Entry entry = read.entries().get(tensor);
                long[] shape = entry.shape().stream().mapToLong(Long::longValue).toArray();
                writer.put(tensor, entry.dtype(), shape, (from, length) -> read.read(tensor, from, length));
            }
            read.metadata().forEach(writer::metadata);
            OutputFile.Written sums = writer.write(written);
            assertEquals(Files.size(golden), sums.bytes());
        }
        assertEquals(
                new String(Files.readAllBytes(golden), StandardCharsets.ISO_8859_1),
                new String(Files.readAllBytes(written), StandardCharsets.ISO_8859_1));
    }

    @Test
    void valuesOfEachTypeAreRead() throws IOException {
        try (SafeTensors file = SafeTensors.open(GOLDEN.resolve("types.safetensors"))) {
            assertEquals(14, file.entries().size());
            assertArrayEquals(new byte[] {1, 0, 0, 1}, bytes(file, "bool"));
            assertEquals(List.of(2L, 2L), file.entries().get("bool").shape());
            assertArrayEquals(new byte[] {0, 1, -1}, bytes(file, "u8"));
            assertArrayEquals(new byte[] {-128, 127}, bytes(file, "i8"));
            assertEquals(65535, values(file, "u16").getShort(2) & 0xffff);
            assertEquals(-32768, values(file, "i16").getShort());
            assertEquals(Integer.MIN_VALUE, values(file, "i32").getInt());
            assertEquals(-1, values(file, "u32").getInt(4));
            assertEquals(Long.MAX_VALUE, values(file, "i64").getLong(8));
            assertEquals(-1, values(file, "u64").getLong(8));
            double[] numbers = {0, 1, -1, 2.5, 65504, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN};
            for (int i = 0; i < numbers.length; i++) {
                assertEquals((float) numbers[i], values(file, "f32").getFloat(4 * i));
                assertEquals(numbers[i], values(file, "f64").getDouble(8 * i));
            }
            assertEquals(0x4100, values(file, "f16").getShort(6), "2.5");
            assertEquals(0x4020, values(file, "bf16").getShort(6), "2.5");
            assertEquals(2, values(file, "c64").getFloat(4));
        }
    }

    @Test
    void shapesNamesAndTextsAreRead() throws IOException {
        try (SafeTensors shapes = SafeTensors.open(GOLDEN.resolve("shapes.safetensors"));
                SafeTensors names = SafeTensors.open(GOLDEN.resolve("names.safetensors"))) {
            assertEquals(List.of(), shapes.entries().get("scalar").shape());
            assertEquals(0, bytes(shapes, "empty").length);
            assertEquals(7, values(shapes, "").getLong());
            assertTrue(names.entries()
                    .keySet()
                    .containsAll(Set.of("quote\"", "back\\slash", "\b\f\u0001\u001f\u007f", "日本", "\ue000", "😀")));
            assertEquals(Map.of("format", "n\"p\n"), names.metadata());
        }
    }

    @Test
    void partsOfATensorAreReadAndNoneBeyondIt() throws IOException {
        try (SafeTensors file = SafeTensors.open(GOLDEN.resolve("types.safetensors"))) {
            assertEquals(-1, file.read("i8", 0, 1).get() >> 7);
            assertEquals(127, file.read("i8", 1, 1).get());
            for (long[] no : new long[][] {{0, 3}, {-1, 1}, {2, 1}, {Long.MAX_VALUE, 1}, {0, -1}}) {
                assertThrows(IllegalArgumentException.class, () -> file.read("i8", no[0], (int) no[1]));
            }
            assertThrows(IllegalArgumentException.class, () -> file.read("x", 0, 1));
        }
    }

    @Test
    void aFileThatIsThereIsNotWrittenOver() throws IOException {
        Path there = Files.writeString(temp.resolve("there"), "mine");
        assertThrows(FileAlreadyExistsException.class, () -> new SafeTensorsWriter().write(there));
        assertEquals("mine", Files.readString(there));
        SafeTensorsWriter writer = new SafeTensorsWriter().put("a", SafeDtype.F32, new long[0], (from, length) -> null);
        assertThrows(IllegalArgumentException.class, () -> writer.put("a", SafeDtype.F32, new long[0], null));
        assertThrows(FormatException.class, () -> writer.put("half", SafeDtype.F4, new long[] {3}, null));
        SafeTensorsWriter less = new SafeTensorsWriter()
                .put("a", SafeDtype.F32, new long[] {2}, (from, length) -> ByteBuffer.allocate(length - 1));
        assertThrows(FormatException.class, () -> less.write(temp.resolve("less")));
        writer.put("\ud800", SafeDtype.F32, new long[0], (from, length) -> null);
        assertThrows(FormatException.class, () -> writer.write(temp.resolve("surrogate")));
    }

    /** A file with a header and so many bytes of values. */
    private Path file(String header, int values) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + values).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(text.length).put(text);
        return Files.write(temp.resolve("hostile.safetensors"), bytes.array());
    }

    private static String tensor(String dtype, String shape, String offsets) {
        return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
    }

    static Stream<List<Object>> hostileHeaders() {
        String good = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        return Stream.of(
                List.of("[]", 0, "begins with '{'"),
                List.of(" {}", 0, "begins with '{'"),
                List.of("{ ", 0, "at character 2"),
                List.of("{}x", 0, "the end"),
                List.of("{} ", 4, "behind the last"),
                List.of("{\"a\":" + good + ",\"a\":" + good + "}", 4, "each key once, got 'a'"),
                List.of("{\"a\":7}", 0, "an object for 'a'"),
                List.of("{\"__metadata__\":{\"a\":1}}", 0, "text for 'a'"),
                List.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "two data_offsets for 'a'"),
                List.of(good.replace("}", ",\"more\":1}").replaceFirst("^", "{\"a\":") + "}", 4, "two data_offsets"),
                List.of(tensor("F32", "[1]", "[0,4,8]"), 4, "two data_offsets"),
                List.of(tensor("F31", "[1]", "[0,4]"), 4, "dtype of safetensors for 'a', F32 for example, got F31"),
                List.of(tensor("F32", "[-1]", "[0,4]"), 4, "at least 0, got -1"),
                List.of(tensor("F32", "[1.0]", "[0,4]"), 4, "at least 0, got 1.0"),
                List.of(tensor("F32", "[NaN]", "[0,4]"), 4, "JSON with"),
                List.of(tensor("F32", "[1e0]", "[0,4]"), 4, "whole numbers"),
                List.of(tensor("F32", "[null]", "[0,4]"), 4, "whole numbers"),
                List.of(tensor("F32", "[9223372036854775808]", "[0,4]"), 4, "64 bits"),
                List.of(tensor("F32", "[4611686018427387904,4]", "[0,4]"), 4, "below 2^63 bits"),
                List.of(tensor("F32", "[2]", "[0,4]"), 4, "Expected 8 bytes for 'a'"),
                List.of(tensor("F32", "[1]", "[4,8]"), 8, "begin at byte 0 of the values, got 4"),
                List.of(tensor("F32", "[1]", "[4,0]"), 4, "data_offsets of -4"),
                List.of(tensor("F4", "[1]", "[0,1]"), 1, "whole bytes"),
                List.of(tensor("F32", "[1]", "[0,4]"), 3, "cut off"),
                List.of(tensor("F32", "[1]", "[0,4]"), 5, "behind the last"),
                List.of(tensor("F32", "[1000000000000]", "[0,4000000000000]"), 4, "cut off"),
                List.of("{\"a\":" + good + ",\"b\":" + good + "}", 4, "overlap"),
                List.of("{\"a\":" + good + ",\"b\":" + good.replace("[0,4]", "[8,12]") + "}", 12, "nobody's"),
                List.of("{\"a\":" + "[".repeat(100_000), 0, "at most 64 deep"),
                List.of("{\"\\ud800\":" + good + "}", 4, "surrogate pairs"));
    }

    @ParameterizedTest
    @MethodSource("hostileHeaders")
    void aHostileHeaderIsRefusedWithTheReason(List<Object> row) throws IOException {
        Path file = file((String) row.get(0), (int) row.get(1));
        FormatException no = assertThrows(FormatException.class, () -> SafeTensors.open(file));
        assertTrue(no.getMessage().contains((String) row.get(2)), no.getMessage());
        assertTrue(no.getMessage().contains(file.toString()), no.getMessage());
        assertTrue(no.getMessage().length() < 500, no.getMessage());
    }

    @Test
    void theLengthOfTheHeaderIsNotBelieved() throws IOException {
        for (long length : new long[] {0, 1, 9, 1 << 20, 100_000_001, 1L << 40, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
            ByteBuffer bytes =
                    ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
            Path file = Files.write(temp.resolve("length"), bytes.array());
            long allocated = Allocated.now();
            FormatException no = assertThrows(FormatException.class, () -> SafeTensors.open(file));
            assertTrue(Allocated.now() - allocated < Allocated.LITTLE, "the length was believed");
            assertTrue(no.getMessage().contains("Expected a header of 2 to 8 bytes"), no.getMessage());
        }
        for (int size = 0; size < 10; size++) {
            Path file = Files.write(temp.resolve("short"), new byte[size]);
            assertThrows(FormatException.class, () -> SafeTensors.open(file));
        }
    }

    @Test
    void aHeaderThatIsNoUtf8IsRefused() throws IOException {
        Path file = file(tensor("F32", "[1]", "[0,4]"), 4);
        byte[] bytes = Files.readAllBytes(file);
        bytes[10] = (byte) 0xff;
        Files.write(file, bytes);
        FormatException no = assertThrows(FormatException.class, () -> SafeTensors.open(file));
        assertTrue(no.getMessage().contains("UTF-8"), no.getMessage());
    }

    @Test
    void whatIsNoRegularFileIsNotOpened() throws IOException {
        FormatException directory = assertThrows(FormatException.class, () -> SafeTensors.open(temp));
        assertTrue(directory.getMessage().contains("got a directory"), directory.getMessage());
        assertThrows(NoSuchFileException.class, () -> SafeTensors.open(temp.resolve("none")));
        Path link = Links.create(
                temp.resolve("link"), GOLDEN.resolve("types.safetensors").toAbsolutePath());
        FormatException no = assertThrows(FormatException.class, () -> SafeTensors.open(link));
        assertTrue(no.getMessage().contains("got a link"), no.getMessage());
        Path device = Path.of("/dev/zero");
        if (Files.exists(device)) {
            assertThrows(FormatException.class, () -> SafeTensors.open(device));
        }
    }

    @Test
    void anInterruptEndsNoRead() throws IOException {
        try (SafeTensors file = SafeTensors.open(GOLDEN.resolve("types.safetensors"))) {
            Thread.currentThread().interrupt();
            assertEquals(127, file.read("i8", 1, 1).get());
            try (SafeTensors opened = SafeTensors.open(GOLDEN.resolve("types.safetensors"))) {
                assertEquals(127, opened.read("i8", 1, 1).get());
            }
            assertTrue(Thread.interrupted());
            assertEquals(127, file.read("i8", 1, 1).get());
        }
    }

    @Test
    void randomBytesInAGoodFileAreRefusedOrReadWithinTheFile() throws IOException {
        assertEquals(2000, damaged(2000));
    }

    @Test
    @Tag("slow")
    void randomBytesInTenThousandFilesAreRefusedOrReadWithinTheFile() throws IOException {
        assertEquals(10_000, damaged(10_000));
    }

    private int damaged(int tries) throws IOException {
        Random random = new Random(3);
        byte[] good = Files.readAllBytes(GOLDEN.resolve("types.safetensors"));
        int read = 0;
        int refused = 0;
        long most = 0;
        for (int i = 0; i < tries; i++) {
            byte[] bytes = random.nextInt(3) == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : good.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0 && bytes.length > 0; flips--) {
                bytes[random.nextInt(Math.min(bytes.length, 860))] ^= (byte) (1 << random.nextInt(8));
            }
            Path file = Files.write(temp.resolve("damaged"), bytes);
            long allocated = Allocated.now();
            try (SafeTensors opened = SafeTensors.open(file)) {
                for (String name : opened.entries().keySet()) {
                    bytes(opened, name);
                }
                read++;
            } catch (FormatException e) {
                assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
                refused++;
            }
            most = Math.max(most, Allocated.now() - allocated);
        }
        System.out.printf(
                "%d files damaged: %d refused, %d read, at most %d bytes allocated%n", tries, refused, read, most);
        assertTrue(most < Allocated.LITTLE, most + " bytes");
        assertTrue(refused > read, refused + " refused, " + read + " read");
        return refused + read;
    }

    @Test
    @Tag("slow")
    void tensorsOfThreeGigabytesGoOutAndComeBack() throws IOException {
        long bytes = 3L << 30;
        Path file = temp.resolve("large.safetensors");
        byte[] chunk = new byte[1 << 16];
        OutputFile.Written written = new SafeTensorsWriter()
                .put("large", SafeDtype.U8, new long[] {bytes}, (from, length) -> counted(from, length))
                .put("small", SafeDtype.U8, new long[] {3}, (from, length) -> ByteBuffer.wrap(chunk, 0, length))
                .write(file);
        assertEquals(Files.size(file), written.bytes());
        try (SafeTensors read = SafeTensors.open(file)) {
            for (long at = 0; at < bytes; at += 1 << 26) {
                assertEquals(counted(at, 1 << 26), read.read("large", at, 1 << 26));
            }
            assertArrayEquals(new byte[3], bytes(read, "small"));
        }
        try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(cut.length() - 1);
        }
        assertThrows(FormatException.class, () -> SafeTensors.open(file));
    }

    /** Bytes that tell where they stand. */
    private static ByteBuffer counted(long from, int length) {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        IntStream.range(0, length / Long.BYTES).forEach(i -> bytes.putLong(from + (long) i * Long.BYTES));
        return bytes.flip();
    }
}
