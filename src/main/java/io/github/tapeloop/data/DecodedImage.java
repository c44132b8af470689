package io.github.tapeloop.data;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** An image file as Java decodes it: PNG, JPEG, GIF or BMP. Used by one thread. */
final class DecodedImage {

    /** Larger images are refused before memory is taken for them. */
    static final long MOST_PIXELS = 100_000_000;

    private static final int BYTES_A_PIXEL = 3;

    private final BufferedImage image;
    private final boolean gray;
    private final int[] row;

    private DecodedImage(BufferedImage image) {
        this.image = image;
        this.gray = isGray(image);
        this.row = new int[image.getWidth()];
    }

    /**
     * Decodes a file.
     *
     * @throws DataException if it cannot be read, is damaged or too large
     */
    static DecodedImage read(Path file) {
        // Not ImageIO.read: it keeps what it reads in a file below java.io.tmpdir, where that can be written.
        try (InputStream bytes = Files.newInputStream(file);
                ImageInputStream in = new MemoryCacheImageInputStream(bytes)) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
            if (!readers.hasNext()) {
                throw new DataException(file + " is no image of a format known here; PNG, JPEG, GIF and BMP are");
            }
            return new DecodedImage(decode(file, readers.next(), in));
        } catch (DataException e) {
            throw e;
        } catch (NoSuchFileException e) {
            throw new DataException("There is no file " + file.toAbsolutePath() + " any more; it was listed before", e);
        } catch (IOException | RuntimeException e) {
            // Decoders answer damaged files with exceptions of many kinds.
            throw new DataException(
                    file + " cannot be read as an image: " + e
                            + "; is it damaged, or of a kind that Java does not decode,"
                            + " such as CMYK? Get a new copy of it, save it anew, or leave it out",
                    e);
        }
    }

    private static BufferedImage decode(Path file, ImageReader reader, ImageInputStream in) throws IOException {
        String pixels = "yet unknown size";
        try {
            reader.setInput(in, true, true);
            long width = reader.getWidth(0);
            long height = reader.getHeight(0);
            pixels = width + " x " + height + " pixels";
            if (width * height > MOST_PIXELS) {
                throw new DataException(file + " is an image of " + pixels + ", which takes "
                        + Texts.size(BYTES_A_PIXEL * width * height)
                        + " or more, but at most " + MOST_PIXELS / 1_000_000
                        + " million pixels are read; scale it down, or leave it out");
            }
            return reader.read(0);
        } catch (OutOfMemoryError | IIOException e) { // The decoder of PNG wraps the one in the other.
            if (e instanceof IIOException damaged && !(e.getCause() instanceof OutOfMemoryError)) {
                throw damaged;
            }
            throw new DataException(
                    file + ": the heap of " + Texts.size(Runtime.getRuntime().maxMemory())
                            + " has no room for an image of " + pixels
                            + "; scale it down, or start Java with a larger -Xmx",
                    e);
        } finally {
            reader.dispose();
        }
    }

    private static boolean isGray(BufferedImage image) {
        int bits = image.getColorModel().getComponentSize(0);
        return image.getRaster().getNumBands() <= 2
                && image.getColorModel().getNumColorComponents() == 1
                && (bits == 8 || bits == 16);
    }

    /** Its pixels; values lie in [0, 255]. */
    Image pixels(int channels) {
        float[] pixels = new float[image.getHeight() * image.getWidth() * channels];
        for (int y = 0; y < image.getHeight(); y++) {
            put(y, channels, pixels, y * image.getWidth() * channels);
        }
        return new Image(image.getHeight(), image.getWidth(), channels, pixels);
    }

    /** As {@link Image#resized} of all its pixels, without more than two rows of floats at a time. */
    Image resized(int height, int width, int channels) {
        if (height == image.getHeight() && width == image.getWidth()) {
            return pixels(channels);
        }
        int last = image.getHeight() - 1;
        Image two = new Image(2, image.getWidth(), channels, new float[2 * image.getWidth() * channels]);
        float[] resized = new float[height * width * channels];
        float scale = (float) image.getHeight() / height;
        int above = -1;
        for (int y = 0; y < height; y++) {
            float from = Math.max(0, Math.min((y + 0.5f) * scale - 0.5f, last));
            if ((int) from != above) {
                above = (int) from;
                put(above, channels, two.pixels(), 0);
                put(Math.min(above + 1, last), channels, two.pixels(), image.getWidth() * channels);
            }
            two.putRow(from - above, width, resized, y * width * channels);
        }
        return new Image(height, width, channels, resized);
    }

    private void put(int y, int channels, float[] out, int from) {
        readRow(y);
        int at = from;
        for (int rgb : row) {
            int red = rgb >> 16 & 0xff;
            int green = rgb >> 8 & 0xff;
            int blue = rgb & 0xff;
            if (channels == 1) {
                // ITU-R BT.601, as TensorFlow and Pillow weigh colours; exact for gray ones.
                out[at++] = (299 * red + 587 * green + 114 * blue) / 1000f;
            } else {
                out[at++] = red;
                out[at++] = green;
                out[at++] = blue;
            }
        }
    }

    /** Gray files are taken as they are: getRGB would brighten them, since Java takes their values for linear light. */
    private void readRow(int y) {
        if (!gray) {
            image.getRGB(0, y, row.length, 1, row, 0, row.length);
            return;
        }
        boolean deep = image.getColorModel().getComponentSize(0) == Short.SIZE;
        image.getRaster().getSamples(0, y, row.length, 1, 0, row);
        for (int x = 0; x < row.length; x++) {
            row[x] = (deep ? row[x] >> 8 : row[x]) * 0x010101;
        }
    }
}
