package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** Different optimizers for different variables. */
class ByVariableTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat64> a = Variable.create(tf, "a", tf.constant(1.0), true);
    private final Variable<TFloat64> b = Variable.create(tf, "b", tf.constant(1.0), true);
    private final Variable<TFloat64> c = Variable.create(tf, "c", tf.constant(1.0), true);

    @AfterEach
    void close() {
        session.close();
    }

    private void apply(Optimizer optimizer) {
        try (TensorScope step = session.scope()) {
            optimizer.apply(
                    tf,
                    Gradients.of(
                            List.of(a, b, c),
                            List.of(
                                    Optional.of(tf.constant(1.0)),
                                    Optional.of(tf.constant(1.0)),
                                    Optional.of(tf.constant(1.0)))));
        }
    }

    private double value(Variable<TFloat64> variable) {
        return session.scalar(variable.read(tf));
    }

    @Test
    void theFirstOptimizerAddedThatSuitsIsUsed() {
        apply(ByVariable.otherwise(new Sgd(0.5))
                .use(new Sgd(0.25), a)
                .use(new Sgd(0.125), name -> name.equals("a") || name.equals("b")));
        assertEquals(0.75, value(a));
        assertEquals(0.875, value(b));
        assertEquals(0.5, value(c));
    }

    @Test
    void eachPartDecaysWeightsForItself() {
        apply(ByVariable.otherwise(new Sgd(0.5)).use(new Sgd(0.25).with(WeightDecay.of(0.5)), a));
        assertEquals(1 - 0.125 - 0.25, value(a));
        assertEquals(0.5, value(b));
    }

    @Test
    void twoPartsOfOneKindDoNotShareScalarsOrNumbers() {
        ByVariable whole = ByVariable.otherwise(new Nadam(0.1)).use(new Nadam(0.1).betas(0.5, 0.7), a);
        Nadam alone = new Nadam(0.1);
        Nadam aloneOfA = new Nadam(0.1).betas(0.5, 0.7);
        Variable<TFloat64> likeA = Variable.create(tf, "like_a", tf.constant(1.0), true);
        Variable<TFloat64> likeB = Variable.create(tf, "like_b", tf.constant(1.0), true);
        for (int i = 0; i < 3; i++) {
            apply(whole);
            alone.apply(tf, Gradients.of(List.of(likeB), List.of(Optional.of(tf.constant(1.0)))));
            aloneOfA.apply(tf, Gradients.of(List.of(likeA), List.of(Optional.of(tf.constant(1.0)))));
        }
        assertEquals(value(likeA), value(a), 1e-15);
        assertEquals(value(likeB), value(b), 1e-15);
    }

    @Test
    void theStateIsThatOfAllParts() {
        ByVariable whole = ByVariable.otherwise(new Nadam()).use(new Sgd(0.1).momentum(0.9), a);
        apply(whole);
        assertEquals(
                List.of(
                        "optimizer/iterations",
                        "optimizer/learning_rate",
                        "optimizer/1/learning_rate",
                        "optimizer/1/proportion",
                        "a/momentum",
                        "optimizer/momentum_product",
                        "b/m",
                        "b/v",
                        "c/m",
                        "c/v"),
                whole.state().names());
    }

    @Test
    void settingTheLearningRateChangesAllPartsByOneFactor() {
        Sgd part = new Sgd(0.2);
        ByVariable whole = ByVariable.otherwise(new Sgd(0.1)).use(part, a);
        assertEquals(0.1, whole.learningRate());
        whole.setLearningRate(0.05);
        assertEquals(0.1, part.learningRate(), 1e-15);
        apply(whole);
        whole.setLearningRate(0.025);
        assertEquals(0.025, whole.learningRate(), 1e-15);
        assertEquals(0.05, part.learningRate(), 1e-15);
        assertThrows(IllegalArgumentException.class, () -> whole.setLearningRate(Double.MAX_VALUE));
        assertEquals(0.025, whole.learningRate(), 1e-15);
    }

    @Test
    void ratesThatWereSetToZeroRiseAgainInTheirOldProportion() {
        Sgd half = new Sgd(0.05);
        Sgd own = new Sgd(0.2);
        ByVariable whole = ByVariable.otherwise(new Sgd(0.1)).use(half, a).use(own, b);
        whole.setLearningRate(0);
        assertEquals(0, half.learningRate());
        own.setLearningRate(0.7);
        whole.setLearningRate(0);
        apply(whole);
        assertEquals(1, value(a));
        whole.setLearningRate(0.4);
        assertEquals(0.4, whole.learningRate());
        assertEquals(0.2, half.learningRate(), 1e-15);
        assertEquals(0.7, own.learningRate(), 1e-15, "set by itself");
    }

    @Test
    void ratesThatBeginWithZeroHaveNoProportion() {
        ByVariable whole = ByVariable.otherwise(new Sgd(0)).use(new Sgd(0.2), a);
        whole.setLearningRate(0);
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> whole.setLearningRate(1));
        assertTrue(error.getMessage().contains("set the rate of each part"), error.getMessage());
    }

    @Test
    void whatAPartWouldIgnoreIsRefused() {
        Sgd scaled = new Sgd();
        scaled.setLossScale(LossScale.dynamic());
        assertThrows(IllegalArgumentException.class, () -> ByVariable.otherwise(scaled));
        Sgd part = new Sgd();
        ByVariable whole = ByVariable.otherwise(part);
        assertThrows(IllegalStateException.class, () -> part.setLossScale(LossScale.dynamic()));
        assertThrows(IllegalArgumentException.class, () -> part.with(Clip.value(1)));
        part.with(WeightDecay.of(0.5));
        whole.setLossScale(LossScale.dynamic());
        assertTrue(whole.scalesLoss());
    }

    @Test
    void aPartThatFollowsAScheduleKeepsAllRatesFromBeingSet() {
        ByVariable whole = ByVariable.otherwise(new Sgd(0.1)).use(new Adam(Schedule.cosineDecay(0.1, 10)), a);
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> whole.setLearningRate(1));
        assertTrue(error.getMessage().contains("This Adam follows a schedule"), error.getMessage());
        assertEquals(0.1, whole.learningRate());
    }

    @Test
    void aPartIsNotAppliedNorSharedNorUsedBefore() {
        Sgd part = new Sgd();
        ByVariable whole = ByVariable.otherwise(part);
        assertThrows(IllegalStateException.class, () -> apply(part));
        assertThrows(IllegalStateException.class, () -> ByVariable.otherwise(part));
        Sgd used = new Sgd();
        apply(used);
        assertThrows(IllegalStateException.class, () -> whole.use(used, a));
        assertThrows(IllegalArgumentException.class, () -> ByVariable.otherwise(whole));
        apply(whole);
        assertThrows(IllegalStateException.class, () -> whole.use(new Sgd(), a));
    }

    @Test
    void aSnapshotBringsTheProportionsBack() {
        Sgd part = new Sgd(0.2);
        ByVariable whole = ByVariable.otherwise(new Sgd(0.1)).use(part, a);
        apply(whole);
        whole.setLearningRate(0.05); // The part is twice as fast.
        try (Snapshot before = Snapshot.of(whole.state())) {
            part.setLearningRate(0.4);
            whole.setLearningRate(0.025); // Now eight times.
            whole.setLearningRate(0);
            before.restore();
        }
        assertEquals(0.1, part.learningRate(), 1e-15);
        whole.setLearningRate(0);
        whole.setLearningRate(0.1);
        assertEquals(0.2, part.learningRate(), 1e-15);
    }

    @Test
    void aRateThatIsRefusedForOnePartChangesNone() {
        Sgd fast = new Sgd(1e300);
        Sgd slow = new Sgd(0.2);
        ByVariable whole = ByVariable.otherwise(new Sgd(0.1)).use(slow, a).use(fast, b);
        apply(whole);
        assertThrows(IllegalArgumentException.class, () -> whole.setLearningRate(1e100));
        assertEquals(0.2, slow.learningRate());
        assertEquals(0.1, whole.learningRate());
    }

    @Test
    void scheduleFreePartsSwapTheirOwnVariablesAlone() {
        ScheduleFreeAdamW first = new ScheduleFreeAdamW(0.1);
        ScheduleFreeAdamW second = new ScheduleFreeAdamW(0.2).betas(0.5, 0.9);
        ByVariable whole =
                ByVariable.otherwise(new Sgd(0.1).momentum(0.9)).use(first, a).use(second, b);
        apply(whole);
        apply(whole);
        List<Double> training = List.of(value(a), value(b), value(c));
        ScheduleFreeAdamW alone = new ScheduleFreeAdamW(0.2).betas(0.5, 0.9);
        Variable<TFloat64> likeB = Variable.create(tf, "like_b", tf.constant(1.0), true);
        for (int i = 0; i < 2; i++) {
            alone.apply(tf, Gradients.of(List.of(likeB), List.of(Optional.of(tf.constant(1.0)))));
        }
        alone.swapToEval();
        whole.swapToEval();
        assertEquals(value(likeB), value(b));
        assertEquals(training.get(2), value(c), "no schedule-free part has it, though it has a slot named momentum");
        whole.swapToTrain();
        assertEquals(training.get(0), value(a), 1e-15);
        assertEquals(training.get(1), value(b), 1e-15);
    }

    @Test
    void ratesSetBeforeTheFirstStepAreBroughtBackToo() {
        Sgd part = new Sgd(0.2);
        ByVariable whole = ByVariable.otherwise(new Sgd(0.1)).use(part, a);
        TrainingState state = new TrainingState(session);
        state.register("optimizer", whole);
        whole.setLearningRate(0.05);
        assertEquals(
                List.of("optimizer/1/learning_rate", "optimizer/1/proportion", "optimizer/learning_rate"),
                List.copyOf(state.values().keySet()));
        try (Snapshot before = state.snapshot()) {
            part.setLearningRate(0.4);
            whole.setLearningRate(0);
            apply(whole); // Makes the variables, with the values of now.
            before.restore();
        }
        assertEquals(0.05, whole.learningRate());
        assertEquals(0.1, part.learningRate());
        whole.setLearningRate(0);
        whole.setLearningRate(0.1);
        assertEquals(0.2, part.learningRate(), 1e-15);
        assertEquals(Map.of(), state.values(), "they are variables now");
    }
}
