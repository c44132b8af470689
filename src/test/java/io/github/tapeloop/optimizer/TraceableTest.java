package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** What is safe to trace, and that only this is kept from one eager step to the next. */
class TraceableTest {

    private static final Schedule OWN = (tf, step) -> tf.constant(0.1);
    private static final GradientTransform NOTHING = (update, gradients) -> gradients;

    /** Counts the steps that its Java code ran in. */
    private static final class Counting extends Optimizer {
        private final boolean traceable;
        private int runs;

        Counting(boolean traceable) {
            super(0.1);
            this.traceable = traceable;
        }

        Counting(Schedule schedule) {
            super(schedule);
            this.traceable = true;
        }

        @Override
        protected boolean isUpdateTraceable() {
            return traceable;
        }

        @Override
        protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
            runs += variable.name().endsWith("kernel") ? 1 : 0;
            variable.assignSub(update.tf(), update.tf().math.mul(gradient, update.learningRate(variable.type())));
        }
    }

    @Test
    void everyOptimizerOfTheLibraryIsTraceable() throws ReflectiveOperationException {
        for (Class<? extends Optimizer> type : Setters.parts(Optimizer.class).toList()) {
            if (type != ByVariable.class) {
                Optimizer optimizer = type.getConstructor().newInstance();
                assertTrue(optimizer.isTraceable(), type.getName());
                assertFalse(type.getConstructor(Schedule.class).newInstance(OWN).isTraceable(), type.getName());
            }
        }
        assertTrue(ByVariable.otherwise(new Sgd()).use(new Adam(), name -> true).isTraceable());
    }

    @Test
    void everyScheduleOfTheLibraryIsTraceableAndALambdaIsNot() {
        List<Schedule> schedules = List.of(
                Schedule.constant(1),
                Schedule.exponentialDecay(1, 1, 0.5),
                Schedule.staircaseDecay(1, 1, 0.5),
                Schedule.piecewiseConstant(new long[] {1}, new double[] {1, 2}),
                Schedule.polynomialDecay(1, 1),
                Schedule.inverseTimeDecay(1, 1, 0.5),
                Schedule.cosineDecay(1, 1),
                Schedule.cosineDecayRestarts(1, 1),
                Schedule.traceable(OWN));
        for (Schedule schedule : schedules) {
            assertTrue(schedule.isTraceable(), schedule.toString());
            assertTrue(schedule.warmup(0, 2).isTraceable(), schedule.toString());
            assertTrue(new Sgd(schedule).isTraceable(), schedule.toString());
        }
        assertFalse(OWN.isTraceable());
        assertFalse(OWN.warmup(0, 2).isTraceable());
    }

    @Test
    void allThatAnUpdateConsistsOfMustBeTraceable() {
        assertFalse(new Counting(false).isTraceable());
        assertTrue(new Counting(true).isTraceable());
        assertFalse(new Counting(OWN).isTraceable(), "its schedule is not");
        assertTrue(new Counting(Schedule.traceable(OWN)).isTraceable());
        assertTrue(new Adam().with(GradientTransform.traceable("a", NOTHING)).isTraceable());
        assertFalse(new Adam()
                .with(GradientTransform.traceable("a", NOTHING), GradientTransform.of("b", NOTHING))
                .isTraceable());
    }

    @Test
    void whatIsAddedBeforeTheFirstStepCounts() {
        ByVariable whole = ByVariable.otherwise(new Sgd());
        assertTrue(whole.isTraceable());
        whole.use(new Counting(false), name -> true);
        assertFalse(whole.isTraceable());
        Optimizer sgd = new Sgd();
        assertTrue(sgd.isTraceable());
        assertFalse(sgd.with(GradientTransform.of("own", NOTHING)).isTraceable());
    }

    /** The losses of five steps on one batch. */
    private static List<Double> fiveSteps(Optimizer optimizer) {
        return train(optimizer, Dataset.of(new float[][] {{1}, {2}}, new float[][] {{2}, {3}}));
    }

    /** Five epochs of batches of two. */
    private static List<Double> train(Optimizer optimizer, Dataset data) {
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(1)))
                .loss(new MeanSquaredError())
                .optimizer(optimizer)
                .seed(1)
                .build()) {
            return trainer.fit(data.batch(2), Fit.epochs(5)).values("loss");
        }
    }

    @Test
    void anOptimizerOfTheUsersIsKeptIfItSaysThatItCanBe() {
        Counting plain = new Counting(false);
        Counting kept = new Counting(true);
        assertEquals(fiveSteps(plain), fiveSteps(kept));
        assertEquals(5, plain.runs);
        assertEquals(2, kept.runs, "the first step, and the trace of the second");
    }

    @Test
    void aScheduleOfTheUsersIsKeptIfItSaysThatItCanBe() {
        int[] runs = {0};
        Schedule counting = (tf, step) -> {
            runs[0]++;
            return tf.math.div(tf.constant(0.1), tf.math.add(step, tf.constant(1.0)));
        };
        List<Double> plain = fiveSteps(new Sgd(counting));
        assertEquals(6, runs[0], "five steps, and the look at the rate after the first");
        runs[0] = 0;
        assertEquals(plain, fiveSteps(new Sgd(Schedule.traceable(counting))));
        assertEquals(3, runs[0], "the first step, the trace of the second, and the look at the rate");
    }

    /** An optimizer that asks a predicate of the user's. */
    static Stream<Arguments> asking() {
        return Stream.of(
                asking("decay", names -> new Sgd().with(WeightDecay.of(0.5).excluding(names))),
                asking("Muon", names -> new Muon().excluding(names)),
                asking("ByVariable", names -> ByVariable.otherwise(new Sgd()).use(new Sgd(0.1), names)));
    }

    private static Arguments asking(String name, Function<Predicate<String>, Optimizer> make) {
        return Arguments.of(name, make);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("asking")
    void aPredicateIsAskedOnceForEachVariable(String name, Function<Predicate<String>, Optimizer> make) {
        List<String> asked = new ArrayList<>();
        Optimizer optimizer = make.apply(variable -> {
            asked.add(variable);
            return asked.size() % 2 == 0;
        });
        // Batches of two sizes, so that several steps run op by op and several are traced.
        train(optimizer, Dataset.of(new float[][] {{1}, {2}, {3}}, new float[][] {{2}, {3}, {4}}));
        assertFalse(asked.isEmpty());
        assertEquals(asked.stream().distinct().toList(), asked);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("asking")
    void aPredicateThatFailsLeavesAllVariablesAsTheyWere(String name, Function<Predicate<String>, Optimizer> make) {
        Optimizer optimizer = make.apply(variable -> {
            if (variable.equals("second")) {
                throw new IllegalArgumentException("not this one");
            }
            return false;
        });
        try (TapeSession session = TapeSession.open()) {
            Ops tf = session.tf();
            Variable<TFloat64> first = Variable.create(tf, "first", tf.constant(1.0), true);
            Variable<TFloat64> second = Variable.create(tf, "second", tf.constant(1.0), true);
            Gradients gradients = Gradients.of(
                    List.of(first, second), List.of(Optional.of(tf.constant(1.0)), Optional.of(tf.constant(1.0))));
            assertThrows(IllegalArgumentException.class, () -> optimizer.apply(tf, gradients));
            assertEquals(1, session.scalar(first.read(tf)));
        }
    }

    @Test
    void addingAnOptimizerOfTheUsersAfterTheTrainerWasBuiltRunsItInEveryStep() {
        ByVariable whole = ByVariable.otherwise(new Sgd(0.1));
        Counting mine = new Counting(false);
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(1)))
                .loss(new MeanSquaredError())
                .optimizer(whole)
                .build()) {
            whole.use(mine, name -> true); // Legal until the first step.
            trainer.fit(Dataset.of(new float[][] {{1}}, new float[][] {{2}}).batch(1), Fit.epochs(5));
        }
        assertEquals(5, mine.runs);
    }
}
