package io.github.tapeloop.optimizer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** What transforms promise beyond their formulas. */
class TransformTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat64> a = Variable.create(tf, "a", tf.constant(new double[] {1, 2}), true);
    private final Variable<TFloat64> b = Variable.create(tf, "b", tf.constant(new double[] {3, 4}), true);

    @AfterEach
    void close() {
        session.close();
    }

    private void apply(Optimizer optimizer, double ofA, double ofB) {
        try (TensorScope step = session.scope()) {
            optimizer.apply(
                    tf,
                    Gradients.of(
                            List.of(a, b),
                            List.of(
                                    Optional.of(tf.constant(new double[] {ofA, ofA})),
                                    Optional.of(tf.constant(new double[] {ofB, ofB})))));
        }
    }

    private double[] read(Variable<TFloat64> variable) {
        return values(session, variable.read(tf));
    }

    @Test
    void stepsWithAllTransformsLeaveNothingBehind() {
        Optimizer adam = new AdamW()
                .with(Clip.globalNorm(1), MovingAverage.of(0.9).overwriteFrequency(2), GradientAccumulation.of(3));
        List<Integer> live = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            apply(adam, 1, 2);
            adam.flush();
            adam.swapAverages();
            adam.swapAverages();
            adam.useAverages();
            live.add(session.liveHandles());
        }
        assertEquals(1, live.stream().distinct().count(), live::toString);
    }

    @Test
    void theStateHasTheSlotsOfTheTransforms() {
        Optimizer sgd = new Sgd().with(MovingAverage.of(0.9), GradientAccumulation.of(2), Clip.value(1));
        apply(sgd, 1, 1);
        assertEquals(
                List.of(
                        "optimizer/iterations",
                        "optimizer/learning_rate",
                        "a/average",
                        "b/average",
                        "optimizer/accumulated_steps",
                        "optimizer/updates",
                        "a/gradient_accumulator",
                        "a/gradient_accumulator_update",
                        "b/gradient_accumulator",
                        "b/gradient_accumulator_update"),
                sgd.state().names());
    }

    @Test
    void aStepThatOnlyAccumulatesChangesNoVariableAndNoMoment() {
        Optimizer adam = new Adam(0.1).with(GradientAccumulation.of(2), WeightDecay.of(0.5));
        apply(adam, 1, Double.POSITIVE_INFINITY);
        assertArrayEquals(new double[] {1, 2}, read(a));
        assertArrayEquals(new double[] {3, 4}, read(b));
        assertFalse(adam.state().names().contains("a/m"), "there is no moment yet");
        apply(adam, 1, 1);
        assertTrue(read(a)[0] < 0.9, "now it is updated");
    }

    @Test
    void aGradientThatIsNotFiniteIsForgottenWithTheUpdateThatUsesIt() {
        Optimizer sgd = new Sgd(0.5).with(GradientAccumulation.of(2));
        apply(sgd, 1, Double.NaN);
        apply(sgd, 1, 1);
        assertArrayEquals(new double[] {0.5, 1.5}, read(a));
        assertTrue(Double.isNaN(read(b)[0]));
        try (TensorScope scope = session.scope()) {
            b.assign(tf, tf.constant(new double[] {3, 4}));
        }
        apply(sgd, 1, 1);
        apply(sgd, 1, 1);
        assertArrayEquals(new double[] {2.5, 3.5}, read(b));
    }

    @Test
    void aFlushBeginsANewAccumulationAndWithoutStepsItDoesNothing() {
        Optimizer sgd = new Sgd(1).with(GradientAccumulation.of(3));
        sgd.flush();
        apply(sgd, 1, 0);
        apply(sgd, 2, 0);
        sgd.flush();
        assertArrayEquals(new double[] {-0.5, 0.5}, read(a), "the mean of two steps");
        sgd.flush();
        apply(sgd, 3, 0);
        apply(sgd, 3, 0);
        assertArrayEquals(new double[] {-0.5, 0.5}, read(a));
        apply(sgd, 3, 0);
        assertArrayEquals(new double[] {-3.5, -2.5}, read(a));
        new Sgd().flush();
    }

    @Test
    void accumulationInATracedStepGoesOnFromAnEagerOne() {
        Optimizer sgd = new Sgd(1).with(GradientAccumulation.of(2));
        TracedFunction.Body step = (ops, none) -> {
            sgd.apply(ops, Gradients.of(List.of(a), List.of(Optional.of(ops.constant(new double[] {2, 2})))));
            return List.of(ops.constant(0f));
        };
        apply(sgd, 1, 0);
        try (TensorScope scope = session.scope();
                TracedFunction function = TracedFunction.trace(session, "step", List.of(), step)) {
            function.call(List.of());
            assertArrayEquals(new double[] {-0.5, 0.5}, read(a));
            function.call(List.of());
            assertArrayEquals(new double[] {-0.5, 0.5}, read(a));
        }
    }

    @Test
    void aGlobalNormIsThatOfVariablesOfAllTypes() {
        Variable<TFloat32> single = Variable.create(tf, "single", tf.constant(0f), true);
        try (TensorScope step = session.scope()) {
            new Sgd(1)
                    .with(Clip.globalNorm(1))
                    .apply(
                            tf,
                            Gradients.of(
                                    List.of(single, a),
                                    List.of(Optional.of(tf.constant(3f)), Optional.of(tf.constant(new double[] {4, 0
                                    })))));
            assertEquals(-0.6, session.scalar(single.read(tf)), 1e-7);
        }
        assertArrayEquals(new double[] {0.2, 2}, read(a), 1e-12);
    }

    @Test
    void aGlobalNormThatIsNotFiniteMakesAllGradientsNaN() {
        Optimizer sgd = new Sgd(1).with(Clip.globalNorm(1));
        apply(sgd, 1, Double.POSITIVE_INFINITY);
        assertTrue(Double.isNaN(read(a)[0]));
    }

    @Test
    void gradientsOfZeroStayZeroUnderEveryClip() {
        for (Clip clip : List.of(Clip.norm(1), Clip.globalNorm(1), Clip.value(1))) {
            apply(new Sgd(1).with(clip), 0, 0);
            assertArrayEquals(new double[] {1, 2}, read(a), clip.toString());
        }
    }

    /** Squares of them are infinite in float32. */
    @Test
    void clippedGradientsOfAnySizeKeepWeightsFinite() throws ReflectiveOperationException {
        for (Class<? extends Optimizer> type : Setters.parts(Optimizer.class).toList()) {
            for (Clip clip : List.of(Clip.norm(1), Clip.globalNorm(1), Clip.value(1))) {
                Optimizer optimizer = OptimizerKind.make(type);
                optimizer = optimizer instanceof ByVariable ? new Sgd() : optimizer;
                optimizer.with(clip);
                Variable<TFloat32> weight =
                        Variable.create(tf, type.getSimpleName() + clip, tf.constant(new float[][] {{1, 2}}), true);
                for (float gradient : new float[] {1e20f, -3e38f, 1, 1}) {
                    try (TensorScope step = session.scope()) {
                        Optional<Operand<?>> given = Optional.of(tf.constant(new float[][] {{gradient, 1}}));
                        optimizer.apply(tf, Gradients.of(List.of(weight), List.of(given)));
                    }
                    for (double value : weight.toDoubles()) {
                        assertTrue(Double.isFinite(value), () -> type.getSimpleName() + " " + clip + " " + gradient);
                    }
                }
            }
        }
    }

    @Test
    void averagesCanOnlyBeUsedIfThereAreSome() {
        Optimizer plain = new Sgd();
        assertFalse(plain.hasAverages());
        IllegalStateException error = assertThrows(IllegalStateException.class, plain::swapAverages);
        assertTrue(error.getMessage().contains("MovingAverage.of"), error.getMessage());
        assertThrows(IllegalStateException.class, plain::useAverages);
        Optimizer averaging = new Sgd().with(MovingAverage.of(0.9));
        assertTrue(averaging.hasAverages());
        averaging.useAverages();
        assertArrayEquals(new double[] {1, 2}, read(a), "there is none yet");
    }

    @Test
    void transformsAreAddedBeforeTheFirstStep() {
        Optimizer sgd = new Sgd();
        apply(sgd, 1, 1);
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> sgd.with(Clip.value(1)));
        assertTrue(error.getMessage().contains("Sgd was used already, so its transforms (with)"), error.getMessage());
    }

    @Test
    void oneTransformServesSeveralOptimizers() {
        GradientAccumulation shared = GradientAccumulation.of(2);
        Optimizer first = new Sgd(1).with(shared);
        Optimizer second = new Sgd(1).with(shared);
        apply(first, 1, 1);
        apply(second, 1, 1);
        assertArrayEquals(new double[] {1, 2}, read(a));
    }
}
