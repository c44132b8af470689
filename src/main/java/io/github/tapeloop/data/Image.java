package io.github.tapeloop.data;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * Pixels as floats, row-major, channels last.
 *
 * @param height in pixels
 * @param width in pixels
 * @param channels 1 for gray, 3 for red, green and blue
 * @param pixels float32 [height, width, channels]
 */
record Image(int height, int width, int channels, float[] pixels) {

    /** Decodes a file; values lie in [0, 255]. */
    static Image read(Path file, int channels) {
        BufferedImage decoded;
        try (InputStream in = Files.newInputStream(file)) {
            decoded = ImageIO.read(in);
        } catch (IOException | RuntimeException e) {
            // Decoders answer damaged files with exceptions of many kinds.
            throw new DataException(file + " cannot be read as an image: " + e, e);
        }
        if (decoded == null) {
            throw new DataException(file + " is no image of a format known here; PNG, JPEG, GIF and BMP are");
        }
        return of(decoded, channels);
    }

    private static Image of(BufferedImage decoded, int channels) {
        int height = decoded.getHeight();
        int width = decoded.getWidth();
        float[] pixels = new float[height * width * channels];
        int[] row = new int[width];
        int at = 0;
        for (int y = 0; y < height; y++) {
            rgb(decoded, y, row);
            for (int rgb : row) {
                int red = rgb >> 16 & 0xff;
                int green = rgb >> 8 & 0xff;
                int blue = rgb & 0xff;
                if (channels == 1) {
                    // ITU-R BT.601, as TensorFlow and Pillow weigh colours; exact for gray ones.
                    pixels[at++] = (299 * red + 587 * green + 114 * blue) / 1000f;
                } else {
                    pixels[at++] = red;
                    pixels[at++] = green;
                    pixels[at++] = blue;
                }
            }
        }
        return new Image(height, width, channels, pixels);
    }

    /** Gray files are taken as they are: getRGB would brighten them, since Java takes their values for linear light. */
    private static void rgb(BufferedImage decoded, int y, int[] row) {
        int bits = decoded.getColorModel().getComponentSize(0);
        boolean gray = decoded.getRaster().getNumBands() <= 2
                && decoded.getColorModel().getNumColorComponents() == 1
                && (bits == 8 || bits == 16);
        if (!gray) {
            decoded.getRGB(0, y, row.length, 1, row, 0, row.length);
            return;
        }
        decoded.getRaster().getSamples(0, y, row.length, 1, 0, row);
        for (int x = 0; x < row.length; x++) {
            row[x] = (bits == 16 ? row[x] >> 8 : row[x]) * 0x010101;
        }
    }

    /** The value of a channel at a place between pixels, bilinear; what lies outside is as the nearest pixel. */
    float at(float y, float x, int channel) {
        float top = Math.max(0, Math.min(y, height - 1));
        float left = Math.max(0, Math.min(x, width - 1));
        int y0 = (int) top;
        int x0 = (int) left;
        int y1 = Math.min(y0 + 1, height - 1);
        int x1 = Math.min(x0 + 1, width - 1);
        float above = mix(pixel(y0, x0, channel), pixel(y0, x1, channel), left - x0);
        float below = mix(pixel(y1, x0, channel), pixel(y1, x1, channel), left - x0);
        return mix(above, below, top - y0);
    }

    private static float mix(float a, float b, float share) {
        return a + (b - a) * share;
    }

    private float pixel(int y, int x, int channel) {
        return pixels[(y * width + x) * channels + channel];
    }

    /** Another size, bilinear with half-pixel centres and no anti-aliasing, as {@code tf.image.resize} does. */
    Image resized(int newHeight, int newWidth) {
        if (newHeight == height && newWidth == width) {
            return this;
        }
        float[] resized = new float[newHeight * newWidth * channels];
        float scaleY = (float) height / newHeight;
        float scaleX = (float) width / newWidth;
        int at = 0;
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                for (int channel = 0; channel < channels; channel++) {
                    resized[at++] = at((y + 0.5f) * scaleY - 0.5f, (x + 0.5f) * scaleX - 0.5f, channel);
                }
            }
        }
        return new Image(newHeight, newWidth, channels, resized);
    }

    Image times(float factor) {
        float[] scaled = new float[pixels.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = pixels[i] * factor;
        }
        return new Image(height, width, channels, scaled);
    }
}
