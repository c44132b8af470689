package io.github.tapeloop.runtime;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
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
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;

/** Lists of inputs and outputs give the right values, and wrong lists are errors, not crashes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpListsTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
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

    private double[] read(Operand<?> operand) {
        return values(session, operand);
    }

    @Test
    void concatAndSplitAreInverse() {
        Operand<TFloat32> a = tf.constant(new float[][] {{1, 2}});
        Operand<TFloat32> b = tf.constant(new float[][] {{3, 4}});
        Operand<TFloat32> joined = tf.concat(List.of(a, b), tf.constant(1));
        assertArrayEquals(new double[] {1, 2, 3, 4}, read(joined));
        List<double[]> parts = new ArrayList<>();
        tf.split(tf.constant(1), joined, 2L).iterator().forEachRemaining(part -> parts.add(read(part)));
        assertArrayEquals(new double[] {1, 2}, parts.get(0));
        assertArrayEquals(new double[] {3, 4}, parts.get(1));
        List<double[]> unequal = new ArrayList<>();
        tf.splitV(joined, tf.constant(new int[] {1, 3}), tf.constant(1), 2L)
                .iterator()
                .forEachRemaining(part -> unequal.add(read(part)));
        assertArrayEquals(new double[] {1}, unequal.get(0));
        assertArrayEquals(new double[] {2, 3, 4}, unequal.get(1));
    }

    @Test
    void stackAndUnstackAreInverse() {
        List<Operand<TInt32>> rows = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            rows.add(tf.constant(new int[] {i, 10 * i}));
        }
        List<double[]> back = new ArrayList<>();
        tf.unstack(tf.stack(rows), 5L).iterator().forEachRemaining(row -> back.add(read(row)));
        assertEquals(5, back.size());
        assertArrayEquals(new double[] {4, 40}, back.get(4));
    }

    @Test
    void einsumContracts() {
        Operand<TFloat32> a = tf.constant(new float[][] {{1, 2}, {3, 4}});
        Operand<TFloat32> b = tf.constant(new float[][] {{5}, {6}});
        assertArrayEquals(new double[] {17, 39}, read(tf.linalg.einsum(List.of(a, b), "ij,jk->ik")));
        assertArrayEquals(new double[] {5}, read(tf.linalg.einsum(List.of(a), "ii->")));
    }

    @Test
    void identityNKeepsTypesAndValuesOfEach() {
        List<Operand<?>> outputs = new ArrayList<>();
        tf.identityN(List.of(tf.constant(1f), tf.constant(new int[] {2, 3}), tf.constant(4.0)))
                .iterator()
                .forEachRemaining(outputs::add);
        assertEquals(
                List.of(DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_DOUBLE),
                outputs.stream().map(Tensors::dataType).toList());
        assertArrayEquals(new double[] {2, 3}, read(outputs.get(1)));
        assertArrayEquals(new double[] {4}, read(outputs.get(2)));
    }

    @Test
    void tensorProtoAndByteAttributesReachTheOp() {
        try (TFloat32 value = TFloat32.vectorOf(7, 8)) {
            Operation constant = tf.scope()
                    .opBuilder("Const", "Const")
                    .setAttr("dtype", DataType.DT_FLOAT)
                    .setAttr("value", value)
                    .build();
            assertArrayEquals(new double[] {7, 8}, read(constant.output(0)));
        }
        Operation leaky = tf.scope()
                .opBuilder("LeakyRelu", "LeakyRelu")
                .addInput(tf.constant(-4f).asOutput())
                .setAttr("alpha", AttrValue.newBuilder().setF(0.25f).build())
                .build();
        assertEquals(-1, session.scalar(leaky.<TFloat32>output(0)));
        Operation joined = tf.scope()
                .opBuilder("StringJoin", "StringJoin")
                .addInputList(new Output<?>[] {
                    tf.constant("a").asOutput(), tf.constant("b").asOutput()
                })
                .setAttr("separator", "ü €".getBytes(StandardCharsets.UTF_8))
                .build();
        assertEquals("aü €b", session.read(joined.<TString>output(0), tensor -> tensor.getObject()));
    }

    @Test
    void textAttributesKeepEveryByte() {
        Operation joined = tf.scope()
                .opBuilder("StringJoin", "StringJoin")
                .addInputList(new Output<?>[] {
                    tf.constant("a").asOutput(), tf.constant("b").asOutput()
                })
                .setAttr("separator", "→")
                .build();
        assertEquals("a→b", session.read(joined.<TString>output(0), tensor -> tensor.getObject()));
    }

    @Test
    void wrongListsAreErrors() {
        Operand<TFloat32> x = tf.constant(new float[] {1, 2});
        List<Executable> mistakes = List.of(
                () -> tf.concat(List.<Operand<TFloat32>>of(), tf.constant(0)),
                () -> tf.stack(List.<Operand<TFloat32>>of()),
                () -> tf.scope()
                        .opBuilder("IdentityN", "IdentityN")
                        .addInputList(new Output<?>[0])
                        .build(),
                () -> tf.scope()
                        .opBuilder("ConcatV2", "ConcatV2")
                        .addInput(x.asOutput())
                        .addInput(x.asOutput())
                        .addInput(tf.constant(0).asOutput())
                        .build(),
                () -> tf.stack(List.of(x, tf.constant(new float[] {1, 2, 3}))),
                () -> tf.unstack(tf.constant(new float[1_200]), 1_200L),
                () -> tf.unstack(x, 3L));
        int live = session.liveHandles();
        for (Executable mistake : mistakes) {
            try (TensorScope scope = session.scope()) {
                OpException error = assertThrows(OpException.class, mistake);
                assertTrue(error.getMessage().startsWith("Op " + error.type() + " '"), error.getMessage());
            }
        }
        assertEquals(live, session.liveHandles());
    }

    @Test
    void theLargestNumberOfOutputsIsTaken() {
        int count = 0;
        for (Operand<TFloat32> one : tf.unstack(tf.constant(new float[1_000]), 1_000L)) {
            count += Tensors.rank(one) == 0 ? 1 : 0;
        }
        assertEquals(1_000, count);
        assertEquals(1_001, test.live());
    }

    @Test
    void opsForGraphsOnlyAreRefusedWithAdvice() {
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> tf.placeholder(TFloat32.class));
        assertTrue(error.getMessage().contains("Placeholder"), error.getMessage());
        assertTrue(error.getMessage().contains("Variable"), error.getMessage());
    }

    @Test
    void shapesOfEveryRankAreRead() {
        assertEquals(Shape.scalar(), Tensors.shape(tf.constant(1f)));
        assertEquals(Shape.of(0), Tensors.shape(tf.constant(new float[0])));
        assertEquals(Shape.of(1, 2, 1, 3), Tensors.shape(tf.constant(new float[1][2][1][3])));
    }
}
