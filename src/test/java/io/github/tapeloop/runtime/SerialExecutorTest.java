package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.op.SerialExecutor;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

class SerialExecutorTest {

    private static final List<Spec> NUMBER = List.of(new Spec(DataType.DT_FLOAT, Shape.scalar()));

    @SuppressWarnings("unchecked") // Specs say float32.
    private static Operand<TFloat32> number(List<Operand<?>> given) {
        return (Operand<TFloat32>) given.get(0);
    }

    private static List<Operand<?>> square(Ops tf, List<Operand<?>> given) {
        return List.of(tf.math.square(number(given)));
    }

    private static List<Operand<?>> choice(Ops tf, List<Operand<?>> given) {
        return Conditional.choose(
                tf,
                tf.math.greater(number(given), tf.constant(0f)),
                given,
                SerialExecutorTest::square,
                (ops, in) -> List.of(ops.math.neg(number(in))));
    }

    private static List<Operand<?>> loop(Ops tf, List<Operand<?>> given) {
        return Loop.whileLoop(
                tf,
                (ops, in) -> List.of(ops.math.less(number(in), ops.constant(100f))),
                SerialExecutorTest::square,
                given);
    }

    static Stream<Arguments> bodies() {
        TracedFunction.Body nested =
                (tf, given) -> TracedFunction.trace(TapeSession.of(tf), "inner", NUMBER, SerialExecutorTest::choice)
                        .call(tf, given);
        return Stream.of(
                Arguments.of("ops", (TracedFunction.Body) SerialExecutorTest::square, true),
                Arguments.of("a choice", (TracedFunction.Body) SerialExecutorTest::choice, false),
                Arguments.of("a loop", (TracedFunction.Body) SerialExecutorTest::loop, false),
                Arguments.of("a function that is called", nested, false));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bodies")
    void itRunsFunctionsWhoseOpsWaitForNoThread(String what, TracedFunction.Body body, boolean serial) {
        for (int interOp : List.of(1, 2)) {
            try (TapeSession session = TapeSession.builder().threads(interOp, 1).build()) {
                Tracing.Built built = Tracing.build(session, "body", NUMBER, Tracing.Inputs.ALL, body);
                assertEquals(serial && interOp == 1, built.serial(), what);
                built.function().close();
                built.parts().close();
            }
        }
    }

    @Test
    void itIsNotUsedWhereXlaLooksForClustersByItself() {
        assertTrue(SerialExecutor.isPossible(null));
        assertTrue(SerialExecutor.isPossible("--tf_xla_enable_xla_devices"));
        assertFalse(SerialExecutor.isPossible("--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bodies")
    void anyFunctionEndsInASessionOfOneThread(String what, TracedFunction.Body body, boolean serial) {
        assertTimeoutPreemptively(Duration.ofMinutes(5), () -> {
            try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                    TracedFunction function = TracedFunction.trace(session, "body", NUMBER, body)) {
                Operand<TFloat32> three = session.tf().constant(3f);
                double expected = what.equals("a loop") ? 6561 : 9;
                assertEquals(
                        expected,
                        session.scalar(cast(function.call(List.of(three)).get(0))),
                        what);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aRepeatedBodyWithAndWithoutAChoiceEndsInASessionOfOneThread(boolean chooses) {
        TracedFunction.Body body = chooses ? SerialExecutorTest::choice : SerialExecutorTest::square;
        assertTimeoutPreemptively(Duration.ofMinutes(5), () -> {
            try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                    TracedFunction function = TracedFunction.repeat(
                            session, "body", NUMBER, (tf, given) -> body.apply(tf, given.subList(1, 2)))) {
                Ops tf = session.tf();
                assertEquals(
                        9,
                        session.scalar(cast(function.call(List.of(tf.constant(4), tf.constant(3f)))
                                .get(0))));
            }
        });
    }

    @SuppressWarnings("unchecked") // The functions give float32.
    private static Operand<TFloat32> cast(Operand<?> result) {
        return (Operand<TFloat32>) result;
    }
}
