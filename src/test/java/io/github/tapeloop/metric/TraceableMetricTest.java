package io.github.tapeloop.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.optimizer.Sgd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** How often a user's Java code runs in eager steps: in each, unless it says that it is safe to trace. */
class TraceableMetricTest {

    private static final int STEPS = 6;

    /** The first step runs plainly, the second is traced. */
    private static final int TRACED = 2;

    private static final Batches BATCHES =
            Dataset.of(new float[2 * STEPS][1], new float[2 * STEPS][1]).batch(2);

    private int runs;

    /** The batch's number, so that a trace that should not be is seen in the result, too. */
    private final class Number extends MeanMetric {
        private final boolean traceable;

        Number(boolean traceable) {
            super("number");
            this.traceable = traceable;
        }

        @Override
        protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            runs++;
            return tf.math.add(tf.math.mul(prediction, tf.constant(0f)), tf.constant((float) runs));
        }

        @Override
        public boolean isTraceable() {
            return traceable;
        }
    }

    /** The same as a loss. */
    private final class NumberLoss extends PerSampleLoss {
        private final boolean traceable;

        NumberLoss(boolean traceable) {
            this.traceable = traceable;
        }

        @Override
        public Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            runs++;
            return tf.math.add(tf.math.mul(prediction, tf.constant(0f)), tf.constant((float) runs));
        }

        @Override
        public boolean isTraceable() {
            return traceable;
        }
    }

    private History fit(Metric metric) {
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(1)))
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0.1))
                .metrics(metric)
                .threads(1, 1)
                .build()) {
            return trainer.fit(BATCHES, Fit.epochs(1));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMetricRunsInEachStepUnlessItIsSafeToTrace(boolean traceable) {
        double result = fit(new Number(traceable)).last("number");
        assertEquals(traceable ? TRACED : STEPS, runs);
        // 1, 2, 3, 4, 5, 6, or the trace's number again and again.
        assertEquals(traceable ? (1 + 5 * 2) / 6.0 : 3.5, result, 1e-9);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMetricOfALossRunsInEachStepUnlessTheLossIsSafeToTrace(boolean traceable) {
        double result = fit(Metric.of("number", new NumberLoss(traceable))).last("number");
        assertEquals(traceable ? TRACED : STEPS, runs);
        assertEquals(traceable ? (1 + 5 * 2) / 6.0 : 3.5, result, 1e-9);
    }

    @Test
    void unlessItSaysSoNothingOfTheUsersIsSafeToTrace() {
        Metric own = new Metric("own") {
            @Override
            public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
                runs++;
                average(tf, prediction);
            }
        };
        fit(own);
        assertEquals(STEPS, runs);
        runs = 0;
        fit(Metric.of("lambda", (tf, target, prediction) -> {
            runs++;
            return tf.constant(1f);
        }));
        assertEquals(STEPS, runs);
    }
}
