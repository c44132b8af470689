package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

class BatchTest {

    private static void assertClosed(TType tensor) {
        assertThrows(IllegalStateException.class, tensor::numBytes);
    }

    @Test
    void arraysMakeABatchByHand() {
        try (Batch batch = Batch.of(new float[][] {{1, 2}, {3, 4}, {5, 6}}, new int[] {0, 1, 2})) {
            assertEquals(3, batch.size());
            assertTrue(batch.hasTarget());
            assertEquals(Shape.of(3, 2), Values.inputTensor(batch).shape());
            assertEquals(List.of(1f, 2f, 3f, 4f, 5f, 6f), Values.input(batch));
            assertEquals(List.of(0, 1, 2), Values.target(batch));
        }
        assertThrows(IllegalArgumentException.class, () -> Batch.of(new float[][] {{1}}, new int[] {0, 1}));
    }

    @Test
    void aMissingTargetIsExplained() {
        try (Batch batch = Batch.of(new float[][] {{1}})) {
            assertFalse(batch.hasTarget());
            String message = assertThrows(IllegalStateException.class, () -> batch.target(Ops.create()))
                    .getMessage();
            assertTrue(message.contains("no target"), message);
        }
    }

    @Test
    void aBatchOwnsItsTensorsUntilItIsClosed() {
        TFloat32 input = TFloat32.tensorOf(Shape.of(2, 3));
        TInt32 target = TInt32.vectorOf(4, 5);
        Batch batch = Batch.of(input, target);
        Operand<?> kept = batch.target(Ops.create());
        batch.close();
        batch.close();
        assertClosed(input);
        assertClosed(target);
        String message = assertThrows(IllegalStateException.class, () -> batch.input(Ops.create()))
                .getMessage();
        assertTrue(message.contains("closed"), message);
        assertThrows(IllegalStateException.class, () -> batch.target(Ops.create()));
        assertEquals(2, batch.size());
        assertEquals(5, ((TInt32) kept.asOutput().asTensor()).getInt(1));
    }

    @Test
    void oneTensorMayBeInputAndTarget() {
        TFloat32 both = TFloat32.vectorOf(1, 2);
        try (Batch batch = Batch.of(both, both)) {
            assertEquals(Values.input(batch), Values.target(batch));
        }
        assertClosed(both);
    }

    @Test
    void tensorsThatMakeNoBatchAreClosed() {
        TFloat32 three = TFloat32.vectorOf(1, 2, 3);
        TInt32 two = TInt32.vectorOf(1, 2);
        String message = assertThrows(IllegalArgumentException.class, () -> Batch.of(three, two))
                .getMessage();
        assertTrue(message.contains("3 examples but the target has 2"), message);
        assertClosed(three);
        assertClosed(two);
        TFloat32 scalar = TFloat32.scalarOf(1);
        assertThrows(IllegalArgumentException.class, () -> Batch.of(scalar));
        assertClosed(scalar);
        TBool bool = TBool.vectorOf(true, false);
        assertThrows(IllegalArgumentException.class, () -> Batch.of(bool));
        assertClosed(bool);
    }

    @Test
    void operandsComeBackAsTheyAre() {
        try (Graph graph = new Graph()) {
            Ops tf = Ops.create(graph);
            Placeholder<TFloat32> input = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(32, 4)));
            Placeholder<TInt32> target = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(32)));
            try (Batch batch = Batch.ofOperands(input, target)) {
                assertSame(input, batch.input(tf));
                assertSame(target, batch.target(tf));
                assertEquals(32, batch.size());
            }
            try (Batch batch = Batch.ofOperands(input)) {
                assertFalse(batch.hasTarget());
            }
            Placeholder<TFloat32> anySize = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, 4)));
            try (Batch batch = Batch.ofOperands(anySize)) {
                assertEquals(-1, batch.size());
            }
        }
    }

    @Test
    void aBatchWorksInAGraphToo() {
        try (Graph graph = new Graph();
                Batch batch = Batch.of(new float[][] {{1, 2}})) {
            assertEquals(Shape.of(1, 2), batch.input(Ops.create(graph)).shape());
        }
    }
}
