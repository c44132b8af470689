package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.Example;
import org.tensorflow.types.TString;

class TfRecordTest {

    private static final Fields<Example> FIELDS = new Fields<Example>()
            .input(TfRecords.Column.floats("x", Shape.of(2)))
            .target(TfRecords.Column.integers("y", Shape.scalar()));

    @TempDir
    Path folder;

    private static Example example(int i) {
        return new TfExample()
                .floats("x", i, i + 0.5f)
                .longs("y", i)
                .text("name", "é")
                .build();
    }

    private Path write(boolean gzip, int... numbers) throws IOException {
        Path file = Files.createTempFile(folder, "data", ".tfrecord");
        try (TfRecords.Writer writer = gzip ? TfRecords.Writer.createGzip(file) : TfRecords.Writer.create(file)) {
            for (int number : numbers) {
                writer.write(example(number));
            }
        }
        return file;
    }

    private static String failureOf(Dataset data) {
        return assertThrows(DataException.class, () -> Values.sizes(data.batch(1)))
                .getMessage();
    }

    @Test
    void aRecordHasTheBytesThatTheFormatSays() throws IOException {
        Path file = folder.resolve("one");
        try (TfRecords.Writer writer = TfRecords.Writer.create(file)) {
            writer.write("123456789".getBytes(StandardCharsets.US_ASCII));
        }
        byte[] bytes = Files.readAllBytes(file);
        assertEquals("0900000000000000", HexFormat.of().formatHex(Arrays.copyOfRange(bytes, 0, 8)));
        // The check value of CRC-32C for these nine digits is e3069283 (RFC 3720).
        int crc = 0xe3069283;
        int masked = ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
        assertEquals(masked, TfRecordFormat.allocate(4).put(bytes, 21, 4).flip().getInt());
        assertEquals(25, bytes.length);
    }

    @Test
    void tensorFlowReadsWhatWasWritten() throws IOException {
        for (boolean gzip : new boolean[] {false, true}) {
            Path file = write(gzip, 3, 4);
            try (Graph graph = new Graph();
                    Session session = new Session(graph);
                    TString name = TString.scalarOf(file.toString())) {
                Ops tf = Ops.create(graph);
                Placeholder<TString> path = tf.placeholder(TString.class);
                var reader =
                        tf.io.tfRecordReader(org.tensorflow.op.io.TfRecordReader.compressionType(gzip ? "GZIP" : ""));
                var queue = tf.io.fifoQueue(List.of(TString.class));
                var filled = tf.io.queueEnqueue(queue.handle(), List.of(path));
                var read = tf.io.readerRead(reader.readerHandle(), queue.handle());
                session.runner().feed(path, name).addTarget(filled).run();
                try (var fetched = session.runner().fetch(read.value()).run()) {
                    byte[] value = ((TString) fetched.get(0)).asBytes().getObject();
                    assertArrayEquals(example(3).toByteArray(), value);
                }
            }
        }
    }

    @Test
    void examplesComeBackFromSeveralFilesPlainAndGzipped() throws IOException {
        Dataset data =
                TfRecords.of(write(false, 0, 1), write(true), write(true, 2)).examples(FIELDS);
        assertEquals(OptionalLong.empty(), data.size());
        for (int pass = 0; pass < 2; pass++) {
            try (BatchIterator batches = data.batch(4).open(0, pass)) {
                Batch batch = batches.next();
                assertEquals(List.of(0f, 0.5f, 1f, 1.5f, 2f, 2.5f), Values.input(batch));
                assertEquals(List.of(0, 1, 2), Values.target(batch));
            }
        }
        assertEquals("é", new String(TfRecords.Column.bytes(example(0), "name"), StandardCharsets.UTF_8));
    }

