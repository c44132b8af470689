package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.Example;

/** Files of every format, cut off and with flipped bits: read, or refused with their name, the place and the cure. */
@Timeout(300)
class DamagedFilesTest {

    @TempDir
    Path folder;

    /** A format: how a whole file looks, and how it is read. */
    enum Format {
        CSV(false),
        CSV_GZIP(false),
        IDX(true),
        IDX_GZIP(true),
        TFRECORD(true),
        TFRECORD_GZIP(true),
        PNG(false),
        JPEG(false),
        GIF(false),
        BMP(false);

        /** Whether a file that was cut off cannot be taken for a whole one. */
        private final boolean knowsItsEnd;

        Format(boolean knowsItsEnd) {
            this.knowsItsEnd = knowsItsEnd;
        }

        private boolean isImage() {
            return ordinal() >= PNG.ordinal();
        }

        byte[] whole() throws IOException {
            String name = name().replace("_GZIP", "");
            byte[] plain =
                    switch (name) {
                        case "CSV" ->
                            "a,é,y\n1.5,\"2\",0\n-3e1,\"4\n\",1\n0.25,17,1\n".getBytes(StandardCharsets.UTF_8);
                        case "IDX" -> idx();
                        case "TFRECORD" -> records();
                        default -> image(name);
                    };
            return name.equals(name()) ? plain : gzip(plain);
        }

        private static byte[] idx() {
            ByteBuffer bytes = ByteBuffer.allocate(16 + 12);
            bytes.putInt(0x803).putInt(3).putInt(2).putInt(2);
            for (int i = 0; i < 12; i++) {
                bytes.put((byte) (20 * i));
            }
            return bytes.array();
        }

        private static byte[] records() throws IOException {
            Path file = Files.createTempFile("records", "");
            try (TfRecords.Writer writer = TfRecords.Writer.create(file)) {
                for (int i = 0; i < 3; i++) {
                    writer.write(new TfExample().floats("x", i, 2).longs("y", i).build());
                }
            }
            byte[] bytes = Files.readAllBytes(file);
            Files.delete(file);
            return bytes;
        }

        private static byte[] image(String format) throws IOException {
            BufferedImage image = new BufferedImage(16, 12, BufferedImage.TYPE_INT_RGB);
            Random random = new Random(1);
            for (int i = 0; i < 16 * 12; i++) {
                image.setRGB(i % 16, i / 16, random.nextInt());
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            assertTrue(ImageIO.write(image, format, out));
            return out.toByteArray();
        }

        private static byte[] gzip(byte[] bytes) throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
                gzip.write(bytes);
            }
            return out.toByteArray();
        }

        Dataset dataset(Path file) {
            if (isImage()) {
                return ImageFolder.of(file.getParent().getParent()).size(8, 8).dataset();
            }
            if (name().startsWith("CSV")) {
                return Csv.of(file)
                        .dataset(new Fields<Csv.Row>()
                                .input(Csv.Column.numbers("a", "é"))
                                .target(Csv.Column.integer("y")));
            }
            if (name().startsWith("IDX")) {
                return Dataset.idx(file, file.resolveSibling("labels"));
            }
            return TfRecords.of(file)
                    .examples(new Fields<Example>()
                            .input(TfRecords.Column.floats("x", Shape.of(2)))
                            .target(TfRecords.Column.integers("y", Shape.scalar())));
        }
    }

    private int refused;
    private int read;

    /** Reads a damaged file: what else it throws fails the test. */
    private void read(Format format, Path file, byte[] bytes, String how) throws IOException {
        Files.write(file, bytes);
        try {
            Values.sizes(format.dataset(file).batch(2));
            read++;
        } catch (DataException e) {
            refused++;
            String message = e.getMessage();
            assertTrue(message.contains(file.toString()), how + ": " + message);
            assertTrue(message.contains(";") || message.contains("?"), how + " has no cure: " + message);
            assertTrue(message.length() < 900, how + ": " + message);
            assertTrue(message.chars().noneMatch(Character::isISOControl), how + " has what nobody sees: " + message);
        } catch (IllegalArgumentException e) { // The header may be that of another number of images.
            assertTrue(
                    format.name().startsWith("IDX") && e.getMessage().contains("give two files of the same set"), how);
            refused++;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(how, e);
        }
    }

    private Path file(Format format) throws IOException {
        Path directory = Files.createDirectories(folder.resolve("a"));
        Files.write(directory.resolve("labels"), new byte[] {0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2});
        return directory.resolve("data." + format.name().toLowerCase(java.util.Locale.ROOT));
    }

    @ParameterizedTest
    @EnumSource
    void aWholeFileIsRead(Format format) throws IOException {
        read(format, file(format), format.whole(), "whole");
        assertEquals(1, read);
    }

    @ParameterizedTest
    @EnumSource
    void aFileThatIsCutOffIsReadOrNamed(Format format) throws IOException {
        byte[] whole = format.whole();
        Path file = file(format);
        for (int length = 0; length < whole.length; length++) {
            read(format, file, Arrays.copyOf(whole, length), "cut off at " + length);
        }
        if (format.knowsItsEnd) {
            // A file without records is one, too; so is one that was cut off between two of them.
            int betweenRecords = format == Format.TFRECORD ? 3 : format == Format.TFRECORD_GZIP ? 1 : 0;
            assertEquals(betweenRecords, read, "files that were cut off and not found out");
        }
        assertTrue(refused > 0);
    }

    @ParameterizedTest
    @EnumSource
    void aFlippedBitIsReadOrNamed(Format format) throws IOException {
        byte[] whole = format.whole();
        Path file = file(format);
        for (int bit = 0; bit < 8 * whole.length; bit += format.isImage() ? 3 : 1) {
            byte[] bytes = whole.clone();
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            read(format, file, bytes, "bit " + bit);
        }
        if (format == Format.TFRECORD) {
            assertEquals(0, read, "flipped bits that were not found");
        }
        assertTrue(refused > 0);
    }

    @ParameterizedTest
    @EnumSource
    void noiseIsReadOrNamed(Format format) throws IOException {
        byte[] whole = format.whole();
        Path file = file(format);
        Random random = new Random(3);
        for (int trial = 0; trial < 300; trial++) {
            byte[] bytes = whole.clone();
            for (int i = 0; i <= random.nextInt(8); i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            read(format, file, Arrays.copyOf(bytes, bytes.length + random.nextInt(3) - 1), "trial " + trial);
        }
        byte[] noise = new byte[3000];
        random.nextBytes(noise);
        read(format, file, noise, "noise");
        read(format, file, new byte[3000], "zeros");
        assertTrue(refused > 0);
    }

    @ParameterizedTest
    @EnumSource
    void aDirectoryIsNoFile(Format format) throws IOException {
        Path file = file(format);
        Files.createDirectories(file);
        if (!format.isImage()) { // Those pass over what is no file.
            try {
                Values.sizes(format.dataset(file).batch(2));
            } catch (DataException e) {
                assertTrue(
                        e.getMessage().startsWith(file.toString())
                                && e.getMessage().contains("directory; name a file"),
                        e.getMessage());
                refused++;
            }
            assertEquals(1, refused);
        }
    }
}
