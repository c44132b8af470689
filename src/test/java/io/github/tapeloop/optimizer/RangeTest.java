package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Optimizers at the ends of what their types can hold: where squares overflow or vanish, and constants are rounded away. */
class RangeTest {

    private static final double[] DIRECTION = {0.6, 0, -0.8};

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private <T extends TNumber> Operand<T> constant(Ops ops, Class<T> type, Shape shape, double... values) {
        return Tensors.cast(ops, ops.constant(shape, DataBuffers.of(values)), type);
    }

    private <T extends TNumber> Variable<T> variable(String name, Class<T> type, Shape shape, double... values) {
        List<Variable<T>> made = new ArrayList<>();
        try (TensorScope scope = session.scope()) {
            made.add(Variable.create(tf, name, constant(tf, type, shape, values), true));
        }
        return made.get(0);
    }

    private static double[] times(double[] values, double factor) {
        return Arrays.stream(values).map(value -> value * factor).toArray();
    }

    /** One step; traced as well, where it must give the same bits. */
    private <T extends TNumber> double[] step(
            Supplier<Optimizer> make, Class<T> type, Shape shape, double[] start, double[]... gradients) {
        Variable<T> eager = variable("v", type, shape, start);
        Variable<T> traced = variable("v", type, shape, start);
        Optimizer one = make.get();
        Optimizer other = make.get();
        for (double[] gradient : gradients) {
            try (TensorScope scope = session.scope();
                    TracedFunction function = TracedFunction.trace(session, "step", List.of(), (ops, none) -> {
                        apply(ops, other, traced, constant(ops, type, shape, gradient));
                        return List.of(ops.constant(0f));
                    })) {
                apply(tf, one, eager, constant(tf, type, shape, gradient));
                function.call(List.of());
            }
        }
        assertArrayEquals(eager.toDoubles(), traced.toDoubles());
        return eager.toDoubles();
    }

    private static <T extends TNumber> void apply(
            Ops ops, Optimizer optimizer, Variable<T> variable, Operand<T> gradient) {
        optimizer.apply(ops, Gradients.of(List.of(variable), List.of(Optional.of(gradient))));
    }

    static Stream<Class<? extends Optimizer>> all() {
        return Setters.parts(Optimizer.class);
    }

    /** NaN must not pass for a small gradient, a sign or a maximum: the weight would look trained. */
    @ParameterizedTest
    @MethodSource("all")
    void aGradientThatIsNotANumberMakesItsWeightNotANumberForGood(Class<? extends Optimizer> type) {
        double nan = Double.NaN;
        for (Clip clip : List.of(Clip.value(1), Clip.norm(1), Clip.globalNorm(1))) {
            for (boolean clips : new boolean[] {false, true}) {
                Supplier<Optimizer> make = () -> clips ? made(type).with(clip) : made(type);
                double[] start = {1, -2, 0.5, 3};
                double[][] gradients = {{0.1, -0.2, 0.3, 0.4}, {0.1, nan, 0.3, 0.4}, {0.1, -0.2, 0.3, 0.4}};
                double[] after = step(make, TFloat32.class, Shape.of(2, 2), start, gradients);
                assertTrue(Double.isNaN(after[1]), type.getSimpleName() + " " + Arrays.toString(after));
            }
        }
    }

