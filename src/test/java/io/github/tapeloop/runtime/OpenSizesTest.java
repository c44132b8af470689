package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** Constants that lead beyond the sizes of other inputs, where a graph knows those when it runs only: each ended the process. */
class OpenSizesTest {

    private final TapeSession session = TapeSession.open();

    @AfterEach
    void close() {
        session.close();
    }

    /** Makes a call that is right for some sizes of its input only. */
    private interface Call {
        Operand<?> of(Ops tf, Operand<?> x);
    }

    static Stream<Arguments> calls() {
        Call series = (tf, x) -> op(
                tf,
                "BlockLSTM",
                6,
                tf.constant(3L),
                x,
                ones(tf, 2, 2),
                ones(tf, 2, 2),
                ones(tf, 4, 8),
                ones(tf, 2),
                ones(tf, 2),
                ones(tf, 2),
                ones(tf, 8));
        Call pool = (tf, x) -> op(
                tf,
                "FractionalAvgPoolGrad",
                0,
                tf.shape(x, TInt64.class),
                ones(tf, 1, 2, 2, 1),
                tf.constant(new long[] {0, 2, 4}),
                tf.constant(new long[] {0, 2, 4}));
        return Stream.of(
                Arguments.of("BlockLSTM", series, Shape.of(-1, 2, 2), Shape.of(3, 2, 2), Shape.of(1, 2, 2)),
                Arguments.of(
                        "FractionalAvgPoolGrad",
                        pool,
                        Shape.of(1, -1, -1, 1),
                        Shape.of(1, 4, 4, 1),
                        Shape.of(1, 2, 2, 1)));
    }

    private static Operand<TFloat32> ones(Ops tf, long... shape) {
        return tf.ones(tf.constant(shape), TFloat32.class);
    }

    private static Operand<?> op(Ops tf, String type, int output, Operand<?>... inputs) {
        OperationBuilder builder = tf.scope().opBuilder(type, type);
        for (Operand<?> input : inputs) {
            builder.addInput(input.asOutput());
        }
        return builder.build().output(output);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("calls")
    void isTakenWhereItFitsAndKeptInsideWhereNot(String name, Call call, Shape open, Shape right, Shape small) {
        List<Spec> specs = List.of(new Spec(DataType.DT_FLOAT, open));
        try (TracedFunction function =
                TracedFunction.trace(session, "call", specs, (tf, in) -> List.of(call.of(tf, in.get(0))))) {
            Operand<?> fitting = ones(session.tf(), right.asArray());
            Shape now = Tensors.shape(call.of(session.tf(), fitting));
            assertEquals(now, Tensors.shape(function.call(List.of(fitting)).get(0)));
            Operand<?> other = ones(session.tf(), small.asArray());
            assertThrows(OpException.class, () -> call.of(session.tf(), other));
            if (name.equals("BlockLSTM")) { // The borders of the other are moved inside.
                assertThrows(OpException.class, () -> function.call(List.of(other)));
            } else {
                assertEquals(small, Tensors.shape(function.call(List.of(other)).get(0)));
            }
        }
    }
}
