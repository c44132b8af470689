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
        assertSame(Constants.of(tf, 3), Constants.of(tf, 3));
        assertSame(Constants.of(tf, new int[] {1, -1}), Constants.of(tf, new int[] {1, -1}));
        assertSame(Constants.of(tf, new long[] {1, -1}), Constants.of(tf, new long[] {1, -1}));
        assertNotSame(Constants.of(tf, 3), Constants.of(tf, 4));
        assertNotSame(Constants.of(tf, 3f), Constants.of(tf, 3.0));
        assertNotSame(Constants.of(tf, new int[] {1}), Constants.of(tf, new long[] {1}));
        assertNotSame(Constants.of(tf, 0f), Constants.of(tf, -0f));
    }

    @Test
    void aConstantHasItsValueAfterTheScopeItWasMadeIn() {
        Operand<TInt32> shape;
        try (TensorScope scope = session.scope()) {
            shape = Constants.of(tf, new int[] {2, -1});
        }
        assertArrayEquals(new int[] {2, -1}, session.read(shape, StdArrays::array1dCopyOf));
    }

    @Test
    void whatTheSessionKeepsIsNoLeak() {
        int before = session.liveHandles();
        Constants.of(tf, 7);
        assertEquals(before, session.liveHandles());
        assertEquals(0, session.leakReport().liveHandles());
    }

    @Test
    void aConstantThatSomebodyFreedIsMadeAnew() {
        session.free(Constants.of(tf, 5.0));
        assertEquals(5.0, session.scalar(Constants.of(tf, 5.0)));
    }

    @Test
    void constantsBeyondThoseKeptBelongToTheScope() {
        for (int i = 0; i < 1024; i++) {
            Constants.of(tf, i);
        }
        Operand<TInt32> oneMore;
        try (TensorScope scope = session.scope()) {
            oneMore = Constants.of(tf, 5000);
            assertEquals(1, scope.live());
        }
        assertTrue(Tensors.isFreed(oneMore));
        assertSame(Constants.of(tf, 3), Constants.of(tf, 3));
    }

    @Test
    void aGraphHasConstantsOfItsOwn() {
        Constants.of(tf, 2f);
        try (TracedFunction function = TracedFunction.trace(
                session, "two", List.of(), (ops, none) -> List.of(ops.math.square(Constants.of(ops, 2f))))) {
            assertEquals(4.0, session.read(floatScalar(function), t -> (double) t.getFloat()));
        }
    }

    @SuppressWarnings("unchecked") // The function gives a float32 scalar.
    private static Operand<TFloat32> floatScalar(TracedFunction function) {
        return (Operand<TFloat32>) (Operand<?>) function.call(List.of()).get(0);
    }

    @Test
    void constantsAreFreedWithTheSession() {
        Operand<TInt32> axis = Constants.of(tf, 1);
        session.close();
        assertTrue(Tensors.isFreed(axis));
    }
}
