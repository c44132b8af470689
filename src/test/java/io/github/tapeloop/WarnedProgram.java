package io.github.tapeloop;

import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.optimizer.Sgd;

/** A program with two mistakes, run by itself. */
final class WarnedProgram {

    private WarnedProgram() {}

    public static void main(String[] arguments) {
        Dataset data = Dataset.of(new float[][] {{1}, {2}}, new float[][] {{-1}, {1}});
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(1)))
                .loss(BinaryCrossentropy.fromLogits())
                .optimizer(new Sgd(0.1))
                .build()) {
            trainer.fit(data.batch(2), Fit.epochs(2).callbacks(new ProgressBar(System.out)));
            trainer.predict(data.shuffle(2).batch(2));
        }
    }
}
