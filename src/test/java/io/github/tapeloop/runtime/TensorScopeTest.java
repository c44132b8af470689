package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class TensorScopeTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    @Test
    void aScopeFreesWhatWasMadeInside() {
        int before = session.liveHandles();
        try (TensorScope scope = session.scope()) {
            tf.math.square(tf.constant(2f));
            assertEquals(2, scope.live());
        }
        assertEquals(before, session.liveHandles());
    }

    @Test
    void keptOperandsOutliveTheScopeAndBelongToTheOneAround() {
        Operand<TFloat32> kept;
        try (TensorScope outer = session.scope()) {
            try (TensorScope inner = session.scope()) {
                kept = inner.keep(tf.math.square(tf.constant(3f)));
                assertEquals(kept, inner.keep(kept), "keeping twice changes nothing");
            }
            assertEquals(1, outer.live());
            assertEquals(9, session.scalar(kept));
        }
        assertThrows(IllegalStateException.class, () -> session.scalar(kept));
    }

    @Test
    void freedOperandsAreAClearErrorWhereverTheyAreUsed() {
        Operand<TFloat32> freed;
        try (TensorScope scope = session.scope()) {
            freed = tf.math.square(tf.constant(3f));
        }
        IllegalStateException used = assertThrows(IllegalStateException.class, () -> tf.math.neg(freed));
        assertTrue(used.getMessage().contains("Square"), used.getMessage());
        assertTrue(used.getMessage().contains("keep"), used.getMessage());
        assertThrows(IllegalStateException.class, () -> Tensors.shape(freed));
        assertThrows(IllegalStateException.class, freed::shape);
        assertThrows(IllegalStateException.class, freed::asTensor);
        assertThrows(IllegalStateException.class, () -> session.read(freed, tensor -> tensor));
        assertEquals("(freed)", Tensors.describe(freed));
    }

    @Test
    void aTensorTakenFromAnOperandStaysReadable() {
        TFloat32 tensor;
        try (TensorScope scope = session.scope()) {
            tensor = tf.math.square(tf.constant(3f)).asTensor();
        }
        assertEquals(9f, tensor.getFloat());
    }

    @Test
    void closingAnOuterScopeFreesTheInnerOnes() {
        int before = session.liveHandles();
        TensorScope outer = session.scope();
        TensorScope inner = session.scope();
        tf.constant(1f);
        outer.close();
        inner.close();
        outer.close();
        assertEquals(before, session.liveHandles());
        assertThrows(IllegalStateException.class, () -> inner.keep(tf.constant(1f)));
    }

    @Test
    void anOpThatFailsLeavesNothing() {
        try (TensorScope scope = session.scope()) {
            Operand<TFloat32> vector = tf.constant(new float[] {1, 2});
            OpException error = assertThrows(OpException.class, () -> tf.linalg.matMul(vector, vector));
            assertEquals("MatMul", error.type());
            assertTrue(error.getMessage().contains("float32 [2], float32 [2]"), error.getMessage());
            assertEquals(1, scope.live());
        }
    }

    @Test
    void oneOperandCanBeFreedAhead() {
        try (TensorScope scope = session.scope()) {
            Operand<TFloat32> x = tf.constant(1f);
            session.free(x);
            session.free(x);
            assertEquals(0, scope.live());
        }
    }

    @Test
    void persistentOperandsOutliveEveryScope() {
        Operand<TFloat32> persistent;
        try (TensorScope scope = session.scope()) {
            persistent = session.persist(() -> tf.math.square(tf.constant(3f)));
            assertEquals(0, scope.live());
        }
        assertEquals(9, session.scalar(persistent));
        assertEquals(1, session.liveHandles());
    }
}
