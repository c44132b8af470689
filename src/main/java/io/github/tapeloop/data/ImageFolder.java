package io.github.tapeloop.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.tensorflow.ndarray.Shape;

/**
 * Images in a directory that has a sub-directory per class, as Keras' {@code image_dataset_from_directory} reads them:
 * classes are the sub-directories in the order of their names, images all files below them whose names end with .png,
 * .jpg, .jpeg, .gif or .bmp, in the order of their paths. What is hidden, its name beginning with a dot, is passed over.
 * Immutable; every method returns a new description.
 *
 * <pre>{@code
 * Batches train = ImageFolder.of(Path.of("flowers"))
 *         .size(96, 96)
 *         .augment(new Augment().flipHorizontally().shift(0.1))
 *         .dataset()
 *         .shuffle(10_000)
 *         .map(4, row -> row)
 *         .batch(32);
 * }</pre>
 *
 * <p>An image is read when a later stage needs its pixels: {@code shuffle} holds names of files only, and a {@code map}
 * with threads after it, even one that changes nothing, reads and augments several images at a time.
 */
public final class ImageFolder {

    private static final String EXPECTED = "; give the one that has a sub-directory for each class";

    private static final List<String> EXTENSIONS = List.of("png", "jpg", "jpeg", "gif", "bmp");
    private static final int DEFAULT_SIZE = 256;
    private static final double TO_UNIT = 1 / 255.0;

    private final Path root;
    private final int height;
    private final int width;
    private final int channels;
    private final double scale;
    private final Augment augment;
    private final long seed;

    private ImageFolder(Path root, int height, int width, int channels, double scale, Augment augment, long seed) {
        this.root = root;
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.scale = scale;
        this.augment = augment;
        this.seed = seed;
    }

    /**
     * Describes a directory whose images become colour images of 256 x 256 pixels with values in [0, 1].
     *
     * @param root the directory that has a sub-directory per class
     * @return the description
     */
    public static ImageFolder of(Path root) {
        return new ImageFolder(root, DEFAULT_SIZE, DEFAULT_SIZE, 3, TO_UNIT, new Augment(), 0);
    }

