package io.github.tapeloop.bench;

import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.examples.Mnist;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/** A network, a batch size, and how many steps make one measurement. Batches are MNIST's, in order. */
enum Workload {
    MLP32(32, 64, 1_200),
    MLP128(128, 512, 150),
    CNN64(64, 128, 60);

    /** How many images MNIST has to train with. */
    static final int EXAMPLES = 60_000;

    final int batch;
    final int hidden;
    final int steps;

    Workload(int batch, int hidden, int steps) {
        this.batch = batch;
        this.hidden = hidden;
        this.steps = steps;
    }

    boolean isConvolutional() {
        return this == CNN64;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The pixels of all training images in [0, 1], for the peers that read their data by themselves. */
    static float[] pixels() {
        byte[] bytes = read("train-images-idx3-ubyte.gz", 16);
        float[] pixels = new float[bytes.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (bytes[i] & 0xff) / 255f;
        }
        return pixels;
    }

    static int[] labels() {
        byte[] bytes = read("train-labels-idx1-ubyte.gz", 8);
        int[] labels = new int[bytes.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = bytes[i];
        }
        return labels;
    }

    private static byte[] read(String file, int header) {
        try (InputStream in = Files.newInputStream(Path.of("examples", "data", "mnist", file));
                DataInputStream data = new DataInputStream(new GZIPInputStream(in, 1 << 16))) {
            data.skipNBytes(header);
            return data.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Dataset data() {
        return Mnist.train();
    }
}
