package io.github.tapeloop.runtime;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordingEnvironment;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Who owns a handle in the cases where scopes and outputs cross. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HandleLifetimeTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    @BeforeEach
    void open() {
        test = session.scope();
    }

    @AfterEach
    void everythingIsFreed() {
        test.close();
        assertEquals(0, session.liveHandles());
    }

    @AfterAll
    void close() {
        session.close();
    }

    private <T> T inScope(Supplier<T> body) {
        try (TensorScope scope = session.scope()) {
            return body.get();
        }
    }

    private Operation split() {
        return tf.scope()
                .opBuilder("Split", "Split")
                .addInput(tf.constant(0).asOutput())
                .addInput(tf.constant(new float[] {1, 2, 3, 4}).asOutput())
                .setAttr("num_split", 2L)
                .build();
    }

    @Test
    void aFreedOperandIsRefusedAsASingleAndAsAListedInput() {
        Operand<TFloat32> freed = inScope(() -> tf.withSubScope("mlp").math.sqrt(tf.constant(4f)));
        Operand<TFloat32> live = tf.constant(1f);
        List<Executable> uses = List.of(
                () -> tf.math.neg(freed),
                () -> tf.math.add(live, freed),
                () -> tf.stack(List.of(live, freed)),
                () -> tf.concat(List.of(freed, live), tf.constant(0)),
                () -> test.keep(freed),
                () -> Tensors.dataType(freed),
                () -> Tensors.rank(freed),
                () -> session.scalar(freed),
                () -> session.read(freed, tensor -> tensor.getFloat()));
        for (Executable use : uses) {
            IllegalStateException error = assertThrows(IllegalStateException.class, use);
            assertTrue(error.getMessage().contains("op Sqrt 'mlp/Sqrt'"), error.getMessage());
            assertTrue(error.getMessage().contains("scope.keep"), error.getMessage());
        }
    }

    @Test
    void whatTensorFlowJavaAsksOfAFreedOutputFailsWithoutACrash() {
        Operation freed = inScope(this::split);
        Output<TFloat32> output = freed.output(1);
        List<Executable> uses = List.of(
                output::shape,
                output::dataType,
                output::asTensor,
                () -> freed.outputListLength("output"),
                () -> freed.inputListLength("value"));
        uses.forEach(use -> assertThrows(IllegalStateException.class, use));
        assertEquals(2, freed.numOutputs());
    }

    @Test
    void oneOutputOfSeveralCanBeKept() {
        Operand<TFloat32> kept;
        Operation operation;
        try (TensorScope scope = session.scope()) {
            operation = split();
            kept = scope.keep(operation.<TFloat32>output(1));
            assertEquals(3, scope.live(), "two inputs and the first output");
        }
        assertEquals(1, test.live());
        assertEquals(Shape.of(2), Tensors.shape(kept));
        assertArrayEquals(new double[] {3, 4}, values(session, kept));
        assertThrows(IllegalStateException.class, () -> Tensors.shape(operation.output(0)));
    }

    @Test
    void keepLeavesWhatAnotherScopeOwnsWhereItIs() {
        Operand<TFloat32> outside = tf.constant(1f);
        try (TensorScope outer = session.scope();
                TensorScope inner = session.scope()) {
            Operand<TFloat32> inside = tf.constant(2f);
            assertSame(outside, inner.keep(outside));
            assertSame(inside, outer.keep(inside));
            assertEquals(0, outer.live());
            assertEquals(1, inner.live());
        }
        assertEquals(1, session.scalar(outside));
    }

    @Test
    void anOperandKeptThroughTwoScopesArrivesOutside() {
        Operand<TFloat32> kept;
        try (TensorScope outer = session.scope()) {
            Operand<TFloat32> y;
            try (TensorScope inner = session.scope()) {
                y = inner.keep(tf.constant(7f));
            }
            kept = outer.keep(y);
        }
        assertEquals(7, session.scalar(kept));
        assertEquals(1, test.live());
    }

    @Test
    void readFreesTheTensorAndLeavesTheOperand() {
        Operand<TFloat32> x = tf.constant(new float[] {1, 2});
        int live = session.liveHandles();
        TFloat32 closed = session.read(x, tensor -> tensor);
        assertThrows(IllegalStateException.class, () -> Tensors.isUnshared(closed));
        assertThrows(
                ArithmeticException.class,
                () -> session.read(x, tensor -> {
                    throw new ArithmeticException("in the reader");
                }));
        assertEquals(live, session.liveHandles());
        assertArrayEquals(
                new float[] {1, 2}, session.read(x, tensor -> new float[] {tensor.getFloat(0), tensor.getFloat(1)}));
    }

    @Test
    void aFailingBodyOfPersistOrUnrecordedLeavesNothingAndRestoresTheScope() {
        int live = session.liveHandles();
        assertThrows(
                OpException.class,
                () -> session.persist(() -> tf.math.add(tf.constant(new float[2]), tf.constant(new float[3]))));
        assertThrows(
                ArithmeticException.class,
                () -> session.unrecorded(() -> {
                    tf.constant(1f);
                    throw new ArithmeticException("in the body");
                }));
        assertEquals(live, session.liveHandles());
        tf.constant(1f);
        assertEquals(1, test.live());
    }

    @Test
    void whatUnrecordedMakesIsFreed() {
        Operand<TInt32>[] made = array();
        session.unrecorded(() -> made[0] = tf.constant(1));
        assertThrows(IllegalStateException.class, () -> session.scalar(made[0]));
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // A holder of one operand.
    private static Operand<TInt32>[] array() {
        return new Operand[1];
    }

    @Test
    void recordersHearNothingOfPersistAndUnrecorded() {
        RecordingEnvironment environment = RecordingEnvironment.of(tf);
        int[] heard = new int[1];
        OpRecorder recorder = op -> heard[0]++;
        environment.startRecording(recorder);
        session.unrecorded(() -> tf.constant(1));
        session.free(session.persist(() -> tf.constant(1f)));
        assertEquals(0, heard[0]);
        tf.constant(1);
        assertEquals(1, heard[0]);
        environment.stopRecording(recorder);
        tf.constant(1);
        assertEquals(1, heard[0]);
    }

    @Test
    void closingAScopeInsidePersistFreesThatScopeOnly() {
        TensorScope outside = session.scope();
        Operand<TFloat32> freed = tf.constant(1f);
        Operand<TFloat32> persistent = session.persist(() -> {
            outside.close();
            return tf.constant(2f);
        });
        assertThrows(IllegalStateException.class, () -> session.scalar(freed));
        assertEquals(2, session.scalar(persistent));
        session.free(persistent);
    }

    @Test
    void freeingInAnyOrderKeepsTheOthers() {
        Operand<TFloat32> a = tf.constant(1f);
        Operand<TFloat32> b = tf.constant(2f);
        Operand<TFloat32> c = tf.constant(3f);
        session.free(b);
        assertEquals(4, session.scalar(tf.math.add(a, c)));
        session.free(c);
        session.free(a);
        assertEquals(1, test.live(), "the sum");
    }
}
