package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.Loop;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.StatefulWhile;
import org.tensorflow.op.core.StatelessWhile;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/** Gradients of loops against closed forms and central differences. */
class LoopGradientTest {

    private static final double[] X = {0.4, 1.6, -0.7};

    private TapeSession session;
    private final List<ConcreteFunction> functions = new ArrayList<>();

    @BeforeEach
    void open() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterEach
    void close() {
        functions.forEach(ConcreteFunction::close);
        session.close();
    }

    /** A function of a count and two float64 tensors, as the loops here take them. */
    private ConcreteFunction function(
            String name,
            BiFunction<Ops, Operand<TInt32>, Operand<?>> count,
            List<BiFunction<Ops, List<Operand<TFloat64>>, Operand<?>>> rest) {
        ConcreteFunction made = ConcreteFunction.create(tf -> {
            Operand<TInt32> i = tf.placeholder(TInt32.class);
            List<Operand<TFloat64>> given = List.of(tf.placeholder(TFloat64.class), tf.placeholder(TFloat64.class));
            Signature.Builder signature = Signature.builder(name)
                    .input("i", i)
                    .input("a", given.get(0))
                    .input("b", given.get(1))
                    .output("next", count.apply(tf, i));
            for (int k = 0; k < rest.size(); k++) {
                signature.output("out" + k, rest.get(k).apply(tf, given));
            }
            return signature.build();
        });
        functions.add(made);
        return made;
    }

    private ConcreteFunction below(int limit) {
        return function("below", (tf, i) -> tf.math.less(i, tf.constant(limit)), List.of());
    }

    /** a becomes a b, b stays. */
    private ConcreteFunction times() {
        return function(
                "times",
                (tf, i) -> tf.math.add(i, tf.constant(1)),
                List.of((tf, v) -> tf.math.mul(v.get(0), v.get(1)), (tf, v) -> tf.identity(v.get(1))));
    }

    private static Operand<TFloat64> loop(
            Ops tf, boolean stateful, List<Operand<?>> start, ConcreteFunction condition, ConcreteFunction body) {
        return TwoWays.typed(
                stateful
                        ? StatefulWhile.create(tf.scope(), start, condition, body)
                                .output()
                                .get(1)
                        : StatelessWhile.create(tf.scope(), start, condition, body)
                                .output()
                                .get(1));
    }

