package io.github.tapeloop.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Dataset;
import org.junit.jupiter.api.Test;

/** The examples learn what they say, on the real digits; in a short form where they take long. */
class ExamplesTest {

    @Test
    void theMnistClassifierLearnsDigitsInOneEpoch() {
        Dataset train = Mnist.train();
        Dataset test = Mnist.test();
        try (Trainer trainer = MnistClassifier.builder(42).compiled().build()) {
            History history = trainer.fit(
                    train.shuffle(60_000).batch(32).prefetch(4), Fit.epochs(1).validation(test.batch(500)));
            assertTrue(history.last("val_accuracy") > 0.94, history::toString);
            assertEquals(
                    history.last("val_accuracy"),
                    trainer.evaluate(test.batch(500)).get("accuracy"));
        }
    }

    @Test
    void theCustomTrainingLoopLearnsDigits() {
        Dataset train = Mnist.train();
        double accuracy = CustomTrainingLoop.run(
                1,
                train.take(20_000).shuffle(1024).batch(64),
                train.skip(59_000).batch(500));
        assertTrue(accuracy > 0.9, "validation accuracy " + accuracy);
    }

    @Test
    void aPenaltyOnActivationsMakesThemSmaller() {
        double free = ActivityRegularizationExample.meanSquaredActivity(0);
        double penalised = ActivityRegularizationExample.meanSquaredActivity(6.4e-3);
        assertTrue(penalised < free / 3, free + " without penalty, " + penalised + " with it");
    }

    @Test
    void theNameClassifierLearnsInThreeEpochs() {
        NameClassifier.Names names = NameClassifier.Names.read();
        try (Trainer trainer = NameClassifier.builder(42).compiled().build()) {
            History history = trainer.fit(names.train(), Fit.epochs(3).validation(names.test()));
            assertTrue(history.last("val_accuracy") > 0.78, history::toString);
        }
    }

    /** The frequencies of characters alone take 4.4 bits a character. */
    @Test
    void theCharTransformerLearnsMoreThanHowFrequentCharactersAre() {
        Dataset data = CharTransformer.examples(CharTransformer.text(), 32);
        try (Trainer trainer = CharTransformer.builder(new CharTransformer.Writer(32, 2, 1), 42)
                .threads(1, 1)
                .compiled()
                .build()) {
            History history = trainer.fit(
                    data.skip(1000).batch(32),
                    Fit.epochs(1).stepsPerEpoch(300).validation(data.take(960).batch(32)));
            double bits = history.last("val_loss") / Math.log(2);
            assertTrue(bits < 3.6, bits + " bits");
        }
    }
}