    /**
     * Sets the size that images are brought to, bilinear and whatever their own proportions.
     *
     * @param height in pixels
     * @param width in pixels
     * @return this description with that size
     * @throws IllegalArgumentException for a size below 1
     */
    public ImageFolder size(int height, int width) {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("images need 1 pixel or more, but got " + height + " x " + width);
        }
        return new ImageFolder(root, height, width, channels, scale, augment, seed);
    }

    /**
     * Makes images gray: 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601).
     *
     * @return this description with one channel
     */
    public ImageFolder grayscale() {
        return new ImageFolder(root, height, width, 1, scale, augment, seed);
    }

    /**
     * Sets what the values of pixels, 0 to 255, are multiplied by.
     *
     * @param scale 1/255 unless set, for values in [0, 1]; 1 for values as Keras gives them
     * @return this description with that factor
     */
    public ImageFolder scale(double scale) {
        return new ImageFolder(root, height, width, channels, scale, augment, seed);
    }

    /**
     * Changes images at random, after they were brought to their size: differently in each epoch, the same for the same
     * seed. As {@link Dataset#augment}, it leaves out the second part of a {@code split}, and what {@code cache} keeps.
     *
     * @param augment the changes
     * @return this description with those changes
     */
    public ImageFolder augment(Augment augment) {
        return new ImageFolder(root, height, width, channels, scale, augment, seed);
    }

    /**
     * Sets what the list of files is shuffled by before its last part is cut off by {@link Dataset#splitTail} or {@code
     * Fit.validationSplit}, as Keras shuffles it: it is sorted by class otherwise. Both parts are in the order of the paths
     * again.
     *
     * @param seed 0 unless set
     * @return this description with that seed
     */
    public ImageFolder seed(long seed) {
        return new ImageFolder(root, height, width, channels, scale, augment, seed);
    }

    /**
     * Lists the classes, by the names of the sub-directories.
     *
     * @return the names; the target of an image is an index into them
     * @throws DataException when the directory cannot be read or has no sub-directory
     */
    public List<String> classes() {
        return folders().stream().map(ImageFolder::name).toList();
    }

    /** The directories of the classes: paths, since not every name can be made of a text where the locale is C. */
    private List<Path> folders() {
        try (Stream<Path> entries = Files.list(root)) {
            List<Path> folders = entries.filter(Files::isDirectory)
                    .filter(path -> !isHidden(name(path)))
                    .sorted(Comparator.comparing(ImageFolder::name).thenComparing(Comparator.naturalOrder()))
                    .toList();
            if (folders.isEmpty()) {
                throw new DataException(root.toAbsolutePath() + " has no sub-directory; expected one for each class");
            }
            return folders;
        } catch (NoSuchFileException e) { // Named from the root, for who started the program in another directory.
            throw new DataException("There is no directory " + root.toAbsolutePath() + EXPECTED, e);
        } catch (NotDirectoryException e) {
            throw new DataException(root.toAbsolutePath() + " is a file and no directory" + EXPECTED, e);
        } catch (IOException e) {
            throw new DataException(root + " cannot be listed: " + e + EXPECTED, e);
        }
    }

    /** The name of a file, of its bytes and not by way of the locale: the classes must not depend on it. */
    private static String name(Path path) {
        String uri = path.getFileName().toUri().toString();
        String encoded = uri.substring(uri.lastIndexOf('/', uri.length() - 2) + 1);
        String name = URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8);
        return name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
    }

    /**
     * Lists the files, here and now, and describes them as examples: the input is float32 [height, width, channels], the
     * target int32 [].
     *
     * @return the dataset
     * @throws DataException when the directory cannot be read, or one of a class has no images
     * @throws IllegalArgumentException when images are smaller than the part that the augmentation cuts out
     */
    public Dataset dataset() {
        List<ImageSource.Labeled> files = new ArrayList<>();
        List<Path> folders = folders();
        for (int label = 0; label < folders.size(); label++) {
            Path folder = folders.get(label);
            int before = files.size();
            for (Path file : images(folder)) {
                files.add(new ImageSource.Labeled(file, label));
            }
            if (files.size() == before) {
                throw new DataException(folder + " has no images; their names must end with one of " + EXTENSIONS);
            }
        }
        Shape shape = Shape.of(height, width, channels);
        Dataset images = Dataset.from(new ImageSource(List.copyOf(files), shape, this::read, seed));
        return augment.isNothing() ? images : images.augment(augment);
    }

    private static List<Path> images(Path folder) {
        try {
            Path real = folder.toRealPath(); // A walk does not follow a link that it begins with.
            try (Stream<Path> files = Files.walk(real)) {
                return files.filter(file -> isImage(real.relativize(file), file))
                        .sorted()
                        .toList();
            }
        } catch (IOException e) {
            throw new DataException(folder + " cannot be listed: " + e, e);
        } catch (UncheckedIOException e) {
            throw new DataException(folder + " cannot be listed: " + e.getCause(), e);
        }
    }

    private static boolean isHidden(String name) {
        return name.startsWith(".");
    }

    private static boolean isImage(Path below, Path file) {
        for (Path part : below) {
            if (isHidden(part.toString())) {
                return false;
            }
        }
        String name = file.getFileName().toString();
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return EXTENSIONS.contains(extension) && Files.isRegularFile(file);
    }

    private float[] read(Path file) {
        Image image = DecodedImage.read(file).resized(height, width, channels);
        return image.times((float) scale).pixels();
    }

    /** Names the directory, and what images become. */
    @Override
    public String toString() {
        return "ImageFolder[" + root + "; " + height + " x " + width + " x " + channels
                + (augment.isNothing() ? "]" : ", " + augment + "]");
    }
}
