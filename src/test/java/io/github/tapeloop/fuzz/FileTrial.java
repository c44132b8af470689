package io.github.tapeloop.fuzz;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Csv;
import io.github.tapeloop.data.DataException;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Field;
import io.github.tapeloop.data.Fields;
import io.github.tapeloop.data.ImageFolder;
import io.github.tapeloop.data.TfExample;
import io.github.tapeloop.data.TfRecords;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.Example;

/** A file that was right before bytes of it were cut, turned, put in or repeated: read, or refused in words that name it. */
final class FileTrial implements Trial {

    private String words = "";

    @Override
    public void run(Dice dice, Journal journal) throws IOException {
        Path folder = Files.createTempDirectory("fuzz");
        try {
            read(folder, dice, journal);
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private void read(Path folder, Dice dice, Journal journal) throws IOException {
        int which = dice.below(5);
        try {
            Dataset data =
                    switch (which) {
                        case 0 -> csv(folder, dice, journal);
                        case 1 -> idx(folder, dice, journal);
                        case 2, 3 -> images(folder, dice, journal);
                        default -> records(folder, dice, journal);
                    };
            int rows = 0;
            try (BatchIterator batches = data.batch(dice.between(1, 4)).open(1, 0)) {
                while (batches.hasNext()) {
                    try (Batch batch = batches.next()) {
                        rows += batch.size();
                    }
                }
            }
            journal.outcome(rows > 0 ? "read" : "empty");
        } catch (DataException e) {
            journal.outcome("refused");
            if (!String.valueOf(e.getMessage()).contains("fuzz")) {
                journal.finding("no-file", words + " " + e);
            }
            if (e.getMessage() != null && e.getMessage().length() > 1500) {
                journal.finding("long-words", words + " " + e);
            }
        } catch (IllegalArgumentException e) {
            journal.outcome("refused otherwise");
            if (!String.valueOf(e.getMessage()).contains("fuzz")) {
                journal.finding("no-file", words + " " + e);
            }
        } catch (RuntimeException e) {
            journal.finding("threw", words + " " + e + " at " + TrialLoop.place(e));
        } catch (OutOfMemoryError e) {
            journal.finding("memory", words + " " + e);
        }
    }

    /** Writes a file after it has been damaged. */
    private Path write(Path file, byte[] right, Dice dice, Journal journal) throws IOException {
        byte[] bytes = right;
        StringBuilder done = new StringBuilder(file.getFileName() + " of " + right.length);
        for (int times = dice.of(0, 1, 1, 1, 2, 4); times > 0 && bytes.length > 0; times--) {
            int at = dice.chance(0.5) ? dice.below(bytes.length) : dice.below(Math.min(bytes.length, 64));
            int how = dice.below(6);
            done.append(' ').append(how).append('@').append(at);
            switch (how) {
                case 0 -> bytes = Arrays.copyOf(bytes, at);
                case 1, 2 -> {
                    bytes = bytes.clone();
                    bytes[at] ^= (byte) (1 << dice.below(8));
                }
                case 3 -> {
                    bytes = bytes.clone();
                    for (int i = at; i < Math.min(bytes.length, at + 4); i++) {
                        bytes[i] = (byte) dice.of(0, 255, 127, 128);
                    }
                }
                case 4 -> {
                    byte[] more = Arrays.copyOf(bytes, bytes.length + dice.between(1, 300));
                    for (int i = bytes.length; i < more.length; i++) {
                        more[i] = (byte) dice.below(256);
                    }
                    bytes = more;
                }
                default -> {
                    ByteArrayOutputStream twice = new ByteArrayOutputStream();
                    twice.write(bytes, 0, at);
                    twice.write(bytes);
                    bytes = twice.toByteArray();
                }
            }
        }
        words = done.toString();
        journal.note(words);
        return Files.write(file, bytes);
    }

    private static byte[] zipped(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream gz = new GZIPOutputStream(out)) {
            gz.write(bytes);
        }
        return out.toByteArray();
    }

    private Dataset csv(Path folder, Dice dice, Journal journal) throws IOException {
        StringBuilder text = new StringBuilder(dice.chance(0.1) ? "\ufeffa,b,c\n" : "a,b,c\n");
        for (int rows = dice.below(30); rows > 0; rows--) {
            text.append(dice.normal()).append(',').append(dice.below(5)).append(',');
            text.append(dice.oneOf("x", "\"y\"", "\"z,\"\"\n\"", "")).append(dice.chance(0.9) ? "\n" : "\r\n");
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        boolean gz = dice.chance(0.3);
        Path file = write(folder.resolve(gz ? "t.csv.gz" : "t.csv"), gz ? zipped(bytes) : bytes, dice, journal);
        return Csv.of(file)
                .dataset(new Fields<Csv.Row>()
                        .input(dice.chance(0.5) ? Csv.Column.numbers("a", "b") : Csv.Column.numbersOr(0, "a", "b"))
                        .target(dice.chance(0.5) ? Csv.Column.integerOr(0, "b") : Csv.Column.category("c", "x", "y")));
    }

    private Dataset idx(Path folder, Dice dice, Journal journal) throws IOException {
        int count = dice.between(1, 5);
        int side = dice.between(1, 4);
        byte[] images = new byte[16 + count * side * side];
        byte[] labels = new byte[8 + count];
        header(images, 0x803, count, side, side);
        header(labels, 0x801, count);
        boolean gz = dice.chance(0.4);
        Path one = write(folder.resolve(gz ? "i.gz" : "i"), gz ? zipped(images) : images, dice, journal);
        String before = words;
        Path two = write(folder.resolve(gz ? "l.gz" : "l"), gz ? zipped(labels) : labels, dice, journal);
        words = before + " and " + words;
        return Dataset.idx(one, two);
    }

    private static void header(byte[] bytes, int... numbers) {
        for (int i = 0; i < numbers.length; i++) {
            for (int k = 0; k < 4; k++) {
                bytes[4 * i + k] = (byte) (numbers[i] >> (24 - 8 * k));
            }
        }
    }

    private Dataset images(Path folder, Dice dice, Journal journal) throws IOException {
        Path root = Files.createDirectory(folder.resolve("root"));
        for (String name : List.of("cats", "dogs")) {
            Path of = Files.createDirectory(root.resolve(name));
            BufferedImage image = new BufferedImage(
                    dice.between(1, 20),
                    dice.between(1, 20),
                    dice.of(BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_BYTE_INDEXED));
            for (int i = 0; i < 50; i++) {
                image.setRGB(dice.below(image.getWidth()), dice.below(image.getHeight()), (int) dice.any());
            }
            String format = dice.oneOf("png", "jpg", "gif", "bmp");
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ImageIO.write(image, format, bytes);
            write(of.resolve("a." + format), bytes.toByteArray(), dice, journal);
        }
        ImageFolder images = ImageFolder.of(root).size(dice.between(1, 9), dice.between(1, 9));
        return (dice.chance(0.3) ? images.grayscale() : images).dataset();
    }

    private Dataset records(Path folder, Dice dice, Journal journal) throws IOException {
        Path right = folder.resolve("right");
        try (TfRecords.Writer writer = TfRecords.Writer.create(right)) {
            for (int i = dice.between(1, 5); i > 0; i--) {
                writer.write(new TfExample().floats("x", i, 2 * i).longs("y", i).build());
            }
        }
        byte[] bytes = Files.readAllBytes(right);
        boolean gz = dice.chance(0.3);
        Path file =
                write(folder.resolve(gz ? "r.tfrecord.gz" : "r.tfrecord"), gz ? zipped(bytes) : bytes, dice, journal);
        if (dice.chance(0.3)) {
            return TfRecords.of(file).records(new Fields<byte[]>().input(Field.number(record -> record.length)));
        }
        return TfRecords.of(file).examples(new Fields<Example>().input(TfRecords.Column.floats("x", Shape.of(2))));
    }
}
