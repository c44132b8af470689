package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

/** The greatest number of rounds of a loop, at once and traced. */
@Timeout(300)
class LoopTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    /** Doubles a number as long as it is below a limit. */
    private static List<Operand<?>> doubled(Ops ops, List<? extends Operand<?>> x, float limit, int most) {
        return Loop.whileLoop(
                ops,
                (o, v) -> List.of(o.math.less(number(v.get(0)), o.constant(limit))),
                (o, v) -> List.of(o.math.mul(number(v.get(0)), o.constant(2f))),
                x,
                most);
    }

    @SuppressWarnings("unchecked") // All are.
    private static Operand<TFloat32> number(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    @ParameterizedTest(name = "below {0}, at most {1} rounds: {2}")
    @CsvSource({"10, 100, 16", "10, 4, 16", "10, 3, 8", "10, 0, 1", "Infinity, 5, 32", "0, 5, 1"})
    void theLoopEndsByItsConditionOrAfterSoManyRounds(float limit, int most, double expected) {
        List<Operand<?>> one = List.of(tf.constant(1f));
        assertEquals(
                expected, session.scalar(number(doubled(tf, one, limit, most).get(0))));
        try (TracedFunction traced = TracedFunction.trace(
                session, "doubled", List.of(Spec.of(one.get(0))), (ops, in) -> doubled(ops, in, limit, most))) {
            assertEquals(expected, session.scalar(number(traced.call(one).get(0))));
        }
    }

    @Test
    void gradientsGoBackOverTheRounds() {
        Operand<TFloat32> x = tf.constant(1f);
        try (TracedFunction slope = TracedFunction.trace(session, "slope", List.of(Spec.of(x)), (ops, in) -> {
            try (GradientTape tape = GradientTape.open(ops)) {
                tape.watch(in.get(0));
                Operand<?> y = doubled(ops, in, Float.POSITIVE_INFINITY, 3).get(0);
                return List.of(tape.gradient(y, number(in.get(0))).orElseThrow());
            }
        })) {
            assertEquals(8, session.scalar(number(slope.call(List.of(x)).get(0))));
        }
    }

    @Test
    void aNegativeNumberIsRefused() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> doubled(tf, List.of(tf.constant(1f)), 1, -1))
                .getMessage()
                .contains("maximumIterations"));
    }

    /** A net with a pool, or without. */
    @ParameterizedTest(name = "of a step with a pool: {0}")
    @ValueSource(booleans = {true, false})
    void aStepWithPoolsIsAGraphOfItsOwnInALoop(boolean pools) {
        var graphs = TracedGraphs.of(session).byName();
        Operand<TFloat32> images = tf.reshape(
                tf.range(tf.constant(0f), tf.constant(16f), tf.constant(1f)), tf.constant(new int[] {1, 4, 4, 1}));
        TracedFunction.Body slope = (ops, in) -> {
            try (GradientTape tape = GradientTape.open(ops)) {
                Operand<TFloat32> x = number(in.get(1));
                tape.watch(x);
                Operand<TFloat32> y = pools
                        ? ops.scope()
                                .opBuilder("MaxPool", "MaxPool")
                                .addInput(x.asOutput())
                                .setAttr("ksize", new long[] {1, 2, 2, 1})
                                .setAttr("strides", new long[] {1, 2, 2, 1})
                                .setAttr("padding", "VALID")
                                .build()
                                .output(0)
                        : ops.math.square(x);
                return List.of(ops.reduceSum(tape.gradient(y, x).orElseThrow(), ops.constant(new int[] {0, 1, 2, 3})));
            }
        };
        try (TracedFunction loop = TracedFunction.repeat(session, "slope", List.of(Spec.of(images)), slope)) {
            assertEquals(
                    pools ? 4 : 240,
                    session.scalar(
                            number(loop.call(List.of(tf.constant(3), images)).get(0))));
            NodeDef call = graphs.get("slope_next").getNodeList().stream()
                    .filter(node -> node.getOp().equals("StatefulPartitionedCall"))
                    .findAny()
                    .orElseThrow();
            FunctionDef step = session.functions()
                    .definition(call.getAttrMap().get("f").getFunc().getName());
            assertEquals(pools, step.getAttrMap().containsKey("_noinline"));
        }
    }
}
