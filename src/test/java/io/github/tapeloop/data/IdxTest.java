package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.ndarray.Shape;

class IdxTest {

    private static final byte[] IMAGES = idx(0x803, new int[] {2, 1, 3}, 0, 51, 255, 1, 2, 3);
    private static final byte[] LABELS = idx(0x801, new int[] {2}, 7, 200);

    @TempDir
    private Path folder;

    private Path images;
    private Path labels;

    private static byte[] idx(int magic, int[] dimensions, int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * dimensions.length + values.length);
        bytes.putInt(magic);
        Arrays.stream(dimensions).forEach(bytes::putInt);
        Arrays.stream(values).forEach(value -> bytes.put((byte) value));
        return bytes.array();
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    @BeforeEach
    void writeGoodFiles() throws IOException {
        images = Files.write(folder.resolve("images"), IMAGES);
        labels = Files.write(folder.resolve("labels"), LABELS);
    }

    private void assertDamaged(byte[] content, String... parts) throws IOException {
        Files.write(images, content);
        DataException failure = assertThrows(DataException.class, () -> Dataset.idx(images, labels));
        assertTrue(failure.getMessage().contains(images.toString()), failure.getMessage());
        for (String part : parts) {
            assertTrue(failure.getMessage().contains(part), failure.getMessage());
        }
    }

    private void assertGoodFilesAreRead() {
        try (BatchIterator pass = Dataset.idx(images, labels).batch(2).open(0, 0)) {
            Batch batch = pass.next();
            assertEquals(Shape.of(2, 1, 3), Values.inputTensor(batch).shape());
            assertEquals(List.of(0f, 0.2f, 1f, 1 / 255f, 2 / 255f, 3 / 255f), Values.input(batch));
            assertEquals(List.of(7, 200), Values.target(batch));
        }
    }

    @Test
    void plainFilesAreRead() {
        assertGoodFilesAreRead();
    }

    @Test
    void gzipIsRecognisedByItsContentNotItsName() throws IOException {
        Files.write(images, gzip(IMAGES));
        Files.move(labels, labels.resolveSibling("labels.gz"));
        labels = labels.resolveSibling("labels.gz");
        assertGoodFilesAreRead();
    }

    @Test
    void aWrongMagicNumberIsNamed() throws IOException {
        assertDamaged(LABELS, "0x00000803", "0x00000801", "is the first file the images");
        assertDamaged("not an idx file".getBytes(), "0x00000803", "0x6e6f7420");
    }

    @Test
    void truncationNamesBothByteCounts() throws IOException {
        assertDamaged(Arrays.copyOf(IMAGES, IMAGES.length - 2), "expected 6 bytes", "2 x 1 x 3", "got 4", "truncated");
        assertDamaged(Arrays.copyOf(IMAGES, 10), "header of 16 bytes", "after 10");
        assertDamaged(new byte[0], "header of 16 bytes", "after 0");
        assertDamaged(gzip(Arrays.copyOf(IMAGES, IMAGES.length - 2)), "expected 6 bytes", "got 4");
    }

    @Test
    void trailingBytesAreNamed() throws IOException {
        assertDamaged(Arrays.copyOf(IMAGES, IMAGES.length + 3), "expected 6 bytes", "got 9", "trailing");
    }

    @Test
    void damagedGzipIsNamed() throws IOException {
        byte[] good = gzip(IMAGES);
        assertDamaged(Arrays.copyOf(good, good.length - 12), "gzip");
        assertDamaged(Arrays.copyOf(good, 5), "gzip");
        byte[] flipped = good.clone();
        flipped[good.length - 6] ^= 1;
        assertDamaged(flipped, "gzip");
    }

    @Test
    void dimensionsThatCannotBeAreNamed() throws IOException {
        assertDamaged(idx(0x803, new int[] {0, 1, 3}), "0 x 1 x 3");
        assertDamaged(idx(0x803, new int[] {-2, 1, 3}, 1, 2), "-2 x 1 x 3");
        assertDamaged(idx(0x803, new int[] {1 << 30, 1 << 30, 1 << 30}, 1, 2), "1073741824");
    }

    @Test
    void otherNumbersOfLabelsThanImagesAreRejected() throws IOException {
        Files.write(labels, idx(0x801, new int[] {3}, 1, 2, 3));
        String message = assertThrows(IllegalArgumentException.class, () -> Dataset.idx(images, labels))
                .getMessage();
        assertTrue(message.contains("2 images") && message.contains("3 labels"), message);
    }

    @Test
    void aMissingFileIsNamed() {
        DataException failure = assertThrows(DataException.class, () -> Dataset.idx(folder.resolve("nowhere"), labels));
        assertTrue(failure.getMessage().contains("nowhere"), failure.getMessage());
        assertInstanceOf(NoSuchFileException.class, failure.getCause());
    }
}
