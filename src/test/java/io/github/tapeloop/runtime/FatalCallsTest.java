package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Each of these ended the process: in TensorFlow, not by an exception. */
class FatalCallsTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();

    @AfterEach
    void close() {
        session.close();
    }

    private void assertRefused(String type, String advice, Function<Ops, Operand<?>> mistake) {
        OpException now = assertThrows(OpException.class, () -> mistake.apply(session.tf()));
        OpException traced = assertThrows(
                OpException.class,
                () -> TracedFunction.trace(session, "mistake", List.of(), (ops, in) -> List.of(mistake.apply(ops))));
        for (OpException e : List.of(now, traced)) {
            assertEquals(type, e.type());
            assertTrue(e.getMessage().contains(advice), e.getMessage());
        }
        assertEquals(Shape.scalar(), Tensors.shape(session.tf().constant(1)));
    }

    private static Operand<TFloat32> matrix(Ops tf) {
        return tf.constant(new float[][] {{1, 2, 3}, {4, 5, 6}});
    }

    @Test
    void axesOfATransposeAreCountedFromTheFront() {
        for (int[] order : new int[][] {{-1, 0}, {1, -2}, {-1, -2}}) {
            assertRefused(
                    "Transpose",
                    "count the axes from the front",
                    tf -> tf.linalg.transpose(matrix(tf), tf.constant(order)));
            assertRefused(
                    "Transpose",
                    "count the axes from the front",
                    tf -> tf.linalg.transpose(matrix(tf), tf.constant(new long[] {order[0], order[1]})));
            assertRefused(
                    "ConjugateTranspose",
                    "count the axes from the front",
                    tf -> tf.linalg.conjugateTranspose(matrix(tf), tf.constant(order)));
        }
    }

    @Test
    void axesFromTheFrontAreTakenNowAndTraced() {
        Spec matrix = new Spec(DataType.DT_FLOAT, Shape.of(2, 3));
        TracedFunction function = TracedFunction.trace(
                session,
                "turn",
                List.of(matrix, new Spec(DataType.DT_INT32, Shape.of(2))),
                (ops, in) -> List.of(ops.linalg.transpose(in.get(0), number(in.get(1)))));
        Ops tf = session.tf();
        List<Operand<?>> given = List.of(matrix(tf), tf.constant(new int[] {1, 0}));
        assertEquals(Shape.of(3, 2), Tensors.shape(function.call(given).get(0)));
        assertEquals(Shape.of(3, 2), Tensors.shape(tf.linalg.transpose(matrix(tf), tf.constant(new int[] {1, 0}))));
    }

    @SuppressWarnings("unchecked") // The test knows its types.
    private static Operand<TNumber> number(Operand<?> operand) {
        return (Operand<TNumber>) operand;
    }

    @Test
    void aCtcLossNeedsAClass() {
        assertRefused("CTCLoss", "at least one class", tf -> {
            Operand<TFloat32> logits = tf.zeros(tf.constant(new int[] {5, 2, 0}), TFloat32.class);
            Operand<TInt64> places = tf.constant(new long[][] {{0, 0}, {1, 0}});
            Operand<TInt32> labels = tf.constant(new int[] {0, 0});
            return tf.nn.ctcLoss(logits, places, labels, tf.constant(new int[] {5, 5}))
                    .loss();
        });
    }
}
