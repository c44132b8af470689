package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/** A constant is a copy: what is written into the tensor later changes neither it nor a variable that had it. */
class ConstantOfTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private static <T extends TType> Arguments row(T tensor, Consumer<T> write) {
        return Arguments.of(tensor, (Runnable) () -> write.accept(tensor));
    }

    static Stream<Arguments> tensors() {
        Shape two = Shape.of(2);
        return Stream.of(
                row(TFloat32.tensorOf(two, t -> t.setFloat(1, 0)), t -> t.setFloat(9, 0)),
                row(TFloat64.tensorOf(two, t -> t.setDouble(1, 0)), t -> t.setDouble(9, 0)),
                row(TFloat16.tensorOf(two, t -> t.setFloat(1, 0)), t -> t.setFloat(9, 0)),
                row(TBfloat16.tensorOf(two, t -> t.setFloat(1, 0)), t -> t.setFloat(9, 0)),
                row(TInt32.tensorOf(two, t -> t.setInt(1, 0)), t -> t.setInt(9, 0)),
                row(TInt64.tensorOf(two, t -> t.setLong(1, 0)), t -> t.setLong(9, 0)),
                row(TUint8.tensorOf(two, t -> t.setByte((byte) 1, 0)), t -> t.setByte((byte) 9, 0)),
                row(TBool.tensorOf(two, t -> t.setBoolean(true, 0)), t -> t.setBoolean(false, 0)),
                row(TFloat32.tensorOf(Shape.of(1, 1), t -> t.setFloat(1, 0, 0)), t -> t.setFloat(9, 0, 0)),
                row(TFloat32.tensorOf(Shape.scalar(), t -> t.setFloat(1)), t -> t.setFloat(9)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tensors")
    <T extends TType> void whatIsWrittenLaterIsNotTheConstants(T tensor, Runnable write) {
        try (tensor) {
            Operand<T> constant = tf.constantOf(tensor);
            Variable<T> made = Variable.create(tf, "made", constant, false);
            Variable<T> assigned = Variable.create(tf, "assigned", tf.zerosLike(constant), false);
            assigned.assign(tf, constant);
            write.run();
            for (Operand<T> operand : List.of(constant, made.read(tf), assigned.read(tf))) {
                Operand<TFloat64> all =
                        tf.reshape(tf.dtypes.cast(operand, TFloat64.class), tf.constant(new int[] {-1}));
                assertEquals(1.0, session.read(all, value -> value.getDouble(0)));
            }
        }
    }

    @Test
    void aTensorWithoutElementsAndTextsAreConstantsToo() {
        try (TFloat32 empty = TFloat32.tensorOf(Shape.of(0, 3))) {
            assertEquals(Shape.of(0, 3), Tensors.shape(tf.constantOf(empty)));
        }
        Operand<TString> texts = tf.constantOf(TString.vectorOf("a", "b"));
        assertEquals("b", session.read(texts, text -> text.getObject(1)));
    }

    @Test
    void theOrderOfATransposeIsTheOneThatWasWritten() {
        try (TInt32 order = TInt32.tensorOf(NdArrays.vectorOf(1, 0))) {
            Operand<TInt32> constant = tf.constantOf(order);
            order.setInt(-1, 0);
            Operand<TFloat32> matrix = tf.constant(new float[][] {{1, 2}, {3, 4}});
            assertEquals(3.0, session.read(tf.linalg.transpose(matrix, constant), t -> (double) t.getFloat(0, 1)));
            Operand<TInt32> changed = tf.constantOf(order);
            assertThrows(OpException.class, () -> tf.linalg.transpose(matrix, changed));
        }
    }

    @Test
    void aSharedTensorIsNotCopied() {
        try (TFloat32 tensor = TFloat32.tensorOf(StdArrays.ndCopyOf(new float[] {1, 2}))) {
            Operand<TFloat32> shared = Tensors.shared(tf, tensor);
            tensor.setFloat(9, 0);
            assertEquals(9.0, session.read(shared, t -> (double) t.getFloat(0)));
        }
    }
}
