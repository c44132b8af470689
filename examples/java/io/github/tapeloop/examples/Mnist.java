package io.github.tapeloop.examples;

import io.github.tapeloop.data.Dataset;
import java.nio.file.Path;

/** The MNIST files that come with this repository: 28 by 28 pixels in [0, 1], and the digit each image shows. */
public final class Mnist {

    private static final Path FOLDER = Path.of("examples", "data", "mnist");

    private Mnist() {}

    /** The 60,000 images to learn from. */
    public static Dataset train() {
        return load("train");
    }

    /** The 10,000 images to judge by. */
    public static Dataset test() {
        return load("t10k");
    }

    private static Dataset load(String name) {
        return Dataset.idx(
                FOLDER.resolve(name + "-images-idx3-ubyte.gz"), FOLDER.resolve(name + "-labels-idx1-ubyte.gz"));
    }
}
