package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Steps and updates are counted once, whatever variables a step happens to touch. */
class AccumulationTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat64> a = Variable.create(tf, "a", tf.constant(1.0), true);
    private final Variable<TFloat64> b = Variable.create(tf, "b", tf.constant(2.0), true);

    @AfterEach
    void close() {
        session.close();
    }

    /** A step with gradients of some variables; null for none. */
    private void step(Optimizer optimizer, Double ofA, Double ofB) {
        try (TensorScope scope = session.scope()) {
            optimizer.apply(tf, gradients(tf, ofA, ofB));
        }
    }

    private Gradients gradients(Ops ops, Double ofA, Double ofB) {
        return Gradients.of(
                List.of(a, b),
                List.of(
                        Optional.ofNullable(ofA).map(ops::constant),
                        Optional.ofNullable(ofB).map(ops::constant)));
    }

    private double value(Variable<TFloat64> variable) {
        return variable.toDoubles()[0];
    }

    private static double number(Optimizer optimizer, String name) {
        return optimizer.state().get(name).toDoubles()[0];
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aVariableThatTheLastStepDoesNotTouchIsUpdatedByThoseThatDid(boolean traced) {
        Optimizer sgd = new Sgd(1).with(GradientAccumulation.of(2));
        List<Double[]> steps = new ArrayList<>();
        steps.add(new Double[] {0.5, 0.25});
        steps.add(new Double[] {0.5, null}); // An update: both by half of what came.
        steps.add(new Double[] {1.0, null});
        steps.add(new Double[] {null, null});
        steps.add(new Double[] {null, 2.0}); // An update after the step without gradients, which is none.
        run(sgd, steps, traced);
        assertEquals(1 - 0.5 - 0.5, value(a), 1e-12);
        assertEquals(2 - 0.125 - 1, value(b), 1e-12);
        assertEquals(2, number(sgd, "optimizer/updates"));
        assertEquals(4, number(sgd, "optimizer/iterations"));
    }

    /** Runs steps; a traced one in a function that is made anew where the optimizer has met more variables since. */
    private void run(Optimizer optimizer, List<Double[]> steps, boolean traced) {
        Map<String, TracedFunction> functions = new TreeMap<>();
        for (Double[] step : steps) {
            if (step[0] == null && step[1] == null) {
                continue;
            }
            if (!traced) {
                step(optimizer, step[0], step[1]);
                continue;
            }
            try (TensorScope scope = session.scope();
                    TracedFunction function = TracedFunction.trace(session, "step", List.of(), (ops, none) -> {
                        optimizer.apply(ops, gradients(ops, step[0], step[1]));
                        return List.of(ops.constant(0f));
                    })) {
                function.call(List.of());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aVariableThatNoStepOfAnUpdateTouchesIsLeftAlone(boolean traced) {
        Optimizer adam = new AdamW(0.1).with(GradientAccumulation.of(2), WeightDecay.of(0.5));
        Optimizer alone = new AdamW(0.1).with(WeightDecay.of(0.5));
        run(adam, List.of(new Double[] {0.5, 0.25}, new Double[] {0.5, 0.25}), traced);
        double before = value(b);
        double moment = number(adam, "b/m");
        run(adam, List.of(new Double[] {0.5, null}, new Double[] {0.5, null}), traced);
        assertEquals(before, value(b));
        assertEquals(moment, number(adam, "b/m"));
        double ofA = value(a);
        session.unrecorded(() -> a.assign(tf, tf.constant(1.0)));
        step(alone, 0.5, null);
        step(alone, 0.5, null);
        assertEquals(value(a), ofA, 1e-12);
    }

    @Test
    void aFlushUsesTheStepsOfEachVariable() {
        Optimizer sgd = new Sgd(1).with(GradientAccumulation.of(4));
        step(sgd, 0.5, 0.25);
        step(sgd, 0.5, null);
        step(sgd, 0.5, null);
        sgd.flush();
        assertEquals(0.5, value(a), 1e-12);
        assertEquals(2 - 0.25 / 3, value(b), 1e-12);
        step(sgd, 1.0, null);
        sgd.flush();
        assertEquals(-0.5, value(a), 1e-12);
        assertEquals(2 - 0.25 / 3, value(b), 1e-12);
    }

    @Test
    void aScheduleCountsStepsAndAFlushTakesNone() {
        double[] rates = new double[11];
        Optimizer sgd = new Sgd(Schedule.cosineDecay(1, 10)).with(GradientAccumulation.of(4));
        for (int i = 0; i < 10; i++) {
            rates[i] = sgd.learningRate();
            step(sgd, 1.0, 1.0);
            if (i == 4) {
                sgd.flush();
            }
        }
        rates[10] = sgd.learningRate();
        for (int i = 0; i <= 10; i++) {
            assertEquals((1 + Math.cos(Math.PI * i / 10)) / 2, rates[i], 1e-12);
        }
        // Updates after steps 4 and 5 (flushed), and 9, at the rates of these steps; step 10 waits.
        assertEquals(1 - rates[3] - rates[4] - rates[8], value(a), 1e-12);
        sgd.flush();
        assertEquals(1 - rates[3] - rates[4] - rates[8] - rates[9], value(a), 1e-12);
    }

    @Test
    void biasCorrectionsCountUpdatesAlsoAfterAFlush() {
        Optimizer adam = new Adam(0.1).with(GradientAccumulation.of(3));
        Optimizer plain = new Adam(0.1);
        step(adam, 1.0, 1.0);
        adam.flush();
        for (int i = 0; i < 3; i++) {
            step(adam, 1 + i / 3.0, 1.0);
        }
        double accumulated = value(a);
        session.unrecorded(() -> a.assign(tf, tf.constant(1.0)));
        step(plain, 1.0, 1.0);
        step(plain, (1 + 4 / 3.0 + 5 / 3.0) / 3, 1.0);
        assertEquals(value(a), accumulated, 1e-12);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void averagesFollowUpdates(boolean traced) {
        Optimizer sgd = new Sgd(1)
                .with(GradientAccumulation.of(2), MovingAverage.of(0.75).overwriteFrequency(3));
        List<Double[]> steps = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            steps.add(new Double[] {0.5, i < 4 ? 0.25 : null});
        }
        run(sgd, steps, traced);
        double[] ofA = {1, 0};
        double[] ofB = {2, 0};
        for (int update = 1; update <= 4; update++) {
            ofA[0] -= 0.5;
            ofB[0] -= update <= 2 ? 0.25 : 0; // From then on the average alone moves, towards b.
            for (double[] v : List.of(ofA, ofB)) {
                v[1] = update == 1 ? v[0] : 0.75 * v[1] + 0.25 * v[0];
                v[0] = update == 3 ? v[1] : v[0];
            }
        }
        assertArrayEquals(ofA, new double[] {value(a), number(sgd, "a/average")}, 1e-12);
        assertArrayEquals(ofB, new double[] {value(b), number(sgd, "b/average")}, 1e-12);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theAverageOfAVariableThatComesLateBeginsWithItsFirstValue(boolean traced) {
        Optimizer sgd = new Sgd(1).with(MovingAverage.of(0.75));
        run(sgd, List.of(new Double[] {0.5, null}, new Double[] {0.5, 1.0}, new Double[] {0.5, null}), traced);
        double average = 0.75 * 2 + 0.25 * 1;
        assertEquals(0.75 * average + 0.25 * 1, number(sgd, "b/average"), 1e-12);
    }

    @Test
    void anUpdateIsComputedOnceForAllItsSteps() {
        Map<String, Integer> ran = new LinkedHashMap<>();
        Optimizer own = new Optimizer(0.1) {
            @Override
            protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
                ran.merge(variable.name(), 1, Integer::sum);
                Ops ops = update.tf();
                variable.assignSub(ops, ops.math.mul(update.learningRate(variable.type()), gradient));
            }
        };
        own.with(GradientAccumulation.of(8));
        for (int i = 0; i < 8; i++) {
            step(own, 2.0, 2.0);
        }
        assertEquals(Map.of("a", 1, "b", 1), ran);
        assertEquals(0.8, value(a), 1e-12);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStepThatTheLossScaleSkipsIsNoStepOfAnUpdate(boolean traced) {
        Optimizer sgd = new Sgd(1).with(GradientAccumulation.of(2), MovingAverage.of(0.5));
        LossScale scale = LossScale.dynamic(4, 100);
        sgd.setLossScale(scale);
        double[] gradients = {1, Double.POSITIVE_INFINITY, 3, Double.NaN, 2, 4};
        for (double gradient : gradients) {
            double scaled = gradient * scale.value();
            try (TensorScope scope = session.scope();
                    TracedFunction function = TracedFunction.trace(session, "step", List.of(), (ops, none) -> {
                        sgd.scaleLoss(ops, ops.constant(0f));
                        sgd.apply(ops, gradients(ops, scaled, scaled));
                        return List.of(ops.constant(0f));
                    })) {
                if (traced) {
                    function.call(List.of());
                } else {
                    sgd.scaleLoss(tf, tf.constant(0f));
                    sgd.apply(tf, gradients(tf, scaled, scaled));
                }
            }
        }
        assertEquals(1 - 2 - 3, value(a), 1e-12);
        assertEquals(0.5 * (1 - 2) + 0.5 * (1 - 2 - 3), number(sgd, "a/average"), 1e-12);
        assertEquals(4, number(sgd, "optimizer/iterations"));
        assertEquals(2, number(sgd, "optimizer/updates"));
        assertEquals(2, scale.skipped());
    }

    @Test
    void projectionsFollowUpdates() {
        a.projection((ops, value) -> ops.math.mul(value, ops.constant(0.5)));
        Optimizer sgd = new Sgd(1).with(GradientAccumulation.of(3));
        for (int i = 0; i < 6; i++) {
            step(sgd, 0.0, 1.0);
        }
        assertEquals(0.25, value(a), 1e-12);
    }

    @Test
    void aFlushWhileAScheduleFreeOptimizerEvaluatesGoesOnWithTraining() {
        Optimizer flushed = new ScheduleFreeAdamW(0.1).with(GradientAccumulation.of(2));
        Optimizer plain = new ScheduleFreeAdamW(0.1);
        for (double gradient : new double[] {1, 3, 5}) {
            step(flushed, gradient, gradient);
        }
        flushed.swapToEval();
        flushed.flush();
        double average = value(a);
        session.unrecorded(() -> a.assign(tf, tf.constant(1.0)));
        step(plain, 2.0, 2.0);
        step(plain, 5.0, 5.0);
        plain.swapToEval();
        assertEquals(value(a), average, 1e-12);
    }
}
