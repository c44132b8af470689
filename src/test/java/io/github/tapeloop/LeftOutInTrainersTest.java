package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.DtypePolicy;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** Whole trainings with targets that nobody knows: they have weight 0. */
class LeftOutInTrainersTest {

    /** y = w x, w = 1. */
    private static Model line() {
        return Sequential.of(new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.ones())));
    }

    private static Batches unknownTarget(double unknown) {
        return Dataset.of(new Columns()
                        .input(ColumnData.of(new float[][] {{2}, {5}}))
                        .target(ColumnData.of(new float[][] {{1}, {(float) unknown}}))
                        .sampleWeight(new float[] {1, 0}))
                .batch(2);
    }

    @ParameterizedTest
    @EnumSource
    void aTargetOfWeightZeroCanBeUnknown(Mode mode) {
        for (double unknown : new double[] {Double.NaN, Double.NEGATIVE_INFINITY, 7}) {
            try (Trainer trainer = mode.of(Trainer.of(line())
                            .loss(new MeanSquaredError())
                            .weightedMetrics(Metric.of(new MeanAbsoluteError()))
                            .optimizer(new Sgd(0.1)))
                    .build()) {
                Map<String, Double> before = trainer.evaluate(unknownTarget(unknown));
                assertEquals(0.5, before.get("loss"), 1e-6);
                assertEquals(1, before.get("mean_absolute_error"), 1e-6);
                trainer.fit(unknownTarget(unknown), Fit.epochs(1));
                float[] weight = trainer.model().variables().iterator().next().toFloats();
                assertEquals(0.8, weight[0], 1e-6);
            }
        }
    }

    /** Two outputs of one layer each. */
    private static final class Two extends MultiModel {
        private final Dense first = layer(new Dense(1));
        private final Dense second = layer(new Dense(1));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> x = inputs.values().iterator().next();
            return new TreeMap<>(Map.of("first", first.call(pass, x), "second", second.call(pass, x)));
        }
    }

    @Test
    void anOutputOfWeightZeroIsMeasuredOnly() {
        Batches data = Dataset.of(new Columns()
                        .input(ColumnData.of(new float[][] {{2}, {5}}))
                        .target("first", ColumnData.of(new float[][] {{1}, {2}}))
                        .target("second", ColumnData.of(new float[][] {{1}, {Float.NaN}})))
                .batch(2);
        try (Trainer trainer = Trainer.of(new Two())
                .loss("first", new MeanSquaredError())
                .loss("second", new MeanSquaredError(), 0)
                .optimizer(new Adam(0.01))
                .build()) {
            History history = trainer.fit(data, Fit.epochs(2));
            assertTrue(Double.isFinite(history.last("loss")));
            assertTrue(Double.isNaN(history.last("second_loss")));
            assertEquals(history.last("first_loss"), history.last("loss"), 1e-6);
        }
    }

    /** The loss of a layer's own, of what it sees in half precision. */
    @ParameterizedTest
    @EnumSource
    void aLossThatALayerAddsInMixedPrecisionIsFinite(DtypePolicy policy) {
        Lambda adds = new Lambda((pass, x) -> {
            pass.addLoss(BinaryCrossentropy.fromProbabilities()
                    .call(pass.tf(), pass.tf().zerosLike(x), x));
            return x;
        });
        try (Trainer trainer = Trainer.of(Sequential.of(adds))
                .loss(new MeanSquaredError())
                .optimizer(new Sgd())
                .precision(policy)
                .build()) {
            double loss = trainer.evaluate(
                            Dataset.of(new float[][] {{1}}, new float[][] {{0}}).batch(1))
                    .get("loss");
            assertEquals(1 + 15.942385, loss, 1e-3);
        }
    }
}
