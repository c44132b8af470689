package io.github.tapeloop.optimizer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Optimizers against their formulas in Java, and what they promise about state, rates and mistakes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OptimizerRulesTest {

    private static final double[] GRADIENTS = {0.5, -2, 0, 1e-4, 3, -0.25};

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    /** The optimizer of the javadoc of {@link Optimizer}. */
    private static final class SignDescent extends Optimizer {
        SignDescent(double learningRate) {
            super(learningRate);
        }

        SignDescent(Schedule schedule) {
            super(schedule);
        }

        @Override
        protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
            Ops tf = update.tf();
            variable.assignSub(tf, tf.math.mul(update.learningRate(variable.type()), tf.math.sign(gradient)));
        }
    }

    /** One number under one optimizer; a new one for each run. */
    private interface Rule {
        double step(double value, double gradient);
    }

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

    private Variable<TFloat64> variable(String name, double value) {
        return Variable.create(tf, name, tf.constant(value), true);
    }

    private <T extends TNumber> void apply(Optimizer optimizer, Variable<T> variable, Operand<T> gradient) {
        optimizer.apply(tf, Gradients.of(List.of(variable), List.of(Optional.of(gradient))));
    }

    static Stream<Arguments> rules() {
        return Stream.of(
                row("sgd", () -> new Sgd(0.1), () -> sgd(0.1, 0, false)),
                row("momentum", () -> new Sgd(0.1).momentum(0.7), () -> sgd(0.1, 0.7, false)),
                row("nesterov", () -> new Sgd(0.1).momentum(0.7).nesterov(true), () -> sgd(0.1, 0.7, true)),
                row("nesterov without momentum", () -> new Sgd(0.1).nesterov(true), () -> sgd(0.1, 0, false)),
                row("adam", Adam::new, () -> adam(0.001, 0.9, 0.999, 1e-7, false)),
                row(
                        "adam, other betas",
                        () -> new Adam(0.2).betas(0.3, 0.6).epsilon(0.05),
                        () -> adam(0.2, 0.3, 0.6, 0.05, false)),
                row("adam, no memory", () -> new Adam(0.1).betas(0, 0), () -> adam(0.1, 0, 0, 1e-7, false)),
                row(
                        "amsgrad",
                        () -> new Adam(0.2).betas(0.3, 0.6).epsilon(0.05).amsgrad(true),
                        () -> adam(0.2, 0.3, 0.6, 0.05, true)),
                row(
                        "sign",
                        () -> new SignDescent(0.1),
                        () -> (value, gradient) -> value - 0.1 * Math.signum(gradient)));
    }

    private static Arguments row(String name, Supplier<Optimizer> optimizer, Supplier<Rule> rule) {
        return Arguments.of(name, optimizer, rule);
    }

    private static Rule sgd(double rate, double momentum, boolean nesterov) {
        double[] m = new double[1];
        return (value, gradient) -> {
            m[0] = momentum * m[0] - rate * gradient;
            return value + (nesterov ? momentum * m[0] - rate * gradient : m[0]);
        };
    }

    private static Rule adam(double rate, double beta1, double beta2, double epsilon, boolean amsgrad) {
        double[] s = new double[4]; // m, v, the largest v, t
        return (value, gradient) -> {
            s[0] = beta1 * s[0] + (1 - beta1) * gradient;
            s[1] = beta2 * s[1] + (1 - beta2) * gradient * gradient;
            s[2] = amsgrad ? Math.max(s[2], s[1]) : s[1];
            s[3]++;
            double alpha = rate * Math.sqrt(1 - Math.pow(beta2, s[3])) / (1 - Math.pow(beta1, s[3]));
            return value - alpha * s[0] / (Math.sqrt(s[2]) + epsilon);
        };
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void eachStepFollowsTheFormula(String name, Supplier<Optimizer> make, Supplier<Rule> makeRule) {
        Optimizer optimizer = make.get();
        Rule rule = makeRule.get();
        Variable<TFloat64> exact = variable("exact", 1);
        Variable<TFloat32> rounded = Variable.create(tf, "rounded", tf.constant(1f), true);
        double expected = 1;
        for (double gradient : GRADIENTS) {
            expected = rule.step(expected, gradient);
            optimizer.apply(
                    tf,
                    Gradients.of(
                            List.of(exact, rounded),
                            List.of(Optional.of(tf.constant(gradient)), Optional.of(tf.constant((float) gradient)))));
            assertEquals(expected, session.scalar(exact.read(tf)), 1e-12);
            // A float32 value near 1 is rounded by up to 6e-8 in each of six steps.
            assertEquals(expected, session.scalar(rounded.read(tf)), 1e-6);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void everyElementIsUpdatedByItself(String name, Supplier<Optimizer> make, Supplier<Rule> makeRule) {
        double[] start = {1, -1, 0.5};
        Variable<TFloat64> vector = Variable.create(tf, "vector", tf.constant(start), true);
        Optimizer optimizer = make.get();
        List<Rule> rules = List.of(makeRule.get(), makeRule.get(), makeRule.get());
        double[] expected = start.clone();
        for (int step = 0; step < 3; step++) {
            double[] gradient = {GRADIENTS[step], GRADIENTS[step + 1], GRADIENTS[step + 2]};
            for (int i = 0; i < 3; i++) {
                expected[i] = rules.get(i).step(expected[i], gradient[i]);
            }
            apply(optimizer, vector, tf.constant(gradient));
        }
        assertArrayEquals(expected, values(session, vector.read(tf)), 1e-12);
    }

    @Test
    void stepsLeaveNothingBehindButTheirState() {
        Optimizer adam = new Adam();
        Variable<TFloat64> v = variable("v", 1);
        List<Integer> live = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            try (TensorScope step = session.scope()) {
                apply(adam, v, tf.constant(1.0));
            }
            live.add(session.liveHandles());
        }
        assertEquals(1, live.stream().distinct().count(), live::toString);
        assertEquals(5, session.scalar(number(adam, "optimizer/iterations")));
        assertEquals(0.001, session.scalar(number(adam, "optimizer/learning_rate")));
        assertEquals(1 - Math.pow(0.9, 5), session.scalar(number(adam, "v/m")), 1e-12);
        assertEquals(1 - Math.pow(0.999, 5), session.scalar(number(adam, "v/v")), 1e-12);
    }

    @SuppressWarnings("unchecked") // An optimizer's state is numbers.
    private Operand<? extends TNumber> number(Optimizer optimizer, String name) {
        return (Operand<? extends TNumber>) optimizer.state().get(name).read(tf);
    }

    @Test
    void slotsAreMadeWhenAVariableFirstHasAGradientAndNotTrainable() {
        Optimizer momentum = new Sgd(0.1).momentum(0.9);
        Variable<TFloat64> a = variable("a", 1);
        Variable<TFloat64> b = variable("b", 1);
        apply(momentum, a, tf.constant(1.0));
        assertEquals(
                List.of("optimizer/iterations", "optimizer/learning_rate", "a/momentum"),
                momentum.state().names());
        apply(momentum, b, tf.constant(1.0));
        assertTrue(momentum.state().names().contains("b/momentum"));
        assertEquals(0, momentum.state().filter(Variable::trainable).size());
        Optimizer amsgrad = new Adam().amsgrad(true);
        apply(amsgrad, a, tf.constant(1.0));
        assertEquals(List.of("a/m", "a/v", "a/vhat"), amsgrad.state().names().subList(2, 5));
    }

    @Test
    void aScheduleSeesTheNumberOfStepsBefore() {
        List<Double> rates = List.of(0.5, 0.25, 0.125);
        Optimizer sign = new SignDescent(Schedule.exponentialDecay(0.5, 1, 0.5));
        Variable<TFloat64> v = variable("v", 0);
        double expected = 0;
        assertEquals(0.5, sign.learningRate(), "of the first step");
        for (double rate : rates) {
            apply(sign, v, tf.constant(1.0));
            expected -= rate;
            assertEquals(expected, session.scalar(v.read(tf)), 1e-12);
            assertEquals(rate / 2, sign.learningRate(), 1e-12, "of the next step");
        }
    }

    @Test
    void aLearningRateSetActsFromTheNextStepAndKeepsTheMomentum() {
        Optimizer momentum = new Sgd(0.1).momentum(0.5);
        Variable<TFloat64> v = variable("v", 0);
        apply(momentum, v, tf.constant(1.0)); // m = -0.1
        momentum.setLearningRate(0.2);
        apply(momentum, v, tf.constant(1.0)); // m = -0.05 - 0.2
        assertEquals(-0.35, session.scalar(v.read(tf)), 1e-12);
        momentum.setLearningRate(0);
        apply(momentum, v, tf.constant(1.0)); // m = -0.125
        assertEquals(-0.475, session.scalar(v.read(tf)), 1e-12);
        for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> momentum.setLearningRate(bad));
        }
        assertEquals(0, momentum.learningRate());
    }

    @Test
    void noTrainableVariablesAtAllIsRefusedWithAdvice() {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> new Sgd().apply(tf, Gradients.of(List.of(), List.of())));
        assertTrue(error.getMessage().contains("Was the model called"), error.getMessage());
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                mistake(() -> new Sgd(-0.1), "learning rate of at least 0, got -0.1"),
                mistake(() -> new Sgd(Double.NaN), "finite learning rate", "got NaN"),
                mistake(() -> new Adam(Double.POSITIVE_INFINITY), "finite learning rate", "got Infinity"),
                mistake(() -> new Sgd().momentum(-0.5), "momentum in [0, 1), got -0.5"),
                mistake(() -> new Sgd().momentum(1), "momentum in [0, 1), got 1.0"),
                mistake(() -> new Sgd().momentum(Double.NaN), "momentum in [0, 1), got NaN"),
                mistake(() -> new Adam().betas(1, 0.5), "beta1 in [0, 1), got 1.0"),
                mistake(() -> new Adam().betas(0.5, 1.5), "beta2 in [0, 1), got 1.5"),
                mistake(() -> new Adam().epsilon(-1e-9), "epsilon above 0, got -1.0E-9"),
                mistake(() -> new Adam().epsilon(Double.NaN), "epsilon above 0, got NaN"),
                mistake(() -> new Adam((Schedule) null), "schedule, got null"),
                mistake(() -> Schedule.staircaseDecay(1, -2, 0.5), "decaySteps of at least 1, got -2"));
    }

    private static Arguments mistake(Executable action, String... words) {
        return Arguments.of(String.join(" ", words), action, words);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void badNumbersAreNamedWithTheirRange(String name, Executable action, String[] words) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, action);
        for (String word : words) {
            assertTrue(error.getMessage().contains(word), error.getMessage());
        }
    }
}
