package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.ChildJava;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.Example;
import org.tensorflow.types.TFloat32;

/** Data is what it is whatever the charset, the language, the temporary directory and the hashes of a JVM are. */
class EnvironmentTest {

    @TempDir
    Path folder;

    private void write() throws IOException {
        Files.writeString(folder.resolve("data.csv"), "größe,wort\n1.5,é\n2.5,世\n");
        try (TfRecords.Writer writer = TfRecords.Writer.create(folder.resolve("data.tfrecord"))) {
            writer.write(new TfExample().longs("größe", 7).text("wort", "é世").build());
        }
        for (String name : List.of("z", "é", "世", "a")) {
            Path file = folder.resolve("images").resolve(name).resolve(name + " 1.png");
            Files.createDirectories(file.getParent());
            ImageIO.write(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB), "png", file.toFile());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"US-ASCII", "ISO-8859-1", "UTF-16", "IBM1047"})
    @Tag("process")
    void filesAreReadTheSameWithAnyDefaultCharset(String charset) throws Exception {
        write();
        String expected = inThisJvm();
        List<String> options = new ArrayList<>(List.of(
                "-Dfile.encoding=" + charset, "-Dstdout.encoding=UTF-8", "-Duser.language=tr", "-Duser.country=TR"));
        String output = ChildJava.succeed(Duration.ofMinutes(5), options, EnvironmentTest.class, folder.toString());
        assertTrue(output.contains(expected), output);
    }

    @Test
    @Tag("process")
    void filesAreReadTheSameWithTheLocaleC() throws Exception {
        write();
        String output = ChildJava.succeed(
                Duration.ofMinutes(5), Map.of("LC_ALL", "C"), List.of(), EnvironmentTest.class, folder.toString());
        assertTrue(output.contains(inThisJvm()), output);
    }

    @Test
    @Tag("process")
    void imagesAreReadWhereNothingCanBeWritten() throws Exception {
        write();
        String output = ChildJava.succeed(
                Duration.ofMinutes(5), List.of("-Djava.io.tmpdir=/nonexistent"), ImagesOnly.class, folder.toString());
        assertTrue(output.contains("[0, 1, 2, 3] kept true"), output);
    }

    /** Reads images and nothing of TensorFlow, whose natives are unpacked into a temporary directory. */
    static final class ImagesOnly {

        private ImagesOnly() {}

        public static void main(String[] arguments) throws IOException {
            boolean before = ImageIO.getUseCache();
            List<Integer> labels = new ArrayList<>();
            Source source =
                    ImageFolder.of(Path.of(arguments[0], "images")).size(2, 2).dataset().source;
            try (Cursor cursor = source.open(0, 0)) {
                while (cursor.advance()) {
                    HeldExample example = HeldExample.of(source.columns(), cursor.example());
                    labels.add(((int[]) example.elements(1))[0]);
                }
            }
            System.out.println(labels + " kept " + (ImageIO.getUseCache() == before));
        }
    }

    @Test
    void theOrderOfAMapWithoutOneDecidesNothing() {
        Set<List<String>> orders = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            List<String> names = new ArrayList<>(List.of("c" + i, "a" + i, "b" + i));
            Map<String, TFloat32> tensors = Map.of(
                    names.get(0),
                    TFloat32.vectorOf(3),
                    names.get(1),
                    TFloat32.vectorOf(1),
                    names.get(2),
                    TFloat32.vectorOf(2));
            try (Batch batch = Batch.of(tensors, Map.of())) {
                assertEquals(List.of("a" + i, "b" + i, "c" + i), batch.inputNames());
                assertEquals(List.of(1f), Values.input(batch));
            }
            orders.add(List.copyOf(Map.of("c" + i, 1, "a" + i, 1, "b" + i, 1).keySet()).stream()
                    .map(name -> name.substring(0, 1))
                    .toList());
        }
        assertTrue(orders.size() > 1, "Map.of has many orders: " + orders);
        Map<String, TFloat32> ordered = new java.util.LinkedHashMap<>();
        ordered.put("z", TFloat32.vectorOf(1));
        ordered.put("a", TFloat32.vectorOf(2));
        try (Batch batch = Batch.of(ordered, Map.of())) {
            assertEquals(List.of("z", "a"), batch.inputNames());
        }
    }

    private String inThisJvm() throws IOException {
        return described(folder);
    }

    /** Prints what the files of a directory hold, in ASCII. */
    public static void main(String[] arguments) throws IOException {
        System.out.write((described(Path.of(arguments[0])) + "\n").getBytes(StandardCharsets.US_ASCII));
        System.out.flush();
    }

    private static String described(Path folder) throws IOException {
        StringBuilder found = new StringBuilder();
        Dataset csv = Csv.of(folder.resolve("data.csv"))
                .dataset(new Fields<Csv.Row>()
                        .input(Csv.Column.numbers("größe"))
                        .target(Csv.Column.category("wort", "世", "é")));
        Dataset records = TfRecords.of(folder.resolve("data.tfrecord"))
                .examples(new Fields<Example>()
                        .input(TfRecords.Column.integers("größe", org.tensorflow.ndarray.Shape.scalar()))
                        .target(Field.integer(example ->
                                new String(TfRecords.Column.bytes(example, "wort"), StandardCharsets.UTF_8).equals("é世")
                                        ? 1
                                        : 0)));
        ImageFolder images = ImageFolder.of(folder.resolve("images")).size(2, 2);
        for (Dataset data : List.of(csv, records, images.dataset())) {
            Source source = data.source;
            try (Cursor cursor = source.open(0, 0)) {
                while (cursor.advance()) {
                    Object[] arrays =
                            HeldExample.of(source.columns(), cursor.example()).arrays();
                    found.append(source.columns().get(0).dtype().at(arrays[0], 0))
                            .append(' ')
                            .append(source.columns().get(1).dtype().at(arrays[1], 0))
                            .append(", ");
                }
            }
        }
        for (String name : images.classes()) {
            name.chars().forEach(character -> found.append(Integer.toHexString(character))
                    .append(' '));
        }
        return found.append(Texts.size(2.5e9).toUpperCase(Locale.ROOT)).toString();
    }
}