    @Test
    void rawRecordsAndListsOfAnyLengthAreRead() throws IOException {
        Path file = folder.resolve("raw");
        try (TfRecords.Writer writer = TfRecords.Writer.create(file)) {
            writer.write(new byte[] {1, 2});
            writer.write(new byte[0]);
        }
        Dataset raw = TfRecords.of(file).records(new Fields<byte[]>().input(Field.integer(bytes -> bytes.length)));
        try (BatchIterator batches = raw.batch(2).open(0, 0)) {
            assertEquals(List.of(2, 0), Values.input(batches.next()));
        }
        try (TfRecords.Writer writer = TfRecords.Writer.create(file)) {
            writer.write(new TfExample().longs("t", 5).build());
            writer.write(new TfExample().longs("t", 6, 7).build());
        }
        Dataset lists = TfRecords.of(file)
                .examples(
                        new Fields<Example>().input(TfRecords.Column.longIntegers("t", Shape.of(Shape.UNKNOWN_SIZE))));
        try (BatchIterator batches = lists.padBatch(2).open(0, 0)) {
            assertEquals(List.of(5L, 0L, 6L, 7L), Values.input(batches.next()));
        }
    }

    @Test
    void aLengthThatLooksLikeGzipIsALength() throws IOException {
        Path file = folder.resolve("raw");
        // 0x1f 0x8b, and with the bytes of gzip that follow, too: deflate, no flags.
        for (int length : new int[] {35_614, 35_615, 35_615 + 65_536, 0x00088b1f}) {
            for (boolean gzip : new boolean[] {false, true}) {
                try (TfRecords.Writer writer =
                        gzip ? TfRecords.Writer.createGzip(file) : TfRecords.Writer.create(file)) {
                    writer.write(new byte[length]);
                    writer.write(new byte[3]);
                }
                Dataset raw =
                        TfRecords.of(file).records(new Fields<byte[]>().input(Field.integer(bytes -> bytes.length)));
                try (BatchIterator batches = raw.batch(2).open(0, 0)) {
                    assertEquals(List.of(length, 3), Values.input(batches.next()));
                }
            }
        }
    }

    @Test
    void everyFlippedByteIsFoundAndNamed() throws IOException {
        Path file = write(false, 0, 1, 2);
        byte[] intact = Files.readAllBytes(file);
        int record = intact.length / 3;
        for (int at = record; at < 2 * record; at++) {
            byte[] bytes = intact.clone();
            bytes[at] ^= 4;
            Files.write(file, bytes);
            String message = failureOf(TfRecords.of(file).examples(FIELDS));
            assertTrue(message.contains("record 1 (at byte " + record) && message.contains("checksum"), message);
        }
    }

    @Test
    void everyTruncationIsFoundAndNamed() throws IOException {
        Path file = write(false, 0, 1);
        byte[] intact = Files.readAllBytes(file);
        int record = intact.length / 2;
        for (int length = record + 1; length < intact.length; length++) {
            Files.write(file, Arrays.copyOf(intact, length));
            String message = failureOf(TfRecords.of(file).examples(FIELDS));
            assertTrue(message.contains("record 1") && message.contains("the file "), message);
        }
        Path gzip = write(true, 0, 1, 2, 3);
        Files.write(gzip, Arrays.copyOf(Files.readAllBytes(gzip), 40));
        String message = failureOf(TfRecords.of(gzip).examples(FIELDS));
        assertTrue(message.contains("gzip") && message.contains("record "), message);
    }

    @Test
    void featuresThatAreNotThereAreNamed() throws IOException {
        TfRecords file = TfRecords.of(write(false, 0));
        String absent =
                failureOf(file.examples(new Fields<Example>().input(TfRecords.Column.floats("z", Shape.of(2)))));
        assertTrue(absent.contains("no feature \"z\"") && absent.contains("[name, x, y]"), absent);
        String kind = failureOf(file.examples(new Fields<Example>().input(TfRecords.Column.floats("y", Shape.of(1)))));
        assertTrue(kind.contains("INT64_LIST") && kind.contains("FLOAT_LIST"), kind);
        String size = failureOf(file.examples(new Fields<Example>().input(TfRecords.Column.floats("x", Shape.of(3)))));
        assertTrue(size.contains("expected 3") && size.contains("record 0 of"), size);
        assertThrows(IllegalArgumentException.class, TfRecords::of);
    }

    @Test
    void aRecordThatIsNoExampleIsNamed() throws IOException {
        Path file = folder.resolve("raw");
        try (TfRecords.Writer writer = TfRecords.Writer.create(file)) {
            writer.write(example(0));
            writer.write(new byte[] {(byte) 0xff, 1, 2});
        }
        String message = failureOf(TfRecords.of(file).examples(FIELDS));
        assertTrue(message.contains("raw, record 1: it is no tf.train.Example"), message);
    }
}
