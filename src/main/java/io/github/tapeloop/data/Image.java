package io.github.tapeloop.data;

import java.nio.file.Path;

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
        return DecodedImage.read(file).pixels(channels);
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
        float scale = (float) height / newHeight;
        for (int y = 0; y < newHeight; y++) {
            putRow((y + 0.5f) * scale - 0.5f, newWidth, resized, y * newWidth * channels);
        }
        return new Image(newHeight, newWidth, channels, resized);
    }

    /** A row at a place between those there are, in another width. */
    void putRow(float y, int newWidth, float[] out, int from) {
        float scale = (float) width / newWidth;
        int at = from;
        for (int x = 0; x < newWidth; x++) {
            for (int channel = 0; channel < channels; channel++) {
                out[at++] = at(y, (x + 0.5f) * scale - 0.5f, channel);
            }
        }
    }

    Image times(float factor) {
        float[] scaled = new float[pixels.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = pixels[i] * factor;
        }
        return new Image(height, width, channels, scaled);
    }
}
