package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.TimeDistributed;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;

/** A layer in several models has one home, one set of weights, and is trained and frozen as each of the models says. */
class SharedLayersTest {

    private static final int FEATURES = Problems.FEATURES;
    private static final Dataset POINTS = Problems.clusters(24);
    private static final Batches LABELLED = POINTS.shuffle(24).batch(8);
    private static final Batches THEMSELVES =
            Dataset.of(numbers(24, FEATURES), numbers(24, FEATURES)).batch(8);

    @TempDir
    private Path directory;

    private static TapeSession session() {
        return TapeSession.builder().threads(1, 1).seed(7).build();
    }

    private static final class Encoder extends Model {
        private final Dense dense =
                layer(new Dense(6, Activations.TANH).kernel(w -> w.regularizer(Regularizer.l2(0.001))));
        private final BatchNormalization norm = layer(new BatchNormalization());
        private final Dropout dropout = layer(new Dropout(0.2));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return dropout.call(pass, norm.call(pass, dense.call(pass, x)));
        }
    }

    /** An encoder of its own and a decoder; its encoder is in a classifier as well. */
    private static final class Autoencoder extends Model {
        private final Encoder encoder = layer(new Encoder());
        private final Dense decoder = layer(new Dense(FEATURES));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return decoder.call(pass, encoder.call(pass, x));
        }
    }

    private static final class Classifier extends Model {
        private final Model encoder;
        private final Dense logits = layer(new Dense(Problems.CLASSES));

        Classifier(Model encoder) {
            this.encoder = share(encoder);
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return logits.call(pass, encoder.call(pass, x));
        }
    }

    private static Trainer reconstructing(TapeSession session, Mode mode, Model model) {
        return mode.of(Trainer.of(model)
                        .session(session)
                        .loss(new MeanSquaredError())
                        .optimizer(new Adam(0.01)))
                .build();
    }

    private static Trainer classifying(TapeSession session, Mode mode, Model model) {
        return mode.of(Problems.trainerOf(model).session(session)).build();
    }

    private static Map<String, List<Float>> weights(Layer layer) {
        Map<String, List<Float>> all = new TreeMap<>();
        layer.variables()
                .toFloats()
                .forEach((name, values) -> all.put(
                        name,
                        IntStream.range(0, values.length)
                                .mapToObj(i -> values[i])
                                .toList()));
        return all;
    }

    /** Two models of one encoder, trained in turn. */
    private static Map<String, List<Float>> trainedInTurn(Mode mode) {
        try (TapeSession session = session()) {
            Autoencoder auto = new Autoencoder();
            Classifier classifier = new Classifier(auto.encoder);
            try (Trainer first = reconstructing(session, mode, auto);
                    Trainer second = classifying(session, mode, classifier)) {
                first.fit(THEMSELVES, Fit.epochs(1));
                Map<String, List<Float>> before = weights(auto.encoder);
                second.fit(LABELLED, Fit.epochs(1));
                Map<String, List<Float>> between = weights(auto.encoder);
                first.fit(THEMSELVES, Fit.epochs(1));
                assertNotEquals(before, between);
                assertNotEquals(between, weights(auto.encoder));
                assertTrue(
                        classifier.variables().names().contains("autoencoder/encoder/dense/kernel"),
                        () -> classifier.variables().names().toString());
            }
            Map<String, List<Float>> all = weights(auto);
            all.putAll(weights(classifier));
            return all;
        }
    }

    @ParameterizedTest
    @EnumSource
    void twoModelsTrainTheEncoderThatTheyShare(Mode mode) {
        Map<String, List<Float>> eager = trainedInTurn(Mode.OP_BY_OP);
        assertEquals(10, eager.size());
        assertEquals(eager, trainedInTurn(mode));
    }

    private static Sequential generator() {
        return Sequential.of(new Dense(6, Activations.TANH), new Dense(FEATURES))
                .named("generator");
    }

    private static Sequential critic() {
        return Sequential.of(
                        new Dense(6, Activations.TANH).kernel(w -> w.regularizer(Regularizer.l2(100))),
                        new BatchNormalization(),
                        new Dense(1))
                .named("critic");
    }

    /** The players of a GAN, and the model by which the critic teaches the generator. */
    private static final class Gan implements AutoCloseable {
        private final TapeSession session = session();
        private final Sequential generator = generator();
        private final Sequential critic = critic();
        private final Sequential combined = Sequential.sharing(generator, critic);
        private final Trainer judging;
        private final Trainer teaching;
        private static final Batches NOISE =
                Dataset.of(numbers(16, FEATURES), new float[16][1]).batch(8);
        private static final Batches JUDGED =
                Dataset.of(numbers(16, FEATURES), positive(numbers(16, 1))).batch(8);

        Gan(Mode mode) {
            combined.trainable(critic, false);
            judging = trainer(mode, critic);
            teaching = trainer(mode, combined);
        }

        private Trainer trainer(Mode mode, Model model) {
            return mode.of(Trainer.of(model)
                            .session(session)
                            .loss(BinaryCrossentropy.fromLogits())
                            .optimizer(new Adam(0.01)))
                    .build();
        }

        List<String> round() {
            List<String> curve = new ArrayList<>();
            curve.addAll(KillableRun.epochs(judging.fit(JUDGED, Fit.epochs(1))));
            curve.addAll(KillableRun.epochs(teaching.fit(NOISE, Fit.epochs(1))));
            return curve;
        }

        @Override
        public void close() {
            judging.close();
            teaching.close();
            session.close();
        }
    }

    private static float[][] positive(float[][] numbers) {
        return Arrays.stream(numbers)
                .map(row -> new float[] {row[0] > 0 ? 1 : 0})
                .toArray(float[][]::new);
    }

    private static float[][] numbers(int rows, int columns) {
        float[][] numbers = new float[rows][columns];
        for (int i = 0; i < rows * columns; i++) {
            numbers[i / columns][i % columns] = (float) Math.sin(i);
        }
        return numbers;
    }

    @ParameterizedTest
    @EnumSource
    void aCombinedModelLeavesTheCriticAloneThatItsOwnTrainerTrains(Mode mode) {
        try (Gan gan = new Gan(mode)) {
            gan.judging.fit(Gan.JUDGED, Fit.epochs(1));
            Map<String, List<Float>> critic = weights(gan.critic);
            gan.teaching.build(Gan.NOISE);
            Map<String, List<Float>> generator = weights(gan.generator);
            double loss = gan.teaching
                    .fit(Gan.NOISE, Fit.epochs(1))
                    .epochs()
                    .get(0)
                    .logs()
                    .get("loss");
            assertEquals(critic, weights(gan.critic), "moving averages included");
            assertNotEquals(generator, weights(gan.generator));
            assertTrue(loss < 3, "the penalty of the critic is not in " + loss);
            assertEquals(4, gan.combined.trainableVariables().size());
            assertEquals(6, gan.critic.trainableVariables().size());
            gan.judging.fit(Gan.JUDGED, Fit.epochs(1));
            assertNotEquals(critic, weights(gan.critic));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"CACHED", "LOOP"})
    void trainersOfSharedLayersGoOnWhereTheyWereSaved(Mode mode) {
        List<String> goneOn;
        try (Gan gan = new Gan(mode)) {
            gan.round();
            gan.judging.save(directory.resolve("judging"));
            gan.teaching.save(directory.resolve("teaching"));
            goneOn = gan.round();
        }
        try (Gan gan = new Gan(mode)) {
            gan.judging.build(Gan.JUDGED);
            gan.teaching.build(Gan.NOISE);
            gan.judging.load(directory.resolve("judging"));
            gan.teaching.load(directory.resolve("teaching"));
            assertEquals(goneOn, gan.round());
        }
    }

    @Test
    void whatWaitsForWeightsDoesNotUndoWhatAnotherTrainerHasTrained() {
        try (Gan gan = new Gan(Mode.CACHED)) {
            gan.round();
            gan.judging.save(directory.resolve("judging"));
            gan.teaching.save(directory.resolve("teaching"));
        }
        try (Gan gan = new Gan(Mode.CACHED)) {
            gan.judging.load(directory.resolve("judging"));
            gan.teaching.load(directory.resolve("teaching"));
            gan.judging.fit(Gan.JUDGED, Fit.epochs(1));
            assertRefused(IllegalStateException.class, () -> gan.teaching.fit(Gan.NOISE, Fit.epochs(1)), "load again");
            gan.teaching.build(Gan.NOISE);
            gan.teaching.load(directory.resolve("teaching"));
            gan.teaching.fit(Gan.NOISE, Fit.epochs(1));
        }
    }

    private Trainer classifierTrainer(TapeSession session, Mode mode) {
        Classifier classifier = new Classifier(new Autoencoder().encoder);
        classifier.trainable(classifier.encoder, false);
        return classifying(session, mode, classifier);
    }

    @ParameterizedTest
    @EnumSource(names = {"CACHED", "LOOP"})
    void aRunOfAModelWithASharedPartGoesOnFromItsCheckpoints(Mode mode) {
        Fit fit = Fit.epochs(4).checkpoints(Checkpoints.in(directory).everySteps(1));
        List<String> whole;
        Contents start;
        try (TapeSession session = session();
                Trainer trainer = classifierTrainer(session, mode);
                KeptRuns kept = KeptRuns.empty()) {
            whole = KillableRun.epochs(trainer.fit(LABELLED, fit, kept));
            start = kept.all.remove(kept.all.size() / 2).contents();
        }
        try (TapeSession session = session();
                Trainer trainer = classifierTrainer(session, mode);
                KeptRuns kept = KeptRuns.goingOnAt(start)) {
            Model model = trainer.model();
            model.trainable(model.layers().get("encoder"), true); // The checkpoint knows better.
            assertEquals(whole, KillableRun.epochs(trainer.fit(LABELLED, fit, kept)));
            assertTrue(model.isFrozen(model.layers().get("encoder")));
        }
    }

    @Test
    void whatIsFrozenIsSeenFromEachModel() {
        Autoencoder auto = new Autoencoder();
        Classifier classifier = new Classifier(auto.encoder);
        try (TapeSession session = session()) {
            auto.build(session, Shape.of(-1, FEATURES));
            classifier.build(session, Shape.of(-1, FEATURES));
            assertTrainable(6, 6, auto, classifier);
            classifier.trainable(auto.encoder, false);
            assertTrainable(6, 2, auto, classifier);
            assertTrue(classifier.summary().contains("frozen"), classifier.summary());
            assertFalse(auto.summary().contains("frozen"), auto.summary());
            classifier.trainable(auto.encoder, true);
            auto.encoder.trainable(false);
            assertTrainable(2, 2, auto, classifier);
            auto.encoder.trainable(true);
            auto.trainable(false);
            assertTrainable(0, 6, auto, classifier);
            auto.trainable(true);
            auto.encoder.dense.trainable(false);
            assertTrainable(4, 4, auto, classifier);
        }
    }

    private static void assertTrainable(int first, int second, Model one, Model other) {
        assertEquals(first, one.trainableVariables().size());
        assertEquals(second, other.trainableVariables().size());
    }

    /** An output that is tied to the embedding of the input, and one that starts with the same numbers. */
    private static final class Tied extends Model {
        private final Embedding ids = layer(new Embedding(5, 3));
        private final Dense dense = layer(new Dense(3, Activations.TANH));
        private final boolean tableFirst;

        Tied(boolean tableFirst) {
            this.tableFirst = tableFirst;
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TFloat32> early = tableFirst ? ids.table(pass).read(tf) : null;
            Operand<TFloat32> h = dense.call(pass, tf.squeeze(ids.call(pass, x), Squeeze.axis(List.of(1L))));
            Operand<TFloat32> table = tableFirst ? early : ids.table(pass).read(tf);
            return tf.linalg.matMul(h, table, MatMul.transposeB(true));
        }
    }

    private static Map<String, List<Float>> tied(Mode mode, boolean tableFirst) {
        Batches data = Dataset.of(
                        new float[][] {{0}, {1}, {2}, {3}, {4}, {0}, {1}, {2}}, new int[] {1, 2, 3, 4, 0, 1, 2, 3})
                .batch(4);
        try (Trainer trainer = mode.of(Trainer.of(new Tied(tableFirst))
                        .loss(SparseCategoricalCrossentropy.fromLogits())
                        .optimizer(new Sgd(0.5))
                        .threads(1, 1)
                        .seed(3))
                .build()) {
            trainer.fit(data, Fit.epochs(2));
            assertEquals(3, trainer.model().variables().size());
            return weights(trainer.model());
        }
    }

    @ParameterizedTest
    @EnumSource
    void anOutputIsTiedToAnEmbedding(Mode mode) {
        Map<String, List<Float>> expected = tied(Mode.OP_BY_OP, false);
        assertEquals(expected, tied(mode, false));
        assertEquals(expected, tied(mode, true));
    }

    @Test
    void aTrainedBodyGetsANewHeadInOneLine() {
        Model body = Sequential.of(new Dense(6, Activations.RELU), new Dense(6, Activations.RELU));
        try (TapeSession session = session();
                Trainer first = classifying(session, Mode.CACHED, Sequential.of(body, new Dense(Problems.CLASSES)))) {
            first.fit(LABELLED, Fit.epochs(1));
            Sequential next = Sequential.sharing(body, new Dense(2));
            float[] before = body.variables().iterator().next().toFloats();
            next.build(session, Shape.of(-1, FEATURES));
            assertArrayEquals(before, next.variables().iterator().next().toFloats());
            assertEquals(6, next.variables().size());
        }
    }

    private static final class Holder extends Model {
        void has(Layer child) {
            layer(child);
        }

        void shares(Layer child) {
            share(child);
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Operand<TFloat32> y = x;
            for (Layer child : layers().values()) {
                y = child.call(pass, y);
            }
            return y;
        }
    }

    /** Models of one class that share each other, which begin with one name. */
    private enum SameName {
        BUILT_AND_SHARED {
            @Override
            Model of(TapeSession session) {
                return Sequential.sharing(built(session), new Dense(2));
            }
        },
        BUILT_AND_GIVEN_A_HOME {
            @Override
            Model of(TapeSession session) {
                return Sequential.of(built(session), new Dense(2));
            }
        },
        SHARED_BY_A_PART {
            @Override
            Model of(TapeSession session) {
                return Sequential.of(Sequential.sharing(built(session), new Dense(2)), new Dense(2));
            }
        },
        TWO_THAT_STAND_ALONE {
            @Override
            Model of(TapeSession session) {
                Holder holder = new Holder();
                holder.shares(Sequential.of(new Dense(2)));
                holder.shares(Sequential.of(new Dense(2)));
                return holder;
            }
        },
        ONE_OF_THE_SAME_CLASS {
            @Override
            Model of(TapeSession session) {
                Holder inner = new Holder();
                Holder holder = new Holder();
                inner.has(new Dense(2));
                holder.has(new Dense(2));
                holder.shares(inner);
                return holder;
            }
        };

        abstract Model of(TapeSession session);

        static Model built(TapeSession session) {
            Model body = Sequential.of(new Dense(2));
            body.build(session, Shape.of(-1, 2));
            return body;
        }
    }

    @ParameterizedTest
    @EnumSource
    void modelsOfOneNameThatShareEachOtherAreToldApart(SameName same) {
        try (TapeSession session = session()) {
            Model model = same.of(session);
            model.build(session, Shape.of(-1, 2));
            assertEquals(
                    same == SameName.SHARED_BY_A_PART ? 6 : 4,
                    model.variables().size(),
                    () -> model.variables().names().toString());
        }
    }

    private static void assertRefused(Class<? extends RuntimeException> type, Runnable mistake, String... words) {
        RuntimeException error = assertThrows(type, mistake::run);
        Arrays.stream(words).forEach(word -> assertTrue(error.getMessage().contains(word), error.getMessage()));
    }

    @Test
    void mistakesAreNamedWithTheirCures() {
        Holder outer = new Holder();
        Holder inner = new Holder();
        outer.has(inner);
        assertRefused(IllegalArgumentException.class, () -> inner.shares(outer), "'holder/holder'", "has it inside");
        assertRefused(IllegalArgumentException.class, () -> inner.shares(inner), "it is itself");
        assertRefused(IllegalArgumentException.class, () -> outer.shares(inner), "call it twice");
        Holder other = new Holder();
        assertRefused(IllegalStateException.class, () -> other.has(inner), "share(…)", "Sequential.sharing(…)");
        assertRefused(IllegalStateException.class, () -> new TimeDistributed(inner), "share(…)");
        assertRefused(IllegalStateException.class, () -> inner.named("x"), "where it was registered");
        other.shares(inner);
        Holder named = new Holder();
        named.has(new Holder().named("part"));
        assertEquals(List.of("part"), List.copyOf(named.layers().keySet()));
        Dense dense = new Dense(1);
        assertRefused(
                IllegalArgumentException.class, () -> other.trainable(dense, false), "'dense'", "directly inside");
        assertRefused(IllegalArgumentException.class, () -> Sequential.sharing(dense, dense), "call it twice");
        assertRefused(IllegalArgumentException.class, () -> new Holder().named("a b"), "'a b'");
        assertEquals(List.of("holder"), List.copyOf(other.layers().keySet()));
        try (TapeSession session = session();
                TapeSession elsewhere = session()) {
            Sequential one = Sequential.of(new Dense(2));
            Sequential two = Sequential.of(new Dense(2));
            one.build(session, Shape.of(-1, 2));
            two.build(session, Shape.of(-1, 2)); // Built already, so that no name can change.
            assertRefused(
                    IllegalArgumentException.class,
                    () -> Sequential.sharing(one, two).build(session, Shape.of(-1, 2)),
                    "sequential/dense/kernel",
                    "named(…)");
            assertRefused(IllegalStateException.class, () -> one.named("late"), "before it is built");
            assertRefused(
                    IllegalStateException.class,
                    () -> Sequential.sharing(one, new Dense(3)).build(elsewhere, Shape.of(-1, 2)),
                    "another TapeSession");
        }
    }
}
