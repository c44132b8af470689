package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TracedFunction.Body;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.tape.GradientTape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/** Who frees the functions that a function is made of. */
class FunctionPartsTest {

    private static final List<Spec> NUMBER = List.of(new Spec(DataType.DT_FLOAT, Shape.scalar()));

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();

    @AfterEach
    void close() {
        session.close();
    }

    @SuppressWarnings("unchecked") // The test knows its types.
    private static Operand<TFloat32> first(List<? extends Operand<?>> operands) {
        return (Operand<TFloat32>) operands.get(0);
    }

    private static List<Operand<?>> square(Ops tf, List<Operand<?>> in) {
        return List.of(tf.math.square(first(in)));
    }

    private static Operand<TBool> small(Ops tf, List<? extends Operand<?>> in) {
        return tf.math.less(first(in), tf.constant(100f));
    }

    private static List<Operand<?>> choice(Ops tf, List<Operand<?>> in) {
        return Conditional.choose(tf, small(tf, in), in, FunctionPartsTest::square, (o, g) -> g);
    }

    private static List<Operand<?>> loop(Ops tf, List<Operand<?>> in) {
        return Loop.whileLoop(tf, (o, now) -> List.of(small(o, now)), FunctionPartsTest::square, in);
    }

    private static List<Operand<?>> nested(Ops tf, List<Operand<?>> in) {
        return Conditional.choose(tf, small(tf, in), in, FunctionPartsTest::loop, FunctionPartsTest::choice);
    }

    private static List<Operand<?>> effect(Ops tf, List<Operand<?>> in) {
        Conditional.runIf(tf, small(tf, in), in, (o, given) -> square(o, List.of(first(given))));
        return in;
    }

    private static List<Operand<?>> slope(Ops tf, Body body, List<Operand<?>> in) {
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(in.get(0));
            Operand<TFloat32> y = first(body.apply(tf, in));
            return List.of(tape.gradient(y, first(in)).orElseThrow());
        }
    }

    static Stream<Map.Entry<String, Body>> bodies() {
        Map<String, Body> bodies = new LinkedHashMap<>();
        bodies.put("ops", FunctionPartsTest::square);
        bodies.put("a choice", FunctionPartsTest::choice);
        bodies.put("a loop", FunctionPartsTest::loop);
        bodies.put("a loop in a choice", FunctionPartsTest::nested);
        bodies.put("an effect", FunctionPartsTest::effect);
        bodies.put("the slope of a choice", (tf, in) -> slope(tf, FunctionPartsTest::choice, in));
        bodies.put("the slope of a loop", (tf, in) -> slope(tf, FunctionPartsTest::loop, in));
        return bodies.entrySet().stream();
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void aFunctionThatIsClosedLeavesNothing(Map.Entry<String, Body> body) {
        Ops tf = session.tf();
        for (int round = 0; round < 3; round++) {
            String name;
            try (TensorScope scope = session.scope();
                    TracedFunction function = TracedFunction.trace(session, "f", NUMBER, body.getValue());
                    GradientTape tape = GradientTape.open(tf)) {
                Operand<TFloat32> three = tf.constant(3f);
                tape.watch(three);
                Output<?> y = function.call(List.of(three)).get(0);
                tape.gradient(first(List.of(y)), three);
                assertTrue(session.functions().size() > 0);
                name = y.op().type();
                session.functions().definition(name);
            }
            assertEquals(0, session.functions().size());
            assertThrows(RuntimeException.class, () -> session.functions().definition(name));
        }
    }

    @Test
    void aRepeatedFunctionThatIsClosedLeavesNothing() {
        TracedFunction.repeat(session, "r", NUMBER, (tf, in) -> square(tf, in.subList(1, 2)))
                .close();
        assertEquals(0, session.functions().size());
    }

    @Test
    void aTraceThatFailsLeavesNothing() {
        IllegalStateException why = new IllegalStateException("no second branch");
        Body failing = (tf, in) -> {
            throw why;
        };
        List<Body> mistakes = List.of(
                (tf, in) -> Conditional.choose(tf, small(tf, in), in, FunctionPartsTest::loop, failing),
                (tf, in) -> Conditional.choose(
                        tf, small(tf, in), in, FunctionPartsTest::square, (o, g) -> List.of(o.constant(1))),
                (tf, in) -> Loop.whileLoop(tf, (o, g) -> List.of(small(o, g)), (o, g) -> List.of(o.constant(1)), in),
                (tf, in) -> Loop.whileLoop(tf, FunctionPartsTest::square, FunctionPartsTest::square, in),
                (tf, in) -> Loop.whileLoop(tf, failing, FunctionPartsTest::square, in));
        for (Body mistake : mistakes) {
            assertThrows(RuntimeException.class, () -> TracedFunction.trace(session, "f", NUMBER, mistake));
            assertEquals(0, session.functions().size());
        }
        assertThrows(RuntimeException.class, () -> TracedFunction.repeat(session, "r", NUMBER, failing));
        assertEquals(0, session.functions().size());
    }

    @Test
    void aFunctionOutlivesThoseItCalls() {
        TracedFunction inner = TracedFunction.trace(session, "inner", NUMBER, FunctionPartsTest::loop);
        TracedFunction middle = TracedFunction.trace(session, "middle", NUMBER, (tf, in) -> inner.call(tf, in));
        TracedFunction outer = TracedFunction.trace(session, "outer", NUMBER, (tf, in) -> middle.call(tf, in));
        inner.close();
        middle.close();
        Operand<TFloat32> three = session.tf().constant(3f);
        assertEquals(
                6561, session.scalar(first(List.of(outer.call(List.of(three)).get(0)))));
        outer.close();
        assertEquals(0, session.functions().size());
    }

    @Test
    void oneOfTwoEqualFunctionsCanBeClosed() {
        TracedFunction one = TracedFunction.trace(session, "f", NUMBER, FunctionPartsTest::choice);
        TracedFunction other = TracedFunction.trace(session, "f", NUMBER, FunctionPartsTest::choice);
        one.close();
        one.close();
        Operand<TFloat32> three = session.tf().constant(3f);
        assertEquals(9, session.scalar(first(List.of(other.call(List.of(three)).get(0)))));
    }
}