    private static Operand<TFloat64> slope(
            Ops tf, BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> f, Operand<TFloat64> x) {
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            return tape.gradientOrZeros(f.apply(tf, x), x);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPowerByALoopHasTheDerivativeOfThePower(boolean stateful) {
        ConcreteFunction body = times();
        for (int n : new int[] {0, 1, 5}) {
            ConcreteFunction condition = below(n);
            double[] found = TwoWays.result(
                    session,
                    X,
                    new long[] {3},
                    true,
                    (tf, x) -> slope(
                            tf,
                            (o, v) -> loop(o, stateful, List.of(o.constant(0), o.onesLike(v), v), condition, body),
                            x));
            double[] is = Arrays.stream(X)
                    .map(x -> n == 0 ? 0 : n * Math.pow(x, n - 1))
                    .toArray();
            assertArrayEquals(is, found, 1e-12, "power " + n);
        }
    }

    /** 1 + x + … until a term is below 0.01: the number of rounds depends on x. */
    private Operand<TFloat64> series(Ops tf, Operand<TFloat64> x, ConcreteFunction condition, ConcreteFunction body) {
        return TwoWays.typed(
                StatelessWhile.create(tf.scope(), List.of(tf.constant(0), tf.zerosLike(x), x), condition, body)
                        .output()
                        .get(1));
    }

    @Test
    void aLoopWhoseNumberOfRoundsDependsOnItsInputGoesBackOverThoseThatRan() {
        ConcreteFunction condition = ConcreteFunction.create(tf -> {
            Operand<TInt32> i = tf.placeholder(TInt32.class);
            Operand<TFloat64> sum = tf.placeholder(TFloat64.class);
            Operand<TFloat64> x = tf.placeholder(TFloat64.class);
            Operand<TFloat64> first = tf.gather(x, tf.constant(0), tf.constant(0));
            Operand<TFloat64> term = tf.math.pow(first, tf.dtypes.cast(i, TFloat64.class));
            return Signature.builder("large")
                    .input("i", i)
                    .input("sum", sum)
                    .input("x", x)
                    .output("goes_on", tf.math.greater(term, tf.constant(0.01)))
                    .build();
        });
        functions.add(condition);
        ConcreteFunction body = function(
                "step",
                (tf, i) -> tf.math.add(i, tf.constant(1)),
                List.of(
                        (tf, v) -> tf.math.add(tf.math.mul(v.get(0), v.get(1)), tf.constant(1.0)),
                        (tf, v) -> tf.identity(v.get(1))));
        for (double at : new double[] {0.3, 0.6}) {
            TwoWays.Body f = (tf, x) -> series(tf, x, condition, body);
            double[] x = {at, -0.4};
            double[] found = TwoWays.result(
                    session, x, new long[] {2}, true, (tf, v) -> slope(tf, (o, u) -> series(o, u, condition, body), v));
            assertArrayEquals(TwoWays.differences(session, x, new long[] {2}, f), found, 1e-7);
            double is = 0;
            for (int k = 1; Math.pow(at, k) > 0.01; k++) {
                is += k * Math.pow(at, k - 1);
            }
            assertEquals(is, found[0], 1e-12);
        }
    }

    @Test
    void loopsHaveSecondDerivatives() {
        ConcreteFunction condition = below(4);
        ConcreteFunction body = times();
        BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> power =
                (tf, x) -> loop(tf, true, List.of(tf.constant(0), tf.onesLike(x), x), condition, body);
        for (boolean open : List.of(false, true)) {
            double[] second = TwoWays.result(
                    session, X, new long[] {3}, open, (tf, x) -> slope(tf, (o, v) -> slope(o, power, v), x));
            assertArrayEquals(Arrays.stream(X).map(v -> 12 * v * v).toArray(), second, 1e-12);
        }
    }

    /** x is joined to itself three times, which makes 8 of 1: dimensions change from round to round. */
    @Test
    void loopsWhoseVariablesGrowHaveGradients() {
        BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> f = (tf, x) -> TwoWays.typed(Loop.whileLoop(
                        tf,
                        (o, v) -> List.of(o.math.less(number(v.get(0)), o.constant(3))),
                        (o, v) -> List.of(
                                o.math.add(number(v.get(0)), o.constant(1)),
                                o.concat(
                                        List.of(o.math.square(TwoWays.typed(v.get(1))), TwoWays.typed(v.get(1))),
                                        o.constant(0))),
                        List.of(tf.constant(0), x))
                .get(1));
        for (boolean open : List.of(false, true)) {
            double[] found = TwoWays.result(session, X, new long[] {3}, open, (tf, x) -> slope(tf, f, x));
            double[] is = Arrays.stream(X)
                    .map(
                            x -> { // All of x^p with p a product of factors 2 or 1, one a round.
                                double sum = 0;
                                for (int p : new int[] {8, 4, 4, 2, 4, 2, 2, 1}) {
                                    sum += p * Math.pow(x, p - 1);
                                }
                                return sum;
                            })
                    .toArray();
            assertArrayEquals(is, found, 1e-12);
        }
    }

    @SuppressWarnings("unchecked") // The first variable counts.
    private static Operand<TInt32> number(Operand<?> count) {
        return (Operand<TInt32>) count;
    }

    @Test
    void whatALoopMustNotDoIsRefused() {
        Variable<TFloat64> w = Variable.create(session.tf(), "w", session.tf().constant(2.0), true);
        TracedFunction.Body never = (o, v) -> List.of(o.constant(false));
        Map<String, TracedFunction.Body> mistakes = Map.of(
                "read it outside",
                (o, v) ->
                        Loop.whileLoop(o, never, (i, u) -> List.of(i.math.mul(w.read(i), TwoWays.typed(u.get(0)))), v),
                "one bool scalar, got [bool",
                (o, v) -> Loop.whileLoop(o, (i, u) -> List.of(i.constant(new boolean[] {true})), (i, u) -> u, v),
                "of the number and types",
                (o, v) -> Loop.whileLoop(o, never, (i, u) -> List.of(i.constant(1)), v));
        List<Spec> specs = List.of(new Spec(DataType.DT_DOUBLE, Shape.of(3)));
        mistakes.forEach((words, body) -> {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> TracedFunction.trace(session, "f", specs, body));
            assertTrue(error.getMessage().contains(words), error.getMessage());
        });
        Ops tf = session.tf();
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> Loop.whileLoop(tf, (o, v) -> List.of(o.constant(1)), (o, v) -> v, List.of(tf.constant(1))));
        assertTrue(error.getMessage().contains("one bool scalar"), error.getMessage());
    }
}
