package io.github.tapeloop;

import io.github.tapeloop.data.*;
import io.github.tapeloop.layer.*;
import io.github.tapeloop.loss.*;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.*;
import io.github.tapeloop.runtime.*;
import org.junit.jupiter.api.Test;

class ScratchTest {
    static void run(
            String name,
            boolean compiled,
            Loss loss,
            io.github.tapeloop.metric.Metric m,
            Dataset d,
            DtypePolicy p,
            Layer... layers) {
        TrainerBuilder b = Trainer.of(Sequential.of(layers))
                .loss(loss)
                .optimizer(new Sgd(0.1))
                .metrics(m)
                .precision(p)
                .threads(1, 1);
        try (Trainer t = (compiled ? b.compiled() : b).build()) {
            try {
                System.out.println(name + " " + compiled + " -> "
                        + t.fit(d.shuffle(10).batch(2), Fit.epochs(2)).warnings());
                t.predict(d.shuffle(3).batch(2));
            } catch (RuntimeException e) {
                System.out.println(name + " " + compiled + " THROWS " + e);
            }
        }
    }

    @Test
    void x() {
        float[][] x = {{1, 2}, {3, 4}, {-1, 0}};
        for (boolean c : new boolean[] {false, true}) {
            run(
                    "-1/1",
                    c,
                    BinaryCrossentropy.fromLogits(),
                    new BinaryAccuracy(),
                    Dataset.of(x, new float[][] {{-1}, {1}, {1}}),
                    DtypePolicy.FULL,
                    new Dense(1));
            run(
                    "softmax",
                    c,
                    SparseCategoricalCrossentropy.fromLogits(),
                    new SparseCategoricalAccuracy(),
                    Dataset.of(x, new int[] {0, 1, 2}),
                    DtypePolicy.FULL,
                    new Dense(3, Activations.SOFTMAX));
            run(
                    "logits",
                    c,
                    SparseCategoricalCrossentropy.fromProbabilities(),
                    new SparseCategoricalAccuracy(),
                    Dataset.of(x, new int[] {0, 1, 2}),
                    DtypePolicy.FULL,
                    new Dense(3));
            run(
                    "one",
                    c,
                    BinaryCrossentropy.fromLogits(),
                    new SparseCategoricalAccuracy(),
                    Dataset.of(x, new float[][] {{0}, {1}, {1}}),
                    DtypePolicy.MIXED_BFLOAT16,
                    new Dense(1));
            run(
                    "half",
                    c,
                    BinaryCrossentropy.fromLogits(),
                    new BinaryAccuracy(),
                    Dataset.of(x, new float[][] {{0}, {1}, {1}}),
                    DtypePolicy.MIXED_FLOAT16,
                    new Dense(1));
            run(
                    "ints",
                    c,
                    BinaryCrossentropy.fromLogits(),
                    new BinaryAccuracy(),
                    Dataset.of(new Columns()
                            .input(ColumnData.of(new int[][] {{1, 2}, {3, 4}, {5, 6}}))
                            .target(ColumnData.of(new float[][] {{0}, {1}, {1}}))),
                    DtypePolicy.FULL,
                    new Dense(1));
            run(
                    "label",
                    c,
                    SparseCategoricalCrossentropy.fromLogits(),
                    new SparseCategoricalAccuracy(),
                    Dataset.of(x, new int[] {1, 2, 3}),
                    DtypePolicy.FULL,
                    new Dense(3));
            run(
                    "dead",
                    c,
                    SparseCategoricalCrossentropy.fromLogits(),
                    new SparseCategoricalAccuracy(),
                    Dataset.of(x, new int[] {1, 2, 0}),
                    DtypePolicy.FULL,
                    new Dense(3, Activations.RELU).bias(w -> w.initializer(Initializer.constant(-50))),
                    new Dense(3, Activations.RELU).bias(w -> w.initializer(Initializer.constant(-50))));
            run(
                    "ids",
                    c,
                    SparseCategoricalCrossentropy.fromLogits(),
                    new SparseCategoricalAccuracy(),
                    Dataset.of(new Columns()
                            .input(ColumnData.of(new int[][] {{1, 2}, {3, 4}, {999, 6}}))
                            .target(ColumnData.of(new int[] {0, 1, 1}))),
                    DtypePolicy.FULL,
                    new Embedding(7, 4),
                    new Flatten(),
                    new Dense(3));
        }
    }
}
