package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.callback.TerminateOnNaN;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Steps that are not finite: what they leave, how they are counted, and what the run does about them. */
class NonFiniteTest {

    private static final int STEPS = 12;

    /** What a training step is. */
    private enum Kind {
        BUILT_IN,
        MINIMIZE,
        APPLY,
        TWO_UPDATES;

        TrainerBuilder of(Model model, Optimizer optimizer) {
            Loss loss = new MeanSquaredError();
            TrainerBuilder builder = Trainer.of(model).threads(1, 1).seed(2);
            return switch (this) {
                case BUILT_IN -> builder.loss(loss).optimizer(optimizer);
                case MINIMIZE ->
                    builder.optimizer(optimizer).step((step, batch) -> {
                        Ops tf = step.tf();
                        try (GradientTape tape = step.tape()) {
                            Operand<TFloat32> value = loss.call(
                                    tf, batch.target(tf), step.training().call(model, batch.input(tf)));
                            step.minimize(optimizer, tape, value, model.trainableVariables());
                            return Map.of("loss", value);
                        }
                    });
                case APPLY ->
                    builder.optimizer(optimizer).step((step, batch) -> {
                        Ops tf = step.tf();
                        try (GradientTape tape = step.tape()) {
                            Operand<TFloat32> value = loss.call(
                                    tf, batch.target(tf), step.training().call(model, batch.input(tf)));
                            optimizer.apply(
                                    tf, tape.gradients(optimizer.scaleLoss(tf, value), model.trainableVariables()));
                            return Map.of("loss", value);
                        }
                    });
                case TWO_UPDATES ->
                    builder.optimizer(optimizer).step((step, batch) -> {
                        Ops tf = step.tf();
                        try (GradientTape tape = step.tape()) { // Finite in any batch.
                            Operand<TFloat32> ones = tf.onesLike(batch.input(tf));
                            Operand<TFloat32> value =
                                    tf.math.mean(step.training().call(model, ones), tf.constant(new int[] {0, 1}));
                            step.minimize(optimizer, tape, value, model.trainableVariables());
                        }
                        try (GradientTape tape = step.tape()) {
                            Operand<TFloat32> value = loss.call(
                                    tf, batch.target(tf), step.training().call(model, batch.input(tf)));
                            step.minimize(optimizer, tape, value, model.trainableVariables());
                            return Map.of("loss", value);
                        }
                    });
            };
        }
    }

    private static Model model() {
        return Sequential.of(new Dense(3), new BatchNormalization(), new Dense(1));
    }

    private static float[][] inputs() {
        float[][] x = new float[2 * STEPS][2];
        for (int i = 0; i < x.length; i++) {
            x[i][0] = (float) Math.sin(i);
            x[i][1] = (float) Math.cos(2 * i);
        }
        return x;
    }

    private static Dataset data(float[][] x) {
        float[][] y = new float[x.length][1];
        for (int i = 0; i < x.length; i++) {
            y[i][0] = x[i][0] - 2 * inputs()[i % (2 * STEPS)][1];
        }
        return Dataset.of(x, y);
    }

    private static List<float[]> weights(Trainer trainer) {
        List<float[]> all = new ArrayList<>();
        for (Variable<?> variable : trainer.model().variables()) {
            all.add(floats(trainer, variable));
        }
        return all;
    }

    @SuppressWarnings("unchecked") // Weights are float32.
    private static float[] floats(Trainer trainer, Variable<?> variable) {
        float[] values = new float[(int) variable.shape().size()];
        trainer.session().unrecorded(() -> trainer.session()
                .read(
                        ((Variable<TFloat32>) variable).read(trainer.session().tf()),
                        tensor -> tensor.asRawTensor().data().asFloats().read(values)));
        return values;
    }

