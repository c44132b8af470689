package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

class MnistFilesTest {

    private static final Path FOLDER = Path.of("examples", "data", "mnist");

    /** Of its bytes, counted with Python. */
    private static final int SUM_OF_FIRST_IMAGE = 27_525;

    private static Dataset mnist(String part) {
        return Dataset.idx(
                FOLDER.resolve(part + "-images-idx3-ubyte.gz"), FOLDER.resolve(part + "-labels-idx1-ubyte.gz"));
    }

    @Test
    void theTrainingSetIsTheRealOne() {
        Dataset train = mnist("train");
        assertEquals(OptionalLong.of(60_000), train.size());
        try (BatchIterator pass = train.batch(1).open(0, 0)) {
            Batch first = pass.next();
            assertEquals(Shape.of(1, 28, 28), Values.inputTensor(first).shape());
            assertEquals(5, Values.target(first).get(0));
            double sum = 0;
            for (Object pixel : Values.input(first)) {
                assertTrue((Float) pixel >= 0 && (Float) pixel <= 1, "pixel " + pixel);
                sum += Math.round((Float) pixel * 255);
            }
            assertEquals(SUM_OF_FIRST_IMAGE, sum);
        }
    }

    @Test
    void theTestSetIsTheRealOne() {
        Dataset test = mnist("t10k");
        assertEquals(OptionalLong.of(10_000), test.size());
        assertEquals(OptionalLong.of(79), test.batch(128).size());
        try (BatchIterator pass = test.batch(3).open(0, 0)) {
            assertEquals(List.of(7, 2, 1), Values.target(pass.next()));
        }
    }
}
