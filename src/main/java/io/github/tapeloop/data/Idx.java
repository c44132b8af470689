package io.github.tapeloop.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.tensorflow.ndarray.Shape;

/**
 * Reads IDX files of unsigned bytes: two zero bytes, the type 0x08, the number of dimensions, each dimension as a
 * big-endian int32, then the bytes.
 */
final class Idx {

    private static final int UNSIGNED_BYTES = 0x0800;
    private static final int MOST_COUNTED = 1 << 16;

    private Idx() {}

    static Source read(Path images, Path labels) {
        Contents pixels = read(images, 3, "images");
        Contents classes = read(labels, 1, "labels");
        if (pixels.dimensions()[0] != classes.dimensions()[0]) {
            throw new IllegalArgumentException(images + " has " + pixels.dimensions()[0] + " images but " + labels
                    + " has " + classes.dimensions()[0] + " labels; give two files of the same set");
        }
        Shape shape = Shape.of(pixels.dimensions()[1], pixels.dimensions()[2]);
        return MemorySource.of(
                MemoryColumn.pixels(pixels.bytes(), shape),
                ColumnData.of(unsigned(classes.bytes())).bind(Column.TARGET, Role.TARGET));
    }

    private record Contents(int[] dimensions, byte[] bytes) {}

    private static Contents read(Path file, int rank, String what) {
        Interrupts.begin();
        try (InputStream in = Compressed.open(file)) {
            int[] dimensions = header(file, in, rank, what);
            return new Contents(dimensions, body(file, in, dimensions));
        } catch (IOException e) {
            throw Compressed.failure(file + ", IDX " + what, e);
        }
    }

    private static int[] header(Path file, InputStream in, int rank, String what) throws IOException {
        int length = 4 + 4 * rank;
        ByteBuffer header = ByteBuffer.wrap(in.readNBytes(length));
        int expected = UNSIGNED_BYTES | rank;
        if (header.remaining() >= 4 && header.getInt(0) != expected) {
            throw new DataException(String.format(
                    Locale.ROOT,
                    "%s: expected the IDX magic number 0x%08x (%s: unsigned bytes in %d dimensions) but got 0x%08x; is"
                            + " the first file the images and the second the labels?",
                    file,
                    expected,
                    what,
                    rank,
                    header.getInt(0)));
        }
        if (header.remaining() < length) {
            throw new DataException(file + ": expected an IDX header of " + length + " bytes but the file ends after "
                    + header.remaining() + "; get a new copy of it");
        }
        int[] dimensions = new int[rank];
        header.position(4).asIntBuffer().get(dimensions);
        return dimensions;
    }

    private static byte[] body(Path file, InputStream in, int[] dimensions) throws IOException {
        String sizes = Arrays.stream(dimensions).mapToObj(Integer::toString).collect(Collectors.joining(" x "));
        int expected = product(file, dimensions, sizes);
        String place = file + ": what its header of " + sizes + " says";
        Compressed.requireSize(file, place, expected);
        byte[] bytes = Compressed.read(in, place, expected);
        // A small file may stand for very many bytes: they are not counted to the end.
        long actual = bytes.length + (bytes.length == expected ? in.readNBytes(MOST_COUNTED).length : 0L);
        if (actual != expected) {
            String more = actual == (long) expected + MOST_COUNTED ? " or more" : "";
            throw new DataException(file + ": expected " + expected + " bytes after the header (" + sizes + ") but got "
                    + actual + more + "; the file is "
                    + (actual < expected ? "truncated" : "damaged or has trailing bytes") + ", get a new copy of it");
        }
        return bytes;
    }

    private static int product(Path file, int[] dimensions, String sizes) {
        long product = 1;
        for (int dimension : dimensions) {
            product = dimension < 1 ? -1 : product * dimension;
            if (product < 1 || product > Integer.MAX_VALUE) {
                throw new DataException(file + ": expected dimensions of 1 or more with at most " + Integer.MAX_VALUE
                        + " bytes together, but its header says " + sizes + "; get a new copy of it");
            }
        }
        return (int) product;
    }

    private static int[] unsigned(byte[] bytes) {
        int[] values = new int[bytes.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = bytes[i] & 0xff;
        }
        return values;
    }
}