    private static void assertSame(List<float[]> expected, List<float[]> actual) {
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    static Stream<Arguments> waysAndKinds() {
        return Stream.of(Way.values()).flatMap(way -> Stream.of(Kind.values()).map(kind -> Arguments.of(way, kind)));
    }

    @ParameterizedTest
    @MethodSource("waysAndKinds")
    void aStepThatIsNotFiniteIsAsIfItsBatchWereNotThere(Way way, Kind kind) {
        float[][] spoilt = inputs();
        Set<Integer> batches = Set.of(1, 5, 8); // The first of them among those that are verified.
        spoilt[2][0] = Float.NaN;
        spoilt[2 * 5][1] = Float.NaN;
        spoilt[2 * 8 + 1][0] = Float.POSITIVE_INFINITY;
        float[][] clean = new float[2 * (STEPS - batches.size())][];
        float[][] targets = new float[clean.length][1];
        int next = 0;
        for (int i = 0; i < spoilt.length; i++) {
            if (!batches.contains(i / 2)) {
                clean[next] = inputs()[i];
                targets[next++][0] = inputs()[i][0] - 2 * inputs()[i][1];
            }
        }
        try (Trainer trainer = way.of(kind.of(model(), new Adam(0.05))).build();
                Trainer other = way.of(kind.of(model(), new Adam(0.05))).build()) {
            History history = trainer.fit(data(spoilt).batch(2), Fit.epochs(1).onNonFinite(NonFinite.skip()));
            History expected =
                    other.fit(Dataset.of(clean, targets).batch(2), Fit.epochs(1).onNonFinite(NonFinite.skip()));
            assertEquals(batches.size(), history.nonFiniteSteps());
            assertEquals(0, expected.nonFiniteSteps());
            assertEquals(STEPS, history.epochs().get(0).steps());
            assertEquals(expected.last("loss"), history.last("loss"));
            assertSame(weights(other), weights(trainer));
        }
    }

    @ParameterizedTest
    @MethodSource("waysAndKinds")
    void stoppingKeepsTheWeightsFromBeforeTheStep(Way way, Kind kind) {
        float[][] spoilt = inputs();
        spoilt[2 * 4][0] = Float.NaN; // Of three steps a call the second of a call: the third changes nothing, either.
        try (Trainer trainer = way.of(kind.of(model(), new Sgd(0.1))).build();
                Trainer other = way.of(kind.of(model(), new Sgd(0.1))).build()) {
            History history = trainer.fit(data(spoilt).batch(2), Fit.epochs(3).onNonFinite(NonFinite.stop()));
            other.fit(data(inputs()).batch(2).take(4), Fit.epochs(1));
            assertEquals(1, history.epochs().size());
            assertEquals(1, history.nonFiniteSteps());
            assertTrue(history.stopReason().orElseThrow().contains("not finite"), history::toString);
            assertSame(weights(other), weights(trainer));
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void afterSomeInARowTheRunGoesBackToTheLastGoodEpoch(Way way) {
        List<List<float[]>> atEnd = new ArrayList<>();
        try (Trainer trainer = way.of(Kind.BUILT_IN.of(model(), new Adam(0.1))).build()) {
            Callback recording = Callback.epochEnd((run, event) -> atEnd.add(weights(trainer)));
            float[][] x = inputs();
            for (int i = 2 * 4; i < 2 * STEPS; i++) {
                x[i][0] = Float.NaN;
            }
            trainer.fit(data(inputs()).batch(2), Fit.epochs(1).callbacks(recording));
            History history = trainer.fit(
                    data(x).batch(2),
                    Fit.epochs(3).onNonFinite(NonFinite.rollBack(2)).callbacks(recording));
            assertEquals(3, history.rollbacks());
            assertTrue(history.stopReason().orElseThrow().contains("3 times"), history::toString);
            assertSame(atEnd.get(0), atEnd.get(atEnd.size() - 1));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatALossScaleSkipsIsCountedWithoutAPolicyToo(boolean compiled) {
        Sgd sgd = new Sgd(0.01);
        sgd.setLossScale(LossScale.dynamic(1e37, 2000));
        TrainerBuilder builder = Kind.BUILT_IN.of(Sequential.of(new Dense(1)), sgd);
        try (Trainer trainer = (compiled ? builder.compiled() : builder).build()) {
            float[][] x = inputs();
            for (float[] row : x) {
                row[0] *= 1e3f;
            }
            History history = trainer.fit(data(x).batch(2), Fit.epochs(1));
            assertTrue(history.lossScaleSkips() > 0, () -> "skips " + history.lossScaleSkips());
            assertEquals(0, history.nonFiniteSteps());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatALossScaleSkipsIsCountedApartUntilItCannotFall(boolean compiled) {
        Sgd sgd = new Sgd(0.01);
        sgd.setLossScale(LossScale.dynamic(1e37, 2000));
        TrainerBuilder builder = Kind.BUILT_IN.of(Sequential.of(new Dense(1)), sgd);
        try (Trainer trainer = (compiled ? builder.compiled() : builder).build()) {
            float[][] x = inputs();
            for (float[] row : x) {
                row[0] *= 1e3f;
            }
            History history = trainer.fit(data(x).batch(2), Fit.epochs(3).onNonFinite(NonFinite.rollBack(2)));
            assertTrue(history.lossScaleSkips() > 3, () -> "skips " + history.lossScaleSkips());
            assertEquals(0, history.nonFiniteSteps());
            assertEquals(0, history.rollbacks());
        }
    }

    /** Gradients that are finite pass a loss scale, and it must not be asked anything that lets them through. */
    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void aLossThatIsNotANumberLeavesAllAsItIsWhateverItsGradients(boolean scaled, boolean compiled) {
        Sgd sgd = new Sgd(0.1);
        if (scaled) {
            sgd.setLossScale(LossScale.dynamic());
        }
        Model model = model();
        Loss loss = (tf, wanted, given) ->
                tf.math.add(tf.math.mean(given, tf.constant(new int[] {0, 1})), tf.constant(Float.NaN));
        TrainerBuilder builder =
                Trainer.of(model).threads(1, 1).seed(2).loss(loss).optimizer(sgd);
        try (Trainer trainer = (compiled ? builder.compiled() : builder).build()) {
            trainer.predict(data(inputs()).batch(2)); // So that there are weights.
            Map<Variable<?>, float[]> before = new HashMap<>();
            model.variables().forEach(variable -> before.put(variable, variable.toFloats()));
            History history = trainer.fit(data(inputs()).batch(2), Fit.epochs(1).onNonFinite(NonFinite.skip()));
            assertEquals(STEPS, history.nonFiniteSteps() + history.lossScaleSkips());
            before.forEach((variable, value) -> assertArrayEquals(value, variable.toFloats(), variable.name()));
        }
    }

    @Test
    void callbacksGoBackWithTheRun() {
        List<String> seen = new ArrayList<>();
        try (Trainer trainer = Kind.BUILT_IN
                .of(model(), new Adam(0.1))
                .metrics(new Mean("mean"))
                .build()) {
            EarlyStopping stopping = new EarlyStopping("loss").patience(5);
            Callback looking = new Callback() {
                private long count;

                @Override
                public void saveState(Stateful.Writer out) {
                    out.put("count", count);
                }

                @Override
                public void loadState(Stateful.Reader in) {
                    seen.add(count + " -> " + in.getLong("count"));
                    count = in.getLong("count");
                }

                @Override
                public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
                    if (count++ == 0) {
                        seen.addAll(trainer.state().roles());
                    }
                }
            };
            float[][] x = inputs();
            x[2 * 6][0] = Float.NaN;
            trainer.fit(
                    data(x).batch(2),
                    Fit.epochs(1).onNonFinite(NonFinite.rollBack(1)).callbacks(stopping, looking, looking));
            assertFalse(trainer.state().roles().contains("callbacks/EarlyStopping"), "after the run");
        }
        assertTrue(
                seen.containsAll(List.of("callbacks/EarlyStopping", "callbacks/Callback", "callbacks/Callback_1")),
                seen::toString);
        assertTrue(seen.contains("14 -> 0"), seen::toString);
    }

    @Test
    void aPolicyNamesItsNumber() {
        assertThrows(IllegalArgumentException.class, () -> NonFinite.rollBack(0));
        assertEquals("rollBack(3)", NonFinite.rollBack(3).toString());
    }

    @Test
    void terminateOnNanIsAnotherNameForStopping() {
        assertTrue(Fit.epochs(1)
                .callbacks(new TerminateOnNaN())
                .onNonFinite()
                .orElseThrow()
                .stops());
        Fit both = Fit.epochs(1).onNonFinite(NonFinite.stop()).callbacks(new TerminateOnNaN());
        assertTrue(both.onNonFinite().orElseThrow().stops());
        IllegalArgumentException no = assertThrows(
                IllegalArgumentException.class,
                () -> Fit.epochs(1).callbacks(new TerminateOnNaN()).onNonFinite(NonFinite.skip()));
        assertTrue(no.getMessage().contains("TerminateOnNaN"), no.getMessage());
    }

    /** The guard of a run, and the state that it goes back to, end with it, also where it fails. */
    @ParameterizedTest
    @EnumSource(Way.class)
    void aPolicyEndsWithItsRun(Way way) {
        float[][] bad = inputs();
        bad[0][0] = Float.NaN;
        for (boolean fails : new boolean[] {false, true}) {
            try (Trainer trainer =
                    way.of(Kind.BUILT_IN.of(model(), new Adam(0.1))).build()) {
                Callback last = Callback.epochEnd((run, event) -> {
                    if (fails) {
                        throw new IllegalStateException("on purpose");
                    }
                });
                Fit guarded = Fit.epochs(1).onNonFinite(NonFinite.rollBack(2)).callbacks(last);
                if (fails) {
                    assertThrows(
                            RuntimeException.class,
                            () -> trainer.fit(data(inputs()).batch(2), guarded));
                } else {
                    trainer.fit(data(inputs()).batch(2), guarded);
                }
                History free = trainer.fit(data(bad).batch(2), Fit.epochs(1).checkFirstStep(false));
                assertEquals(0, free.nonFiniteSteps());
                assertTrue(Float.isNaN(weights(trainer).get(0)[0]), "nobody skips the step any more");
            }
        }
    }

    @Test
    void aRunGoesBackToTheEndOfItsLastGoodEpoch() {
        int[] read = {0};
        Dataset turning = data(inputs()).map(row -> read[0]++ < 2 * 2 * STEPS ? row : row.with("input", Float.NaN, 0));
        try (Trainer trainer = Kind.BUILT_IN.of(model(), new Adam(0.1)).build()) {
            List<List<float[]>> atEnd = new ArrayList<>();
            Callback recording = Callback.epochEnd((run, event) -> atEnd.add(weights(trainer)));
            Fit fit = Fit.epochs(4).onNonFinite(NonFinite.rollBack(2)).callbacks(recording);
            History history = trainer.fit(turning.batch(2), fit);
            assertTrue(history.stopReason().orElseThrow().contains("the end of epoch 2"), history::toString);
            assertSame(atEnd.get(1), weights(trainer));
        }
    }

    /** A rollback may lead to before the best epoch, one in which a step was skipped; its weights are still the best. */
    @Test
    void theBestWeightsStayTheBestWhereverTheRunGoesBackTo() {
        int epoch = 2 * STEPS;
        int[] read = {0};
        Set<Integer> skipped = Set.of(epoch + 4, 2 * epoch + 4, 2 * epoch + 6);
        Dataset failing =
                data(inputs()).map(row -> skipped.contains(read[0]++) ? row.with("input", Float.NaN, 0) : row);
        double[] scores = {3, 1, 2};
        List<List<float[]>> atEnd = new ArrayList<>();
        try (Trainer trainer = Kind.BUILT_IN.of(model(), new Adam(0.1)).build()) {
            Callback scoring = new Callback() {
                @Override
                public Map<String, Double> epochLogs(Run run, int number) {
                    atEnd.add(weights(trainer));
                    return Map.of("score", scores[number]);
                }
            };
            Callback best = new EarlyStopping("score")
                    .mode(Callback.Mode.MIN)
                    .patience(9)
                    .restoreBest();
            Fit fit = Fit.epochs(3).onNonFinite(NonFinite.rollBack(2)).callbacks(scoring, best);
            assertEquals(1, trainer.fit(failing.batch(2), fit).rollbacks());
            assertSame(atEnd.get(1), weights(trainer));
        }
    }
}
