package io.github.tapeloop.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Dataset;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    void theConvolutionalNetworkLearnsDigits() {
        double accuracy =
                MnistConvNet.run(1, Mnist.train().take(6_000), Mnist.test().take(1_000));
        assertTrue(accuracy > 0.88, "validation accuracy " + accuracy);
    }

    @Test
    void theRegressionBeatsALinearOne() {
        double error = RegressionOnCsv.run(200);
        assertTrue(error < RegressionOnCsv.LINEAR_REGRESSION, "validation error " + error);
    }

    @Test
    void picturesInFoldersAreLearnt(@TempDir Path pictures) {
        assertEquals(500, ImageFolderClassifier.write(Mnist.train().take(500), pictures.resolve("train")));
        assertEquals(100, ImageFolderClassifier.write(Mnist.test().take(100), pictures.resolve("test")));
        double accuracy = ImageFolderClassifier.run(6, pictures);
        assertTrue(accuracy > 0.75, "validation accuracy " + accuracy);
    }

    @Test
    void tensorBoardsFilesAndAPictureAreWritten(@TempDir Path directory) throws IOException {
        ExploreWithTensorBoard.run(2, Mnist.train().take(1_000), Mnist.test().take(500), directory);
        assertEquals(1, eventFiles(directory.resolve("train")));
        assertEquals(1, eventFiles(directory.resolve("validation")));
        BufferedImage picture = ImageIO.read(directory.resolve("loss.png").toFile());
        assertTrue(picture.getWidth() >= 400 && picture.getHeight() >= 300, picture::toString);
        assertTrue(colours(picture) >= 2, "the two curves have colours of their own");
    }

    private static long eventFiles(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().contains(".tfevents."))
                    .count();
        }
    }

    /** Colours, greys aside, of which there are more than a few pixels. */
    private static long colours(BufferedImage picture) {
        int[] pixels = picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
        Map<Integer, Long> counts = Arrays.stream(pixels)
                .filter(rgb -> (rgb & 0xff) != (rgb >> 8 & 0xff) || (rgb & 0xff) != (rgb >> 16 & 0xff))
                .boxed()
                .collect(Collectors.groupingBy(rgb -> rgb, Collectors.counting()));
        return counts.values().stream().filter(count -> count > 100).count();
    }

    @Test
    void twoInputsAndTwoOutputsLearnTheSameEagerAndCompiled() {
        String eager = TwoInputsTwoOutputs.train(TwoInputsTwoOutputs.builder(), 6_000, "digits");
        assertEquals(
                eager, TwoInputsTwoOutputs.train(TwoInputsTwoOutputs.builder().compiled(), 6_000, "digits"));
        double right = Double.parseDouble(eager.replaceFirst(".*digit right ([0-9.]+),.*", "$1"));
        assertTrue(right > 0.85, eager);
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
