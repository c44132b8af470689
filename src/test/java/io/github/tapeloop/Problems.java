package io.github.tapeloop;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import java.util.SplittableRandom;

/** Small problems to train on. */
final class Problems {

    static final int CLASSES = 3;
    static final int FEATURES = 4;

    private Problems() {}

    /** Points around three corners: easy to separate. */
    static Dataset clusters(int examples) {
        SplittableRandom random = new SplittableRandom(11);
        float[][] inputs = new float[examples][FEATURES];
        int[] targets = new int[examples];
        for (int i = 0; i < examples; i++) {
            targets[i] = i % CLASSES;
            for (int k = 0; k < FEATURES; k++) {
                inputs[i][k] = (float) (random.nextDouble() - 0.5) + (k == targets[i] ? 1.5f : 0);
            }
        }
        return Dataset.of(inputs, targets);
    }

    static Batches batches(int examples, int size) {
        return clusters(examples).batch(size);
    }

    static Model network() {
        return Sequential.of(new Dense(8, Activations.RELU), new Dense(CLASSES));
    }

    static TrainerBuilder trainerOf(Model model) {
        return Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.01))
                .metrics(new SparseCategoricalAccuracy());
    }

    static Trainer trainer() {
        return trainerOf(network()).threads(1, 1).seed(5).build();
    }
}
