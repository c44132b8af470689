package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;

/** Ids of any numeric type find the same vectors. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmbeddingTest {

    private static final int[][] IDS = {{2, 0, 1}, {1, 1, 2}};

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(5).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    @BeforeEach
    void open() {
        test = session.scope();
    }

    @AfterEach
    void end() {
        test.close();
    }

    @AfterAll
    void close() {
        session.close();
    }

    @SuppressWarnings("unchecked") // Ids come behind the TFloat32 of the signature.
    private Operand<TFloat32> ids(int[][] ids, Class<? extends TNumber> type) {
        return (Operand<TFloat32>) (Operand<?>) Tensors.cast(tf, tf.constant(ids), type);
    }

    @Test
    void idsOfAnyTypeFindTheSameVectors() {
        Embedding layer = new Embedding(3, 4);
        ForwardPass pass = ForwardPass.inference(tf);
        Operand<TFloat32> first = layer.call(pass, ids(IDS, TInt32.class));
        assertEquals("float32 [2, 3, 4]", Tensors.describe(first));
        double[] expected = values(session, first);
        for (Class<? extends TNumber> type : Arrays.asList(TInt64.class, TUint8.class, TFloat32.class)) {
            assertArrayEquals(expected, values(session, layer.call(pass, ids(IDS, type))));
        }
        double[] table =
                values(session, layer.variables().get("embedding/embeddings").read(tf));
        assertArrayEquals(Arrays.copyOfRange(table, 8, 12), Arrays.copyOf(expected, 4));
        assertTrue(Arrays.stream(table).allMatch(v -> Math.abs(v) <= 0.05), Arrays.toString(table));
    }

    @Test
    void float64IdsMakeFloat64Vectors() {
        Operand<TFloat32> y = new Embedding(3, 4).call(ForwardPass.inference(tf), ids(IDS, TFloat64.class));
        assertEquals("float64 [2, 3, 4]", Tensors.describe(y));
    }

    @Test
    void anIdOutOfRangeFails() {
        Embedding layer = new Embedding(2, 4);
        layer.call(ForwardPass.inference(tf), ids(new int[][] {{1}}, TInt32.class));
        Operand<TFloat32> ids = ids(IDS, TInt32.class);
        OpException error = assertThrows(OpException.class, () -> layer.call(ForwardPass.inference(tf), ids));
        assertTrue(error.getMessage().contains("not in [0, 2)"), error.getMessage());
        assertEquals(
                Shape.of(2, 4), layer.variables().get("embedding/embeddings").shape());
    }
}
