package io.github.tapeloop.examples;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import java.util.Arrays;

/**
 * Measures a step of {@code fit} of the MNIST classifier at batch 32: from one batch to the next, input pipeline, metrics
 * and this callback included. Prints the median of an epoch, three epochs after a warm-up.
 */
public final class StepBenchmark {

    private static final int BATCH = 32;

    private StepBenchmark() {}

    public static void main(String[] args) {
        try (Trainer trainer = MnistClassifier.builder(1).build()) {
            trainer.fit(
                    Mnist.train().shuffle(60_000).batch(BATCH).prefetch(4),
                    Fit.epochs(5).callbacks(new MedianStep()));
        }
    }

    private static final class MedianStep implements Callback {

        private final long[] nanos = new long[60_000 / BATCH];
        private long last;

        @Override
        public void onEpochBegin(Run run, Event.EpochBegin event) {
            last = System.nanoTime();
        }

        @Override
        public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
            long now = System.nanoTime();
            nanos[(int) event.batch()] = now - last;
            last = now;
        }

        @Override
        public void onEpochEnd(Run run, Event.EpochEnd event) {
            Arrays.sort(nanos);
            System.out.printf(
                    "%s median step %.0f us, 10th percentile %.0f us%n",
                    event.epoch() < 2 ? "warm-up " : "measured",
                    nanos[nanos.length / 2] / 1e3,
                    nanos[nanos.length / 10] / 1e3);
        }
    }
}
