package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

class ConstantsTest {

    private final TapeSession session = TapeSession.open();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    @Test
    void aConstantIsMadeOnceForEachTypeAndValue() {
        assertSame(Tensors.constant(tf, 3), Tensors.constant(tf, 3));
        assertSame(Tensors.constant(tf, new int[] {1, -1}), Tensors.constant(tf, new int[] {1, -1}));
        assertSame(Tensors.constant(tf, new long[] {1, -1}), Tensors.constant(tf, new long[] {1, -1}));
        assertNotSame(Tensors.constant(tf, 3), Tensors.constant(tf, 4));
        assertNotSame(Tensors.constant(tf, 3f), Tensors.constant(tf, 3.0));
        assertNotSame(Tensors.constant(tf, new int[] {1}), Tensors.constant(tf, new long[] {1}));
        assertNotSame(Tensors.constant(tf, 0f), Tensors.constant(tf, -0f));
    }

    @Test
    void aConstantHasItsValueAfterTheScopeItWasMadeIn() {
        Operand<TInt32> shape;
        try (TensorScope scope = session.scope()) {
            shape = Tensors.constant(tf, new int[] {2, -1});
        }
        assertArrayEquals(new int[] {2, -1}, session.read(shape, StdArrays::array1dCopyOf));
    }

    @Test
    void whatTheSessionKeepsIsNoLeak() {
        int before = session.liveHandles();
        Tensors.constant(tf, 7);
        assertEquals(before, session.liveHandles());
        assertEquals(0, session.leakReport().liveHandles());
    }

    @Test
    void aConstantThatSomebodyFreedIsMadeAnew() {
        session.free(Tensors.constant(tf, 5.0));
        assertEquals(5.0, session.scalar(Tensors.constant(tf, 5.0)));
    }

    @Test
    void constantsBeyondThoseKeptBelongToTheScope() {
        for (int i = 0; i < 1024; i++) {
            Tensors.constant(tf, i);
        }
        Operand<TInt32> oneMore;
        try (TensorScope scope = session.scope()) {
            oneMore = Tensors.constant(tf, 5000);
            assertEquals(1, scope.live());
        }
        assertTrue(Tensors.isFreed(oneMore));
        assertSame(Tensors.constant(tf, 3), Tensors.constant(tf, 3));
    }

    @Test
    void aGraphHasConstantsOfItsOwn() {
        Tensors.constant(tf, 2f);
        try (TracedFunction function = TracedFunction.trace(
                session, "two", List.of(), (ops, none) -> List.of(ops.math.square(Tensors.constant(ops, 2f))))) {
            assertEquals(4.0, session.read(floatScalar(function), t -> (double) t.getFloat()));
        }
    }

    @SuppressWarnings("unchecked") // The function gives a float32 scalar.
    private static Operand<TFloat32> floatScalar(TracedFunction function) {
        return (Operand<TFloat32>) (Operand<?>) function.call(List.of()).get(0);
    }

    @Test
    void constantsAreFreedWithTheSession() {
        Operand<TInt32> axis = Tensors.constant(tf, 1);
        session.close();
        assertTrue(Tensors.isFreed(axis));
    }
}
