package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** The mask of a model's output keeps what does not count out of loss and metrics. */
class MaskTest {

    /** Two sequences of three steps; 0 fills up. */
    private static final float[][] INPUTS = {{1, 2, 0}, {3, 0, 0}};

    private static final float[][] TARGETS = {{1, -2, 70}, {4, 80, 90}};

    private static Columns columns() {
        return new Columns().input(ColumnData.of(INPUTS)).target(ColumnData.of(TARGETS));
    }

    /** A number for each step, 0 before training. */
    private static final class Steps extends Model {
        private final Dense dense = layer(new Dense(1).kernel(w -> w.initializer(Initializer.zeros())));
        private final boolean pooled;

        Steps(boolean pooled) {
            this.pooled = pooled;
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TFloat32> series = tf.expandDims(x, tf.constant(-1));
            pass.setMask(series, tf.math.notEqual(x, tf.constant(0f)));
            Operand<TFloat32> steps = dense.call(pass, series);
            assertTrue(pass.mask(steps).isPresent());
            if (pooled) {
                pass.setMask(steps, null);
            }
            return pass.keepMask(steps, tf.squeeze(steps, Squeeze.axis(List.of(-1L))));
        }
    }

    private static TrainerBuilder builder(boolean pooled) {
        return Trainer.of(new Steps(pooled))
                .loss(new SquaredErrors())
                .optimizer(new Sgd(0.01))
                .metrics(Metric.of("mae", new MeanAbsoluteError()))
                .weightedMetrics(Metric.of("weighted", new MeanAbsoluteError()));
    }

    /** The squared error of each step, [batch, time]. */
    private static final class SquaredErrors extends PerSampleLoss {
        @Override
        public Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            return tf.math.squaredDifference(Tensors.cast(tf, target, prediction.type()), prediction);
        }
    }

    @ParameterizedTest
    @EnumSource
    void sampleWeightsCountForTheStepsThatCount(Way way) {
        Dataset weighted = Dataset.of(columns().sampleWeight(new float[] {2, 1}));
        try (Trainer trainer = way.of(builder(false)).build()) {
            Map<String, Double> scores = trainer.evaluate(weighted.batch(2));
            assertEquals((2 + 8 + 16) / 3.0, scores.get("loss"), 1e-6);
            assertEquals(7.0 / 3, scores.get("mae"), 1e-6);
            assertEquals((2 + 4 + 4) / 5.0, scores.get("weighted"), 1e-6);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aMaskThatWasTakenBackMasksNothing(Way way) {
        try (Trainer trainer = way.of(builder(true)).build()) {
            Map<String, Double> scores = trainer.evaluate(Dataset.of(columns()).batch(2));
            assertEquals((1 + 2 + 70 + 4 + 80 + 90) / 6.0, scores.get("mae"), 1e-5);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsMaskedTeachesNothing(Way way) {
        float[][] others = {{1, -2, -7}, {4, 8, -900}};
        Dataset changed = Dataset.of(new Columns().input(ColumnData.of(INPUTS)).target(ColumnData.of(others)));
        try (Trainer one = way.of(builder(false)).build();
                Trainer two = way.of(builder(false)).build()) {
            double expected =
                    one.fit(Dataset.of(columns()).batch(2), Fit.epochs(5)).last("loss");
            assertEquals(expected, two.fit(changed.batch(2), Fit.epochs(5)).last("loss"), 1e-6);
            assertTrue(expected < 6.9, "it learns from the rest, " + expected);
        }
    }

    @ParameterizedTest
    @EnumSource
    void stepsThatDoNotCountAreLeftOut(Way way) {
        try (Trainer trainer = way.of(builder(false)).build()) {
            Map<String, Double> scores = trainer.evaluate(Dataset.of(columns()).batch(2));
            assertEquals((1.0 + 4 + 16) / 3, scores.get("loss"), 1e-6);
            assertEquals(7.0 / 3, scores.get("mae"), 1e-6);
            assertEquals(7.0 / 3, scores.get("weighted"), 1e-6);
        }
    }

    /** The steps, of which the mask leaves some out, and the same steps without a mask. */
    private static final class TwoOutputs extends MultiModel {
        private final Steps steps = layer(new Steps(false));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> y = steps.call(pass, inputs.get("x"));
            return Map.of("some", y, "all", pass.tf().math.mul(y, pass.tf().constant(1f)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachOutputHasAMaskOfItsOwn(Way way) {
        Columns columns = new Columns()
                .input("x", ColumnData.of(INPUTS))
                .target("some", ColumnData.of(TARGETS))
                .target("all", ColumnData.of(TARGETS));
        TrainerBuilder builder = Trainer.of(new TwoOutputs())
                .loss("some", new SquaredErrors())
                .loss("all", new SquaredErrors(), 1e-4)
                .metrics("some", Metric.of("mae", new MeanAbsoluteError()))
                .metrics("all", Metric.of("mae", new MeanAbsoluteError()))
                .optimizer(new Sgd(0));
        double all = (1 + 4 + 4900 + 16 + 6400 + 8100) / 6.0;
        try (Trainer trainer = way.of(builder).build()) {
            Map<String, Double> scores = trainer.evaluate(Dataset.of(columns).batch(2));
            assertEquals(7, scores.get("some_loss"), 1e-5);
            assertEquals(all, scores.get("all_loss"), 1e-2);
            assertEquals(7 + 1e-4 * all, scores.get("loss"), 1e-4);
            assertEquals(7.0 / 3, scores.get("some_mae"), 1e-5);
            assertEquals((1 + 2 + 70 + 4 + 80 + 90) / 6.0, scores.get("all_mae"), 1e-4);
            History history =
                    trainer.fit(Dataset.of(columns).batch(2), Fit.epochs(4)); // Eager: a kept tail from the 2nd.
            assertEquals(7, history.last("some_loss"), 1e-5);
            assertEquals(7.0 / 3, history.last("some_mae"), 1e-5);
            assertEquals((1 + 2 + 70 + 4 + 80 + 90) / 6.0, history.last("all_mae"), 1e-4);
        }
    }
}
