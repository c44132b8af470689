package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/** In a graph, what comes after an op that runs functions sees what they did, however long that takes. */
class EffectOrderTest {

    private static final int ROUNDS = 20;

    /** The ways to add 1 to a variable by a function. */
    private enum By {
        CONDITIONAL,
        CONDITIONAL_IN_CONDITIONAL,
        FUNCTION,
        FUNCTION_WITH_CONDITIONAL,
        LOOP,
        LOOP_WITH_CONDITIONAL
    }

    static Stream<Arguments> ways() {
        return Stream.of(By.values()).flatMap(by -> Stream.of(1, 4).map(threads -> Arguments.of(by, threads)));
    }

    /** 1, after some work. */
    private static Operand<TFloat32> slowOne(Ops tf) {
        Operand<TFloat32> product = tf.fill(tf.constant(new int[] {100, 100}), tf.constant(0.01f));
        for (int i = 0; i < 10; i++) {
            product = tf.linalg.matMul(product, product);
        }
        Operand<TFloat32> mean = tf.math.mean(product, tf.constant(new int[] {0, 1}));
        return tf.math.round(tf.math.mul(mean, tf.constant(100f)));
    }

    private static void addSlowly(Ops tf, Variable<TFloat32> x) {
        x.assignAdd(tf, slowOne(tf));
    }

    private static void add(Ops tf, By by, Variable<TFloat32> x) {
        TapeSession session = TapeSession.of(tf);
        TracedFunction.Body round = (inner, given) -> {
            addSlowly(inner, x);
            return List.of(inner.constant(0f));
        };
        TracedFunction.Body conditional = (inner, given) -> {
            runIf(inner, ops -> addSlowly(ops, x));
            return List.of(inner.constant(0f));
        };
        switch (by) {
            case CONDITIONAL -> runIf(tf, ops -> addSlowly(ops, x));
            case CONDITIONAL_IN_CONDITIONAL -> runIf(tf, ops -> runIf(ops, inner -> addSlowly(inner, x)));
            case FUNCTION ->
                TracedFunction.trace(session, "one", List.of(), round).call(tf, List.of());
            case FUNCTION_WITH_CONDITIONAL ->
                TracedFunction.trace(session, "one", List.of(), conditional).call(tf, List.of());
            case LOOP -> TracedFunction.repeat(session, "one", List.of(), round).call(tf, List.of(tf.constant(1)));
            case LOOP_WITH_CONDITIONAL ->
                TracedFunction.repeat(session, "one", List.of(), conditional).call(tf, List.of(tf.constant(1)));
        }
    }

    private static void runIf(Ops tf, Consumer<Ops> body) {
        Operand<TBool> holds = tf.math.greater(tf.constant(1f), tf.constant(0f));
        Conditional.runIf(tf, holds, List.of(), (inner, none) -> body.accept(inner));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void whatFollowsSeesTheVariableChanged(By by, int threads) {
        try (TapeSession session = TapeSession.builder().threads(threads, 1).build()) {
            Ops tf = session.tf();
            Variable<TFloat32> x = Variable.create(tf, "x", tf.constant(0f), false);
            TracedFunction function = TracedFunction.trace(session, "step", List.of(), (ops, none) -> {
                Operand<TFloat32> before = x.read(ops);
                add(ops, by, x);
                Operand<TFloat32> between = x.read(ops);
                add(ops, by, x);
                return List.of(ops.stack(List.of(before, between, x.read(ops))));
            });
            for (int i = 0; i < ROUNDS; i++) {
                try (TensorScope scope = session.scope()) {
                    Operand<?> seen = function.call(List.of()).get(0);
                    assertEquals(List.of(2f * i, 2f * i + 1, 2f * i + 2), floats(session, seen));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aRoundOfALoopSeesTheOneBefore(By by, int threads) {
        try (TapeSession session = TapeSession.builder().threads(threads, 1).build()) {
            Ops tf = session.tf();
            Variable<TFloat32> x = Variable.create(tf, "x", tf.constant(0f), false);
            Variable<TFloat32> sum = Variable.create(tf, "sum", tf.constant(0f), false);
            TracedFunction function = TracedFunction.repeat(session, "steps", List.of(), (ops, given) -> {
                sum.assignAdd(ops, x.read(ops));
                add(ops, by, x);
                return List.of(ops.constant(0f));
            });
            try (TensorScope scope = session.scope()) {
                function.call(List.of(tf.constant(ROUNDS)));
                assertEquals(ROUNDS, session.scalar(x.read(tf)));
                assertEquals(ROUNDS * (ROUNDS - 1) / 2, session.scalar(sum.read(tf)));
            }
        }
    }

    private static List<Float> floats(TapeSession session, Operand<?> operand) {
        return session.read(
                operand,
                tensor -> List.of(
                        ((TFloat32) tensor).getFloat(0),
                        ((TFloat32) tensor).getFloat(1),
                        ((TFloat32) tensor).getFloat(2)));
    }
}
