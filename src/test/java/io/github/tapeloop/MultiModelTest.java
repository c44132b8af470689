package io.github.tapeloop;

import static io.github.tapeloop.layer.Activations.SIGMOID;
import static io.github.tapeloop.layer.Activations.TANH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Concatenate;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Models with several inputs and outputs train as one with a hand-written loss would. */
class MultiModelTest {

    private static final int EXAMPLES = 34;

    /** Two inputs of three features each, two outputs. */
    private static final class House extends MultiModel {
        private final Dense plan = layer("plan", new Dense(4, TANH));
        private final Dense place = layer("place", new Dense(4, TANH));
        private final Concatenate both = layer(new Concatenate());
        private final Dense price = layer("price", new Dense(1));
        private final Dense sold = layer("sold", new Dense(1, SIGMOID));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> features =
                    both.call(pass, plan.call(pass, inputs.get("plan")), place.call(pass, inputs.get("place")));
            return Map.of("price", price.call(pass, features), "sold", sold.call(pass, features));
        }
    }

    private static float[][] random(long seed, int columns, boolean bits) {
        SplittableRandom random = new SplittableRandom(seed);
        float[][] values = new float[EXAMPLES][columns];
        for (float[] row : values) {
            for (int k = 0; k < columns; k++) {
                row[k] = bits ? random.nextInt(2) : (float) random.nextDouble(-1, 1);
            }
        }
        return values;
    }

    private static final ColumnData PLAN = ColumnData.of(random(1, 3, false));
    private static final ColumnData PLACE = ColumnData.of(random(2, 3, false));
    private static final ColumnData PRICE = ColumnData.of(random(3, 1, false));
    private static final ColumnData SOLD = ColumnData.of(random(4, 1, true));

    private static final Dataset DATA = Dataset.of(new Columns()
            .input("plan", PLAN)
            .input("place", PLACE)
            .target("price", PRICE)
            .target("sold", SOLD));

    /** The same with the columns in another order. */
    private static final Dataset TURNED = Dataset.of(new Columns()
            .input("place", PLACE)
            .input("plan", PLAN)
            .target("sold", SOLD)
            .target("price", PRICE));

    private static TrainerBuilder builder() {
        return Trainer.of(new House())
                .loss("price", new MeanSquaredError(), 2)
                .loss("sold", BinaryCrossentropy.fromProbabilities(), 0.5)
                .metrics("price", Metric.of("mae", new MeanAbsoluteError()))
                .metrics("sold", new BinaryAccuracy())
                .optimizer(new Sgd(0.1))
                .seed(6)
                .threads(1, 1);
    }

    /** The same by hand. */
    private static TrainerBuilder byHand() {
        House house = new House();
        Sgd sgd = new Sgd(0.1);
        return Trainer.of(house)
                .step((step, batch) -> {
                    Ops tf = step.tf();
                    try (GradientTape tape = step.tape()) {
                        Map<String, Operand<TFloat32>> outputs = step.training()
                                .call(
                                        house,
                                        Map.of("plan", batch.input(tf, "plan"), "place", batch.input(tf, "place")));
                        Operand<TFloat32> price =
                                new MeanSquaredError().call(tf, batch.target(tf, "price"), outputs.get("price"));
                        Operand<TFloat32> sold = BinaryCrossentropy.fromProbabilities()
                                .call(tf, batch.target(tf, "sold"), outputs.get("sold"));
                        Operand<TFloat32> total =
                                tf.math.add(tf.math.mul(price, tf.constant(2f)), tf.math.mul(sold, tf.constant(0.5f)));
                        sgd.apply(tf, tape.gradients(total, house.trainableVariables()));
                        return Map.of("loss", total, "price_loss", price, "sold_loss", sold);
                    }
                })
                .seed(6)
                .threads(1, 1);
    }

    @ParameterizedTest
    @EnumSource
    void namedLossesTrainAsTheirWeightedSumDoes(Way way) {
        try (Trainer named = way.of(builder()).build();
                Trainer hand = byHand().build()) {
            Fit options = Fit.epochs(12);
            History ours = named.fit(DATA.shuffle(EXAMPLES).batch(4), options);
            History theirs = hand.fit(DATA.shuffle(EXAMPLES).batch(4), options);
            for (String name : theirs.names()) {
                List<Double> expected = theirs.values(name);
                List<Double> actual = ours.values(name);
                for (int epoch = 0; epoch < expected.size(); epoch++) {
                    assertEquals(expected.get(epoch), actual.get(epoch), 1e-5, name + " of epoch " + epoch);
                }
            }
            assertTrue(ours.last("loss") < ours.values("loss").get(0), ours::toString);
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachOutputIsLoggedByItsName(Way way) {
        try (Trainer trainer = way.of(builder()).build()) {
            Map<String, Double> scores = trainer.evaluate(DATA.batch(5));
            assertEquals(
                    List.of("loss", "price_loss", "price_mae", "sold_binary_accuracy", "sold_loss"),
                    List.copyOf(scores.keySet()));
            assertEquals(scores.get("loss"), 2 * scores.get("price_loss") + 0.5 * scores.get("sold_loss"), 1e-6);
        }
    }

    @ParameterizedTest
    @EnumSource
    void columnsGoByNameWhateverTheirOrder(Way way) {
        try (Trainer trainer = way.of(builder()).build()) {
            Map<String, Double> scores = trainer.evaluate(DATA.batch(EXAMPLES));
            assertEquals(scores, trainer.evaluate(TURNED.batch(EXAMPLES)));
            trainer.fit(DATA.batch(5), Fit.epochs(1));
            trainer.fit(TURNED.batch(5), Fit.epochs(1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void theMapOfOutputsIsPredicted(Way way) {
        try (Trainer trainer = way.of(builder()).build()) {
            Map<String, FloatNdArray> outputs = trainer.predictAll(DATA.batch(5));
            assertEquals(List.of("price", "sold"), List.copyOf(outputs.keySet()));
            assertEquals(Shape.of(EXAMPLES, 1), outputs.get("sold").shape());
            double error = 0;
            for (int i = 0; i < EXAMPLES; i++) {
                error += Math.pow(outputs.get("price").getFloat(i, 0) - random(3, 1, false)[i][0], 2) / EXAMPLES;
            }
            assertEquals(trainer.evaluate(DATA.batch(5)).get("price_loss"), error, 1e-5);
            String message = assertThrows(IllegalArgumentException.class, () -> trainer.predict(DATA.batch(5)))
                    .getMessage();
            assertTrue(message.contains("[price, sold]") && message.contains("predictAll"), message);
        }
    }

    @Test
    void anOnlyLossHasNoSecondName() {
        TrainerBuilder one =
                Trainer.of(new House()).loss("price", new MeanSquaredError()).optimizer(new Sgd(0.1));
        try (Trainer trainer = one.metrics("sold", new BinaryAccuracy()).build()) {
            assertEquals(
                    List.of("loss", "sold_binary_accuracy"),
                    List.copyOf(trainer.evaluate(DATA.batch(8)).keySet()));
        }
    }

    @Test
    void anOutputThatIsNotMeasuredNeedsNoTarget() {
        Dataset priced = Dataset.of(
                new Columns().input("plan", PLAN).input("place", PLACE).target("price", PRICE));
        TrainerBuilder one =
                Trainer.of(new House()).loss("price", new MeanSquaredError()).optimizer(new Sgd(0.1));
        try (Trainer trainer = one.compiled().build()) {
            History history = trainer.fit(priced.batch(8), Fit.epochs(10));
            assertTrue(history.last("loss") < history.values("loss").get(0), history::toString);
        }
    }

    /** Several inputs, and one output whose name need not be given. */
    private static final class Sum extends MultiModel {
        private final Dense dense = layer(new Dense(1));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> sum = inputs.values().stream()
                    .reduce((a, b) -> pass.tf().math.add(a, b))
                    .orElseThrow();
            return Map.of("sum", dense.call(pass, sum));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aModelWithOneOutputTakesALossWithoutAName(Way way) {
        Dataset priced = Dataset.of(
                new Columns().input("plan", PLAN).input("place", PLACE).target(PRICE));
        TrainerBuilder builder =
                Trainer.of(new Sum()).loss(new MeanAbsoluteError()).optimizer(new Sgd(0.1));
        try (Trainer trainer = way.of(builder).build()) {
            trainer.fit(priced.batch(4), Fit.epochs(3));
            assertEquals(Shape.of(EXAMPLES, 1), trainer.predict(priced.batch(4)).shape());
            assertEquals(
                    List.of("sum"),
                    List.copyOf(trainer.predictAll(priced.batch(4)).keySet()));
        }
        Model plain = Problems.network();
        try (Trainer trainer = way.of(Problems.trainerOf(plain)).build()) {
            assertEquals(
                    List.of("output"),
                    List.copyOf(trainer.predictAll(Problems.batches(6, 2)).keySet()));
        }
    }

    @Test
    void mixedPrecisionCastsEachInputAndOutput() {
        try (Trainer trainer = builder()
                        .precision(DtypePolicy.MIXED_BFLOAT16)
                        .compiled()
                        .build();
                Trainer full = builder().build()) {
            double mixed = trainer.fit(DATA.batch(4), Fit.epochs(5)).last("loss");
            assertEquals(full.fit(DATA.batch(4), Fit.epochs(5)).last("loss"), mixed, 0.02);
        }
    }

    @Test
    void weightsCountForEveryOutput() {
        float[] weights = new float[EXAMPLES];
        weights[7] = EXAMPLES;
        Dataset weighted = Dataset.of(new Columns()
                .input("plan", PLAN)
                .input("place", PLACE)
                .target("price", PRICE)
                .target("sold", SOLD)
                .sampleWeight(weights));
        try (Trainer trainer = builder().build()) {
            Map<String, Double> one = trainer.evaluate(DATA.skip(7).take(1).batch(1));
            Map<String, Double> all = trainer.evaluate(weighted.batch(EXAMPLES));
            for (String name : List.of("loss", "price_loss", "sold_loss")) {
                assertEquals(one.get(name), all.get(name), 1e-5, name);
            }
        }
    }

    @Test
    void wrongNamesAreRefusedByName() {
        TrainerBuilder builder = Trainer.of(new House()).optimizer(new Sgd(0.1));
        assertRefused(builder.loss("prize", new MeanSquaredError()), "'prize'", "price");
        assertRefused(
                Trainer.of(new House()).optimizer(new Sgd(0.1)).loss(new MeanSquaredError()),
                "price",
                "loss(output, …)");
        Batch unnamed = Batch.of(new float[][] {{1, 2, 3}}, new int[] {1});
        try (Trainer trainer = builder().build()) {
            assertThrows(RuntimeException.class, () -> trainer.testOnBatch(unnamed));
        } finally {
            unnamed.close();
        }
    }

    private static void assertRefused(TrainerBuilder builder, String... fragments) {
        try (Trainer trainer = builder.build()) {
            String message = assertThrows(
                            IllegalArgumentException.class, () -> trainer.fit(DATA.batch(4), Fit.epochs(1)))
                    .getMessage();
            for (String fragment : fragments) {
                assertTrue(message.contains(fragment), message);
            }
        }
    }

    @Test
    void optionsThatContradictEachOtherAreRefused() {
        TrainerBuilder builder = Trainer.of(new House()).loss("price", new MeanSquaredError());
        assertMistake(() -> builder.metrics(new BinaryAccuracy()), "loss(\"price\", …)", "metrics(…)");
        assertMistake(() -> builder.loss("sold", new MeanSquaredError(), -1), "'sold'", "-1");
        BinaryAccuracy shared = new BinaryAccuracy();
        builder.metrics("price", shared);
        assertMistake(() -> builder.metrics("sold", shared), "given already");
    }

    private static void assertMistake(Runnable call, String... fragments) {
        String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        for (String fragment : fragments) {
            assertTrue(message.contains(fragment), message);
        }
    }
}
