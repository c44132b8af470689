package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.ChildJava;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

/** Native memory of batches, in a Java of its own. */
@Tag("process")
class BatchMemoryTest {

    @Test
    void aBatchThatDoesNotFitSaysHowLargeItIs() throws Exception {
        String output = ChildJava.succeed(Duration.ofMinutes(5), List.of(), BatchMemoryTest.class);
        for (String word : List.of(
                "no native memory for a batch of 281474976710656 bytes, float32 [1099511627776, 64], that is 281.5 TB",
                "no native memory for a batch of 4611686018427387904 bytes, int64 [9007199254740992, 64], that is 4.6 EB",
                "and then 16 bytes")) {
            assertTrue(output.contains(word), output);
        }
    }

    /** Asks for what no machine has. */
    public static void main(String[] arguments) {
        for (Runnable tooLarge : List.<Runnable>of(
                () -> Dtype.FLOAT32.allocate(Shape.of(1L << 40, 64)),
                () -> Dtype.INT64.allocate(Shape.of(1L << 53, 64)))) {
            try {
                tooLarge.run();
            } catch (DataException e) {
                System.out.println(e.getMessage());
            }
        }
        System.out.println("and then " + Dtype.INT64.allocate(Shape.of(2)).numBytes() + " bytes");
    }
}
