package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

class TracedFunctionTest {

    private static final Spec NUMBER = new Spec(DataType.DT_FLOAT, Shape.scalar());

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat32> v = Variable.create(tf, "v", tf.constant(1f), true);

    @AfterEach
    void close() {
        session.close();
    }

    @SuppressWarnings("unchecked") // The test knows its types.
    private static Operand<TFloat32> number(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    @SuppressWarnings("unchecked") // The test knows its types.
    private double value(Output<?> output) {
        return session.scalar((Output<? extends TNumber>) output);
    }

    @Test
    void readsAndWritesHappenInProgramOrder() {
        TracedFunction function = TracedFunction.trace(session, "order", List.of(NUMBER), (ops, in) -> {
            Operand<TFloat32> before = v.read(ops);
            v.assign(ops, number(in.get(0)));
            Operand<TFloat32> assigned = v.read(ops);
            v.assignAdd(ops, ops.constant(10f));
            v.assignAdd(ops, ops.math.mul(v.read(ops), ops.constant(2f)));
            return List.of(before, assigned, v.read(ops));
        });
        for (int round = 0; round < 20; round++) {
            double old = session.scalar(v.read(tf));
            List<Output<?>> results = function.call(List.of(tf.constant((float) round)));
            assertEquals(old, value(results.get(0)));
            assertEquals(round, value(results.get(1)));
            assertEquals(3 * (round + 10), value(results.get(2)));
            assertEquals(3 * (round + 10), session.scalar(v.read(tf)));
        }
    }

    @Test
    void writesWithoutAResultHappenToo() {
        TracedFunction function = TracedFunction.trace(session, "write", List.of(), (ops, in) -> {
            v.assignAdd(ops, ops.constant(1f));
            return List.of(ops.constant(0f));
        });
        function.call(List.of());
        function.call(List.of());
        assertEquals(3, session.scalar(v.read(tf)));
    }

    @Test
    void javaCodeRunsWhileTracingOnly() {
        int[] runs = new int[1];
        TracedFunction function = TracedFunction.trace(session, "once", List.of(NUMBER), (ops, in) -> {
            runs[0]++;
            return List.of(ops.math.square(number(in.get(0))));
        });
        assertEquals(9, value(function.call(List.of(tf.constant(3f))).get(0)));
        assertEquals(16, value(function.call(List.of(tf.constant(4f))).get(0)));
        assertEquals(1, runs[0]);
    }

    @Test
    void aLoopRunsItsBodyAsOftenAsAsked() {
        TracedFunction loop = TracedFunction.repeat(session, "loop", List.of(NUMBER), (ops, in) -> {
            v.assignAdd(ops, number(in.get(1)));
            return List.of(v.read(ops));
        });
        assertEquals(
                11, value(loop.call(List.of(tf.constant(5), tf.constant(2f))).get(0)));
        assertEquals(
                0, value(loop.call(List.of(tf.constant(0), tf.constant(2f))).get(0)));
        assertEquals(11, session.scalar(v.read(tf)));
    }

    @Test
    void anOpThatCannotBeBuiltIsNamed() {
        OpException error = assertThrows(
                OpException.class,
                () -> TracedFunction.trace(
                        session,
                        "wrong",
                        List.of(new Spec(DataType.DT_FLOAT, Shape.of(2, 3))),
                        (ops, in) -> List.of(ops.linalg.matMul(number(in.get(0)), number(in.get(0))))));
        assertEquals("MatMul", error.type());
        assertTrue(error.getMessage().contains("float32 [2, 3]"), error.getMessage());
    }

    @Test
    void specsWithOpenDimensionsAreEqual() {
        Spec open = new Spec(DataType.DT_FLOAT, Shape.of(-1, 3));
        assertEquals(open, new Spec(DataType.DT_FLOAT, Shape.of(-1, 3)));
        assertEquals(open.hashCode(), new Spec(DataType.DT_FLOAT, Shape.of(-1, 3)).hashCode());
        assertNotEquals(open, new Spec(DataType.DT_FLOAT, Shape.of(2, 3)));
        assertNotEquals(open, new Spec(DataType.DT_DOUBLE, Shape.of(-1, 3)));
    }

    @Test
    void aDenseLayerTakesOpenDimensions() {
        Dense dense = new Dense(2);
        Spec open = new Spec(DataType.DT_FLOAT, Shape.of(-1, -1, 3));
        TracedFunction function = TracedFunction.trace(
                session,
                "dense",
                List.of(open),
                (ops, in) -> List.of(dense.call(ForwardPass.inference(ops), number(in.get(0)))));
        Output<?> result =
                function.call(List.of(tf.constant(new float[4][5][3]))).get(0);
        assertEquals(Shape.of(4, 5, 2), Tensors.shape(result));
    }

    @Test
    void argumentsAreCounted() {
        TracedFunction function =
                TracedFunction.trace(session, "identity", List.of(NUMBER), (ops, in) -> List.of(in.get(0)));
        assertThrows(IllegalArgumentException.class, () -> function.call(List.of()));
        function.close();
        function.close();
    }

    @Test
    void anInputThatNothingDependsOnIsNotTaken() {
        try (TracedFunction function = TracedFunction.trace(session, "second", List.of(NUMBER, NUMBER), (ops, in) -> {
            ops.math.square(number(in.get(0)));
            return List.of(ops.math.square(number(in.get(1))));
        })) {
            assertFalse(function.takes(0));
            assertTrue(function.takes(1));
            assertEquals(
                    9.0,
                    value(function.call(List.of(tf.constant(2f), tf.constant(3f)))
                            .get(0)));
        }
    }

    @Test
    void aResultOfATypeThatJavaDoesNotHaveIsNamedWithItsOp() {
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> TracedFunction.trace(
                                session,
                                "waves",
                                List.of(NUMBER),
                                (ops, in) -> List.of(ops.scope()
                                        .opBuilder("Complex", "wave")
                                        .addInput(in.get(0).asOutput())
                                        .addInput(in.get(0).asOutput())
                                        .build()
                                        .output(0))))
                .getMessage();
        for (String word : List.of("'waves'", "complex64 [] of Complex 'wave'", "return tf.real and tf.imag")) {
            assertTrue(message.contains(word), message);
        }
    }
}
