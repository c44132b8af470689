package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.EagerSession;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.image.ResizeBilinear;
import org.tensorflow.types.TFloat32;

class ImageFolderTest {

    private static final int RED = 0xff0000;
    private static final int GREEN = 0x00ff00;

    @TempDir
    Path root;

    private Path png(String name, int height, int width, int... rgb) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, width, height, rgb, 0, width);
        return save(name, image);
    }

    private Path save(String name, BufferedImage image) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        assertTrue(ImageIO.write(image, "png", file.toFile()));
        return file;
    }

    private static List<List<Object>> inputs(Dataset data, long seed, int epoch) {
        List<List<Object>> all = new ArrayList<>();
        try (BatchIterator pass = data.batch(1).open(seed, epoch)) {
            while (pass.hasNext()) {
                all.add(Values.input(pass.next()));
            }
        }
        return all;
    }

    @Test
    void subDirectoriesAreClassesInOrder() throws IOException {
        png("b/1.png", 1, 2, RED, GREEN);
        png("a/2.png", 1, 2, GREEN, GREEN);
        png("a/deeper/1.PNG", 1, 2, RED, RED);
        Files.writeString(root.resolve("a/notes.txt"), "no image");
        ImageFolder folder = ImageFolder.of(root).size(1, 2);
        assertEquals(List.of("a", "b"), folder.classes());
        assertEquals(OptionalLong.of(3), folder.dataset().size());
        try (BatchIterator pass = folder.dataset().batch(3).open(0, 0)) {
            Batch batch = pass.next();
            assertEquals(Shape.of(3, 1, 2, 3), Values.inputTensor(batch).shape());
            assertEquals(List.of(0, 0, 1), Values.target(batch));
            assertEquals(List.of(0f, 1f, 0f, 0f, 1f, 0f), Values.input(batch).subList(0, 6));
            assertEquals(List.of(1f, 0f, 0f, 0f, 1f, 0f), Values.input(batch).subList(12, 18));
        }
        try (BatchIterator pass =
                folder.grayscale().scale(1).dataset().skip(2).batch(1).open(0, 0)) {
            assertEquals(List.of(76.245f, 149.685f), Values.input(pass.next()));
        }
    }

    @Test
    void hiddenDirectoriesAndFilesArePassedOver() throws IOException {
        png(".ipynb_checkpoints/1.png", 1, 1, RED);
        Files.createDirectories(root.resolve(".git"));
        png("a/1.png", 1, 1, RED);
        png("a/.thumbnails/1.png", 1, 1, GREEN);
        Files.writeString(root.resolve("a/._1.png"), "what macOS writes beside a file");
        png("b/1.png", 1, 1, GREEN);
        ImageFolder folder = ImageFolder.of(root).size(1, 1);
        assertEquals(List.of("a", "b"), folder.classes());
        assertEquals(List.of(List.of(1f, 0f, 0f), List.of(0f, 1f, 0f)), inputs(folder.dataset(), 0, 0));
    }

    @Test
    void aClassMayBeALinkToADirectory() throws IOException {
        png("elsewhere/1.png", 1, 1, RED);
        Path classes = Files.createDirectories(root.resolve("classes"));
        Files.createSymbolicLink(classes.resolve("a"), root.resolve("elsewhere"));
        assertEquals(OptionalLong.of(1), ImageFolder.of(classes).dataset().size());
    }

    @Test
    void grayFilesKeepTheirValues() throws IOException {
        BufferedImage gray = new BufferedImage(3, 1, BufferedImage.TYPE_BYTE_GRAY);
        gray.getRaster().setSamples(0, 0, 3, 1, 0, new int[] {0, 100, 255});
        Path file = save("gray.png", gray);
        assertArrayEquals(new float[] {0, 100, 255}, Image.read(file, 1).pixels(), 1e-4f);
        assertArrayEquals(
                new float[] {0, 0, 0, 100, 100, 100, 255, 255, 255},
                Image.read(file, 3).pixels());
    }

    @Test
    void resizingIsThatOfTensorFlow() {
        float[] pixels = new float[5 * 7 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (i * 37) % 101;
        }
        Image image = new Image(5, 7, 3, pixels);
        try (EagerSession session = EagerSession.create();
                TFloat32 input = TFloat32.tensorOf(Shape.of(1, 5, 7, 3), DataBuffers.of(pixels))) {
            Ops tf = Ops.create(session);
            for (int[] size : new int[][] {{5, 7}, {10, 14}, {3, 4}, {1, 9}}) {
                float[] expected = new float[size[0] * size[1] * 3];
                tf.image
                        .resizeBilinear(tf.constantOf(input), tf.constant(size), ResizeBilinear.halfPixelCenters(true))
                        .asTensor()
                        .copyTo(DataBuffers.of(expected, false, false));
                assertArrayEquals(expected, image.resized(size[0], size[1]).pixels(), 1e-4f);
            }
        }
    }

    @Test
    void flipsShiftsAndCropsMovePixels() {
        float[] pixels = {0, 1, 2, 10, 11, 12};
        Shape shape = Shape.of(2, 3, 1);
        Set<List<Float>> flipped = new HashSet<>();
        Set<List<Float>> cropped = new HashSet<>();
        Set<List<Float>> shifted = new HashSet<>();
        for (int seed = 0; seed < 200; seed++) {
            flipped.add(list(new Augment().flipHorizontally().apply(pixels, shape, seed)));
            cropped.add(list(new Augment().crop(1, 2).apply(pixels, shape, seed)));
            shifted.add(list(new Augment().shift(0.4).apply(pixels, shape, seed)));
        }
        assertEquals(Set.of(list(pixels), List.of(2f, 1f, 0f, 12f, 11f, 10f)), flipped);
        assertEquals(Set.of(List.of(0f, 1f), List.of(1f, 2f), List.of(10f, 11f), List.of(11f, 12f)), cropped);
        assertTrue(shifted.contains(List.of(0f, 0f, 1f, 10f, 10f, 11f)), shifted.toString());
        assertTrue(shifted.contains(list(pixels)), shifted.toString());
        assertEquals(list(pixels), list(new Augment().apply(pixels, shape, 7)));
    }

    @Test
    void rotationsTurnAboutTheCentre() {
        float[] row = {0, 0, 0, 1, 1, 1, 0, 0, 0};
        boolean turned = false;
        for (int seed = 0; seed < 200; seed++) {
            float[] rotated = new Augment().rotate(90).apply(row, Shape.of(3, 3, 1), seed);
            assertEquals(1, rotated[4], 1e-6);
            turned |= rotated[1] > 0.9 && rotated[7] > 0.9 && rotated[3] < 0.1;
        }
        assertTrue(turned);
    }

    private static List<Float> list(float[] values) {
        List<Float> list = new ArrayList<>();
        for (float value : values) {
            list.add(value);
        }
        return list;
    }

    @Test
    void theSameSeedGivesTheSameImagesWithAnyThreads() throws IOException {
        for (int i = 0; i < 12; i++) {
            png("a/" + i + ".png", 2, 2, i, i << 8, i << 16, RED);
        }
        Dataset data = ImageFolder.of(root)
                .size(6, 6)
                .augment(new Augment()
                        .flipHorizontally()
                        .flipVertically()
                        .shift(0.2)
                        .rotate(20)
                        .crop(5, 4))
                .dataset()
                .shuffle(12);
        assertEquals("Dataset[input float32 [5, 4, 3], target int32 []; 12 examples]", data.toString());
        List<List<Object>> once = inputs(data, 5, 1);
        assertEquals(once, inputs(data, 5, 1));
        assertNotEquals(once, inputs(data, 5, 2));
        assertEquals(inputs(data.map(0, row -> row), 5, 1), inputs(data.map(3, row -> row), 5, 1));
    }

    private Dataset twoClasses(ImageFolder images) throws IOException {
        for (int i = 0; i < 10; i++) {
            png("a/" + i + ".png", 3, 3, new int[] {RED, i, i, i, GREEN, 0, 0, i, RED});
            png("b/" + i + ".png", 3, 3, new int[] {GREEN, i, i, i, RED, 0, 0, i, RED});
        }
        return images.dataset();
    }

    private static List<Object> targets(Dataset data) {
        try (BatchIterator pass = data.batch(100).open(0, 0)) {
            return Values.target(pass.next());
        }
    }

    @Test
    void bothPartsHaveBothClassesHoweverItIsCut() throws IOException {
        Dataset data = twoClasses(ImageFolder.of(root).size(3, 3));
        assertEquals(targets(data).stream().sorted().toList(), targets(data));
        for (Dataset.Split split : List.of(
                data.splitTail(0.5),
                data.split(0.5, 1),
                data.map(2, row -> row).shuffle(9).splitTail(0.5),
                data.filter(row -> true).cache().splitTail(0.5))) {
            assertTrue(targets(split.first()).containsAll(List.of(0, 1)));
            assertTrue(targets(split.second()).containsAll(List.of(0, 1)));
        }
        ImageFolder images = ImageFolder.of(root).size(3, 3);
        assertEquals(
                targets(images.seed(4).dataset().splitTail(0.5).second()),
                targets(images.seed(4).dataset().splitTail(0.5).second()));
        Set<List<Object>> cuts = new HashSet<>();
        for (int seed = 0; seed < 9; seed++) {
            cuts.add(targets(images.seed(seed).dataset().splitTail(0.5).second()));
        }
        assertTrue(cuts.size() > 2);
    }

    @Test
    void validationAndCachesAreNotAugmented() throws IOException {
        ImageFolder plain = ImageFolder.of(root).size(3, 3);
        List<List<Object>> asTheyAre = inputs(twoClasses(plain), 0, 0);
        Augment shift = new Augment().shift(0.4).flipHorizontally();
        Dataset images = plain.augment(shift).dataset();
        assertEquals(inputs(images, 5, 1), inputs(plain.dataset().augment(shift), 5, 1));
        for (Dataset each : List.of(
                images, images.map(2, row -> row), images.filter(row -> true), images.take(20), images.repeat(2))) {
            for (Dataset.Split split :
                    List.of(each.split(0.5, 3), each.shuffle(20).splitTail(0.5))) {
                for (int epoch = 0; epoch < 2; epoch++) {
                    assertTrue(asTheyAre.containsAll(inputs(split.second(), 7, epoch)));
                }
                assertFalse(asTheyAre.containsAll(inputs(split.first(), 7, 0)));
                assertNotEquals(inputs(split.first(), 7, 0), inputs(split.first(), 7, 1));
            }
        }
        for (Dataset cached : List.of(
                images.cache(),
                images.map(row -> row).cache(),
                images.filter(row -> true).cache(),
                images.concat(images).cache())) {
            List<List<Object>> first = inputs(cached, 7, 0);
            assertNotEquals(first, inputs(cached, 7, 1));
            assertEquals(first, inputs(cached, 7, 0));
            assertTrue(asTheyAre.containsAll(inputs(cached.split(0.3, 1).second(), 7, 0)));
        }
    }

    @Test
    void ofACropTheMiddleIsLeftForValidation() throws IOException {
        Dataset images = twoClasses(ImageFolder.of(root).size(3, 3).augment(new Augment().crop(1, 1)));
        Dataset.Split split = images.split(0.5, 1);
        List<List<Object>> middles = inputs(split.second(), 0, 0);
        assertEquals(Set.of(List.of(0f, 1f, 0f), List.of(1f, 0f, 0f)), new HashSet<>(middles));
        assertEquals(middles, inputs(split.second(), 0, 1));
        assertNotEquals(inputs(split.first(), 0, 0), inputs(split.first(), 0, 1));
        assertThrows(IllegalArgumentException.class, () -> Values.numbers(3).augment(new Augment()));
    }

    @Test
    void aFileIsBroughtToItsSizeAsItsPixelsAre() throws IOException {
        int[] rgb = new int[7 * 5];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = i * 0x070b1d;
        }
        Path file = png("x.png", 7, 5, rgb);
        for (int channels : new int[] {1, 3}) {
            for (int[] size : new int[][] {{7, 5}, {3, 4}, {1, 1}, {14, 2}, {9, 30}, {6, 5}, {7, 4}}) {
                assertArrayEquals(
                        Image.read(file, channels).resized(size[0], size[1]).pixels(),
                        DecodedImage.read(file)
                                .resized(size[0], size[1], channels)
                                .pixels());
            }
        }
    }

    @Test
    void whatIsNoImageIsNamed() throws IOException {
        assertFailure("has no sub-directory", () -> ImageFolder.of(root).dataset());
        Path none = Path.of("none/such");
        assertFailure(
                "There is no directory " + none.toAbsolutePath()
                        + "; give the one that has a sub-directory for each class",
                () -> ImageFolder.of(none).classes());
        Path plain = Files.writeString(root.resolve("plain"), "text");
        assertFailure(plain + " is a file and no directory; give the one", () -> ImageFolder.of(plain)
                .dataset());
        Files.delete(plain);
        Files.createDirectories(root.resolve("a"));
        assertFailure("has no images", () -> ImageFolder.of(root).dataset());
        Path file = Files.writeString(root.resolve("a/x.png"), "text");
        assertFailure(
                "x.png is no image",
                () -> Values.sizes(ImageFolder.of(root).dataset().batch(1)));
        png("a/x.png", 8, 8, new int[64]);
        Files.write(file, java.util.Arrays.copyOf(Files.readAllBytes(file), 40));
        assertFailure(
                "x.png cannot be read",
                () -> Values.sizes(ImageFolder.of(root).dataset().batch(1)));
    }

    private static void assertFailure(String part, org.junit.jupiter.api.function.Executable call) {
        String message = assertThrows(DataException.class, call).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void sizesOutOfRangeAreRejected() {
        assertThrows(IllegalArgumentException.class, () -> ImageFolder.of(root).size(0, 1));
        assertThrows(IllegalArgumentException.class, () -> new Augment().shift(1.5));
        assertThrows(IllegalArgumentException.class, () -> new Augment().rotate(-1));
        assertThrows(IllegalArgumentException.class, () -> new Augment().crop(0, 3));
        assertThrows(
                IllegalArgumentException.class, () -> new Augment().crop(3, 3).shapeOf(Shape.of(2, 9, 1)));
        assertThrows(IllegalArgumentException.class, () -> new Augment().apply(new float[3], Shape.of(2, 2, 1), 0));
    }
}
