package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What a session keeps between ops, and what it refuses to touch. */
class NameCacheTest {

    @Test
    void aProgramThatMakesUpThousandsOfNamesRuns() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.constant(2f);
            // One name that comes alone, so that the cache is full between the two names of an attribute.
            tf.scope()
                    .opBuilder("Neg", "Neg")
                    .addInput(x.asOutput())
                    .setAttr("_alone", true)
                    .build();
            for (int i = 0; i < 5_000; i++) {
                try (TensorScope scope = session.scope()) {
                    Operand<TFloat32> y = tf.scope()
                            .opBuilder("Square", "Square")
                            .addInput(x.asOutput())
                            .setAttr("_attribute" + i, "text" + i)
                            .build()
                            .output(0);
                    assertEquals(4, session.scalar(y));
                }
            }
        }
    }

    @Test
    void anOperandOfAnotherSessionIsNotFreed() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TapeSession other = TapeSession.builder().threads(1, 1).build()) {
            Operand<TFloat32> foreign = other.tf().constant(1f);
            IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> session.free(foreign));
            assertTrue(error.getMessage().contains("another TapeSession"), error.getMessage());
            assertEquals(1, other.scalar(foreign));
        }
    }

    @Test
    void noDeviceIsRefusedAtOnce() {
        assertThrows(NullPointerException.class, () -> TapeSession.builder().device(null));
    }
}