    private static Optimizer made(Class<? extends Optimizer> type) {
        try {
            return OptimizerKind.make(type);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    static Stream<Arguments> magnitudes() {
        Stream<Arguments> single = Stream.of(1e-35, 1e-30, 1e-20, 0.5, 3.0, 1e19, 1e25, 3e38)
                .map(size -> Arguments.of(TFloat32.class, size, 1e-6));
        Stream<Arguments> exact = Stream.of(1e-305, 1e-200, 1e-160, 0.5, 3.0, 1e155, 1e200, 1e300)
                .map(size -> Arguments.of(TFloat64.class, size, 1e-13));
        return Stream.concat(single, exact);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("magnitudes")
    <T extends TNumber> void aClippedGradientKeepsItsDirection(Class<T> type, double size, double tolerance) {
        for (double limit : new double[] {1, 1e-3, 8}) {
            for (Clip clip : List.of(Clip.norm(limit), Clip.globalNorm(limit))) {
                double expected = Math.min(size, limit);
                double[] after =
                        step(() -> new Sgd(1).with(clip), type, Shape.of(3), new double[3], times(DIRECTION, size));
                assertArrayEquals(times(DIRECTION, -expected), after, tolerance * expected, clip + " of " + size);
            }
        }
    }

    @Test
    void aGlobalNormIsFiniteWhereThatOfEachVariableIs() {
        Variable<TFloat32> a = variable("a", TFloat32.class, Shape.of(2), 0, 0);
        Variable<TFloat64> b = variable("b", TFloat64.class, Shape.scalar(), 0);
        try (TensorScope scope = session.scope()) {
            new Sgd(1)
                    .with(Clip.globalNorm(1))
                    .apply(
                            tf,
                            Gradients.of(
                                    List.of(a, b),
                                    List.of(
                                            Optional.of(tf.constant(new float[] {3e38f, 3e38f})),
                                            Optional.of(tf.constant(3e38)))));
        }
        double third = -1 / Math.sqrt(3);
        assertArrayEquals(new double[] {third, third}, a.toDoubles(), 1e-6);
        assertArrayEquals(new double[] {third}, b.toDoubles(), 1e-6);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("magnitudes")
    <T extends TNumber> void lambMovesByAPartOfTheNormOfTheWeights(Class<T> type, double size, double tolerance) {
        double[] weights = times(new double[] {0.3, 0.4, 0}, size);
        double[] after = step(() -> new Lamb(0.1), type, Shape.of(3), weights, new double[] {1, -1, 1});
        double move = 0.1 * 0.5 * size / Math.sqrt(3);
        double[] expected = {weights[0] - move, weights[1] + move, weights[2] - move};
        assertArrayEquals(expected, after, 10 * tolerance * size);
    }

    /** ε makes steps of tiny gradients tiny, and the trust ratio makes them whole again. */
    @Test
    void lambMovesByTinyGradients() {
        double[] weights = {0.3, 0.4, 0};
        double[] after = step(() -> new Lamb(0.1), TFloat32.class, Shape.of(3), weights, times(DIRECTION, 1e-30));
        double[] expected = {0.3 - 0.05 * 0.6, 0.4, 0.05 * 0.8};
        assertArrayEquals(expected, after, 1e-6);
    }

    @Test
    void lambMovesByTheRateWhereANormIsZero() {
        double[] after = step(() -> new Lamb(0.1), TFloat32.class, Shape.of(2), new double[2], new double[] {1, -1});
        assertArrayEquals(new double[] {-0.1, 0.1}, after, 1e-6);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("magnitudes")
    <T extends TNumber> void adafactorMovesByAPartOfTheSizeOfTheWeights(Class<T> type, double size, double tolerance) {
        double[] weights = times(new double[] {1, -1, 1}, size);
        double[] after = step(
                () -> new Adafactor(0.1).epsilons(1e-30, Double.MIN_NORMAL), type, Shape.of(3), weights, new double[] {
                    1, 1, 1
                });
        assertArrayEquals(times(new double[] {0.9, -1.1, 0.9}, size), after, 10 * tolerance * size);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("magnitudes")
    <T extends TNumber> void muonStepsDoNotDependOnTheSizeOfGradients(Class<T> type, double size, double tolerance) {
        if (size < 0.5) {
            return; // 1e-7 is added to the norm.
        }
        double[] gradient = {0.5, 0.25, -0.5, 0.5, 0.125, 0.25};
        Supplier<Optimizer> muon = () -> new Muon(0.1).momentum(0).nesterov(false);
        Shape shape = Shape.of(2, 3);
        double[] expected = step(muon, type, shape, new double[6], gradient);
        assertArrayEquals(expected, step(muon, type, shape, new double[6], times(gradient, size)), 1e-5);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("optimizers")
    void halfPrecisionVariablesAreRefusedAndNothingChanges(Class<? extends Optimizer> type)
            throws ReflectiveOperationException {
        for (Class<? extends TNumber> half : List.of(TFloat16.class, TBfloat16.class)) {
            refuse(OptimizerKind.make(type), half);
        }
    }

    private <T extends TNumber> void refuse(Optimizer optimizer, Class<T> half) {
        Variable<T> v = variable("layer/v", half, Shape.of(1), 1);
        try (TensorScope scope = session.scope()) {
            IllegalArgumentException error = assertThrows(
                    IllegalArgumentException.class, () -> apply(tf, optimizer, v, constant(tf, half, Shape.of(1), 1)));
            assertTrue(error.getMessage().contains("'layer/v' of type " + half.getSimpleName()), error.getMessage());
            assertTrue(error.getMessage().contains("DtypePolicy"), error.getMessage());
        }
        assertArrayEquals(new double[] {1}, v.toDoubles());
        assertEquals(0, optimizer.state().size());
    }

    static Stream<Class<? extends Optimizer>> optimizers() {
        return Stream.of(
                Adadelta.class,
                Adafactor.class,
                Adagrad.class,
                Adam.class,
                AdamW.class,
                Adamax.class,
                ByVariable.class,
                Ftrl.class,
                Lamb.class,
                Lion.class,
                Muon.class,
                Nadam.class,
                RmsProp.class,
                ScheduleFreeAdamW.class,
                Sgd.class);
    }

    static Stream<Arguments> roundedAway() {
        double least = Double.MIN_NORMAL;
        double most = Math.nextDown(1.0);
        return Stream.of(
                row("adam, epsilon", () -> new Adam(0.1).epsilon(least)),
                row("adam, betas", () -> new Adam(0.1).betas(most, most)),
                row(
                        "amsgrad",
                        () -> new Adam(0.1).betas(most, most).epsilon(least).amsgrad(true)),
                row("adamax", () -> new Adamax(0.1).betas(most, most).epsilon(least)),
                row("nadam", () -> new Nadam(0.1).betas(0.9, most).epsilon(least)),
                row("lamb", () -> new Lamb(0.1).betas(most, most).epsilon(least)),
                row(
                        "schedule-free",
                        () -> new ScheduleFreeAdamW(0.1).betas(0.9, most).epsilon(least)),
                row("rmsprop", () -> new RmsProp(0.1).rho(most).epsilon(least)),
                row("centered", () -> new RmsProp(0.1).rho(most).epsilon(least).centered(true)),
                row("adagrad", () -> new Adagrad(0.1).initialAccumulatorValue(0).epsilon(least)),
                row("adadelta", () -> new Adadelta(0.1).rho(most).epsilon(least)),
                row("adafactor", () -> new Adafactor(0.1).epsilons(least, least)),
                row("muon", () -> new Muon(0.1).betas(most, most).epsilon(least)));
    }

    private static Arguments row(String name, Supplier<Optimizer> optimizer) {
        return Arguments.of(name, optimizer);
    }

    /** Settings that are legal, but 0 or 1 when they are rounded to float32, make no NaN of zero gradients. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("roundedAway")
    void settingsThatFloat32RoundsAwayMakeNoNaN(String name, Supplier<Optimizer> make) {
        double[] gradient = {0, 1, -1};
        double[] after = step(make, TFloat32.class, Shape.of(3), new double[] {1, 1, 1}, gradient, gradient);
        assertTrue(Arrays.stream(after).allMatch(Double::isFinite), () -> Arrays.toString(after));
        assertTrue(Math.abs(after[0] - 1) < 1e-2, () -> Arrays.toString(after));
    }

    static Stream<Arguments> steady() {
        double[] falls = new double[400];
        Arrays.fill(falls, 0, 200, 3);
        Arrays.fill(falls, 200, 400, 2);
        double[] turns = new double[400];
        Arrays.setAll(turns, i -> i % 2 == 0 ? 10000 : 10000.1);
        double[] constant = new double[400];
        Arrays.fill(constant, 1e5);
        return Stream.of(falls, turns, constant)
                .flatMap(curve -> Stream.of(TFloat32.class, TFloat64.class).map(type -> Arguments.of(type, curve)));
    }

    /** As the difference of s and a² the variance would be rounding, and below 0. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("steady")
    <T extends TNumber> void aVarianceOfGradientsThatHardlyChangeIsNoRounding(Class<T> type, double[] curve) {
        Optimizer rmsprop = new RmsProp(0.001).centered(true);
        Variable<T> v = variable("v", type, Shape.scalar(), 1);
        double average = 0;
        double variance = 0;
        double value = 1;
        for (double gradient : curve) {
            try (TensorScope scope = session.scope()) {
                apply(tf, rmsprop, v, constant(tf, type, Shape.scalar(), gradient));
            }
            variance = 0.9 * (variance + 0.1 * Math.pow(gradient - average, 2));
            average += 0.1 * (gradient - average);
            value -= 0.001 * gradient / Math.sqrt(variance + 1e-7);
        }
        double actual = v.toDoubles()[0];
        if (type == TFloat64.class) {
            assertEquals(value, actual, 1e-6 * Math.abs(value));
        } else { // In float32 the average itself is rounded by more than ε.
            assertTrue(Double.isFinite(actual) && actual < 0, "moves down: " + actual);
        }
    }
}
