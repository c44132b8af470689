package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Field;
import io.github.tapeloop.data.Fields;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Concatenate;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Functional;
import io.github.tapeloop.layer.GlobalAveragePool1D;
import io.github.tapeloop.layer.Lstm;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.layer.Node;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adagrad;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Ftrl;
import io.github.tapeloop.optimizer.Lion;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.RmsProp;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Variable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** What a predictor answers, whose weights it has, and what it refuses. */
class PredictorTest {

    private static final int EXAMPLES = 24;

    /** Two inputs, two outputs. */
    private static final class House extends MultiModel {
        private final Dense plan = layer(new Dense(4, Activations.RELU));
        private final Dense place = layer(new Dense(4));
        private final Concatenate both = layer(new Concatenate());
        private final Dense price = layer(new Dense(1));
        private final Dense sold = layer(new Dense(1));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> features =
                    both.call(pass, plan.call(pass, inputs.get("plan")), place.call(pass, inputs.get("place")));
            return Map.of("price", price.call(pass, features), "sold", sold.call(pass, features));
        }
    }

    private static float[][] floats(int examples, int width) {
        SplittableRandom random = new SplittableRandom(7);
        float[][] rows = new float[examples][width];
        for (float[] row : rows) {
            for (int i = 0; i < width; i++) {
                row[i] = (float) random.nextDouble() - 0.5f;
            }
        }
        return rows;
    }

    private static int[] classes() {
        int[] classes = new int[EXAMPLES];
        for (int i = 0; i < EXAMPLES; i++) {
            classes[i] = i % 3;
        }
        return classes;
    }

    private static int[][] ids(int length) {
        int[][] ids = new int[EXAMPLES][length];
        for (int i = 0; i < EXAMPLES; i++) {
            for (int k = 0; k < length; k++) {
                ids[i][k] = 1 + (i * 5 + k * 3) % 9;
            }
        }
        return ids;
    }

    private static TrainerBuilder classifier(Model model) {
        return Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.05))
                .threads(1, 1)
                .seed(3);
    }

    /** A trainer and what it trains on. */
    private record Kind(String name, Supplier<TrainerBuilder> builder, Columns columns, float tolerance) {

        Kind(String name, Supplier<TrainerBuilder> builder, Columns columns) {
            this(name, builder, columns, 1e-5f);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Columns table() {
        return new Columns().input(ColumnData.of(floats(EXAMPLES, 4))).target(ColumnData.of(classes()));
    }

    static Stream<Kind> kinds() {
        Columns words = new Columns().input(ColumnData.of(ids(5))).target(ColumnData.of(classes()));
        Columns images = new Columns()
                .input(ColumnData.of(floats(1, EXAMPLES * 36)[0], Shape.of(6, 6, 1)))
                .target(ColumnData.of(classes()));
        Columns houses = new Columns()
                .input("plan", ColumnData.of(floats(EXAMPLES, 3)))
                .input("place", ColumnData.of(floats(EXAMPLES, 2)))
                .target("price", ColumnData.of(floats(EXAMPLES, 1)))
                .target("sold", ColumnData.of(floats(EXAMPLES, 1)));
        return Stream.of(
                new Kind(
                        "a network",
                        () -> Problems.trainerOf(Problems.network()).seed(1),
                        table()),
                new Kind(
                        "layers that train otherwise than they predict",
                        () -> classifier(
                                Sequential.of(new Dense(8), new BatchNormalization(), new Dropout(0.5), new Dense(3))),
                        table()),
                new Kind(
                        "images",
                        () -> classifier(
                                Sequential.of(new Conv2D(4, 3, Activations.RELU), new Flatten(), new Dense(3))),
                        images),
                new Kind(
                        "words",
                        () -> classifier(Sequential.of(
                                new Embedding(10, 4).maskZero(true), new GlobalAveragePool1D(), new Dense(3))),
                        words),
                new Kind(
                        "a loop",
                        () -> classifier(Sequential.of(new Embedding(10, 4).maskZero(true), new Lstm(4), new Dense(3))),
                        words),
                new Kind(
                        "several inputs and outputs",
                        () -> Trainer.of(new House())
                                .loss("price", new MeanSquaredError())
                                .loss("sold", new MeanSquaredError())
                                .optimizer(new Sgd(0.1)),
                        houses),
                new Kind(
                        "bfloat16",
                        () -> classifier(Problems.network()).precision(DtypePolicy.MIXED_BFLOAT16),
                        table(),
                        1e-2f),
                new Kind(
                        "an optimizer that evaluates with other weights",
                        () -> Trainer.of(Problems.network())
                                .loss(SparseCategoricalCrossentropy.fromLogits())
                                .optimizer(new ScheduleFreeAdamW(0.05)),
                        table()),
                new Kind("a prediction of one's own", PredictorTest::softmax, table()));
    }

    private static TrainerBuilder softmax() {
        Model model = Problems.network();
        return classifier(model)
                .predictStep(
                        (step, batch) -> step.tf().nn.softmax(step.inference().call(model, batch.input(step.tf()))));
    }

    private static void assertSame(
            Map<String, FloatNdArray> expected, Map<String, FloatNdArray> came, float tolerance) {
        assertEquals(expected.keySet(), came.keySet());
        expected.forEach((name, array) -> {
            assertEquals(array.shape(), came.get(name).shape());
            assertArrayEquals(flat(array), flat(came.get(name)), tolerance, name);
        });
    }

    private static float[] flat(FloatNdArray array) {
        float[] all = new float[(int) array.shape().size()];
        int[] next = {0};
        array.scalars().forEach(number -> all[next[0]++] = number.getFloat());
        return all;
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aPredictorAnswersAsItsTrainerDoes(Kind kind) {
        Dataset data = Dataset.of(kind.columns());
        for (TrainerBuilder builder :
                List.of(kind.builder().get(), kind.builder().get().compiled())) {
            Predictor predictor;
            Map<String, FloatNdArray> expected;
            try (Trainer trainer = builder.build()) {
                trainer.fit(data.batch(8), Fit.epochs(1));
                predictor = trainer.predictor();
                expected = trainer.predictAll(data.batch(EXAMPLES));
                trainer.fit(data.batch(8), Fit.epochs(1)); // What is trained on is no longer its own.
            }
            try (predictor;
                    var batches = data.batch(EXAMPLES).open(0, 0)) {
                assertSame(expected, predictor.predictAll(batches.next()), kind.tolerance());
            }
        }
    }

    static Stream<Arguments> updates() {
        List<Supplier<Optimizer>> optimizers = List.of(
                () -> new Sgd(0.1),
                () -> new Sgd(0.1).momentum(0.9),
                () -> new Adam(0.1),
                () -> new RmsProp(0.1),
                () -> new Adagrad(0.1),
                () -> new Ftrl(0.1),
                () -> new Lion(0.1));
        return Stream.concat(
                optimizers.stream().map(make -> arguments(make.get().getClass().getSimpleName(), make, false)),
                Stream.of(arguments("Adam compiled", optimizers.get(2), true)));
    }

    /** Weights share memory with the trainer's: whoever writes there in place is found here, also to some rows only. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("updates")
    void whatIsServedStaysAsItIsWhateverUpdatesTheTrainersWeights(
            String name, Supplier<Optimizer> optimizer, boolean compiled) {
        Dataset data = Dataset.of(new Columns().input(ColumnData.of(ids(3))).target(ColumnData.of(classes())));
        TrainerBuilder builder = Trainer.of(
                        Sequential.of(new Embedding(10, 4), new GlobalAveragePool1D(), new Dense(3)))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(optimizer.get());
        try (Trainer trainer = (compiled ? builder.compiled() : builder).build();
                Batch batch = Batch.of(TInt32.tensorOf(StdArrays.ndCopyOf(ids(3))))) {
            trainer.fit(data.batch(8), Fit.epochs(1));
            try (Predictor predictor = trainer.predictor()) {
                float[] before = flat(predictor.predictAll(batch).get("output"));
                trainer.fit(data.batch(8), Fit.epochs(1));
                assertArrayEquals(before, flat(predictor.predictAll(batch).get("output")));
                predictor.refresh(trainer);
                float[] after = flat(predictor.predictAll(batch).get("output"));
                assertArrayEquals(flat(trainer.predict(data.batch(EXAMPLES))), after, 1e-5f);
                assertFalse(Arrays.equals(before, after));
            }
        }
    }

    @Test
    void lengthsThatWereSeenAreTakenByOneGraphOrByOneForEach() {
        Columns ragged = new Columns()
                .input(ColumnData.ragged(Stream.iterate(0, i -> i + 1)
                        .limit(EXAMPLES)
                        .map(i -> ids(3 + i % 3)[i])
                        .toArray(int[][]::new)))
                .target(ColumnData.of(classes()));
        Model[] models = {
            Sequential.of(new Embedding(10, 4), new GlobalAveragePool1D(), new Dense(3)),
            Sequential.of(new Embedding(10, 4), new Lstm(3), new Dense(3))
        };
        for (Model model : models) {
            try (Trainer trainer = classifier(model).build()) {
                trainer.fit(Dataset.of(ragged).padBatch(1), Fit.epochs(1));
                try (Predictor predictor = trainer.predictor()) {
                    for (int length = 3; length < 6; length++) {
                        try (Batch batch = Batch.of(TInt32.tensorOf(StdArrays.ndCopyOf(ids(length))))) {
                            Dataset data = Dataset.of(new Columns().input(ColumnData.of(ids(length))));
                            assertSame(trainer.predictAll(data.batch(EXAMPLES)), predictor.predictAll(batch), 1e-5f);
                        }
                    }
                }
            }
        }
    }

    record Flower(float width, float height, int kind) {}

    @Test
    void floatsRecordsAndBatchesGetTheSameAnswer() {
        Fields<Flower> fields = new Fields<Flower>()
                .input(Field.numbers(Flower::width, Flower::height))
                .target(Field.integer(Flower::kind));
        List<Flower> flowers = List.of(new Flower(1, 2, 0), new Flower(2, 1, 1), new Flower(-1, 0.5f, 2));
        try (Trainer trainer = classifier(Sequential.of(new Dense(3))).build()) {
            trainer.fit(Dataset.ofRecords(flowers, fields).batch(3), Fit.epochs(1));
            try (Predictor predictor = trainer.predictor(Serving.of().labels("rose", "lily", "tulip"))) {
                float[] one = predictor.predict(2, 1);
                assertArrayEquals(one, predictor.predict(new float[][] {{2, 1}, {0, 0}})[0], 1e-6f);
                assertArrayEquals(one, predictor.predict(flowers.get(1), fields));
                Fields<Flower> blind = fields.target("other", Field.integer(flower -> {
                    throw new IllegalStateException("there is no target to predict from");
                }));
                assertArrayEquals(one, predictor.predict(flowers.get(1), blind));
                try (Batch batch = Batch.of(new float[][] {{2, 1}})) {
                    assertArrayEquals(one, flat(predictor.predictAll(batch).get("output")));
                }
                Predictor.Label label = predictor.classify(2, 1);
                int best = one[0] > one[1] ? one[0] > one[2] ? 0 : 2 : one[1] > one[2] ? 1 : 2;
                assertEquals(
                        new Predictor.Label(
                                best, List.of("rose", "lily", "tulip").get(best), one[best]),
                        label);
                assertEquals(label, predictor.classify(flowers.get(1), fields));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPredictorIsLoadedFromWhatATrainerSaved(boolean refreshes, @TempDir Path directory) {
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(Problems.batches(30, 10), Fit.epochs(1));
            trainer.save(directory);
            float[] point = {1, 2, 3, 4};
            try (Predictor predictor =
                    Predictor.load(directory, Problems.network(), Serving.of().input(Shape.of(Problems.FEATURES)))) {
                if (refreshes) {
                    trainer.fit(Problems.batches(30, 10), Fit.epochs(1));
                    trainer.save(directory);
                    predictor.refresh(directory);
                }
                try (Predictor own = trainer.predictor()) {
                    assertArrayEquals(own.predict(point), predictor.predict(point));
                }
            }
        }
    }

    @Test
    void weightsThatWaitForAFirstBatchAreServedToo(@TempDir Path directory) {
        float[] point = {1, 2, 3, 4};
        float[] expected;
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(Problems.batches(30, 10), Fit.epochs(1));
            trainer.save(directory);
            try (Predictor predictor = trainer.predictor()) {
                expected = predictor.predict(point);
            }
        }
        try (Trainer trainer = Problems.trainer()) {
            trainer.load(directory);
            try (Predictor predictor = trainer.predictor(Serving.of().input(Shape.of(Problems.FEATURES)))) {
                assertArrayEquals(expected, predictor.predict(point));
            }
        }
    }

    @Test
    void whatWasBuiltOrIsFunctionalNeedsNoBatch(@TempDir Path directory) {
        float[] point = {1, 2, 3, 4};
        Dense dense = new Dense(3);
        try (Trainer trainer = classifier(
                                Functional.of(Node.input("input", 4).then(dense).then(new Dense(3))))
                        .build();
                Predictor predictor = trainer.predictor();
                Trainer sharing = Problems.trainerOf(
                                Functional.of(Node.input("input", 4).then(dense)))
                        .session(trainer.session())
                        .build();
                Predictor part = sharing.predictor()) {
            trainer.fit(Problems.batches(30, 10), Fit.epochs(1));
            predictor.refresh(trainer);
            part.refresh(sharing);
            assertArrayEquals(flat(trainer.predict(one(point))), predictor.predict(point), 1e-5f);
            assertArrayEquals(flat(sharing.predict(one(point))), part.predict(point), 1e-5f);
            trainer.save(directory);
            Functional again =
                    Functional.of(Node.input("input", 4).then(new Dense(3)).then(new Dense(3)));
            try (Predictor loaded = Predictor.load(directory, again, Serving.of())) {
                assertArrayEquals(predictor.predict(point), loaded.predict(point));
            }
        }
        try (Trainer trainer = Problems.trainer()) {
            trainer.build(Shape.of(-1, 4));
            try (Predictor predictor = trainer.predictor()) {
                assertArrayEquals(flat(trainer.predict(one(point))), predictor.predict(point), 1e-5f);
            }
        }
    }

    private static Batches one(float[] point) {
        return Dataset.of(new Columns().input(ColumnData.of(new float[][] {point})))
                .batch(1);
    }

    /** Of an optimizer that trains on other weights than it evaluates with, a checkpoint may have those to train on. */
    @Test
    void weightsToTrainOnAreNotServedFromACheckpoint(@TempDir Path directory) {
        try (Trainer trainer = Trainer.of(Problems.network())
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new ScheduleFreeAdamW(0.05))
                .build()) {
            Batch batch = Batch.of(new float[][] {{1, 2, 3, 4}}, new int[] {1});
            try (batch) {
                trainer.trainOnBatch(batch);
            }
            trainer.save(directory);
            Serving options = Serving.of().input(Shape.of(Problems.FEATURES));
            CheckpointException refused = assertThrows(
                    CheckpointException.class, () -> Predictor.load(directory, Problems.network(), options));
            assertTrue(refused.getMessage().contains("weights to train on"), refused.getMessage());
            trainer.fit(Problems.batches(30, 10), Fit.epochs(1));
            trainer.save(directory);
            Predictor.load(directory, Problems.network(), options).close();
        }
    }

    @Test
    void aRunRefreshesInItsCallbacksAndGoesOnAsIfItHadNot() {
        List<History> histories = new ArrayList<>();
        for (boolean serves : List.of(false, true)) {
            try (Trainer trainer = Problems.trainer()) {
                List<Predictor> made = new ArrayList<>();
                Callback refresh = Callback.epochEnd((run, event) -> {
                    if (serves && made.isEmpty()) {
                        made.add(trainer.predictor());
                    } else if (serves) {
                        made.get(0).refresh(trainer);
                    }
                });
                histories.add(
                        trainer.fit(Problems.batches(30, 10), Fit.epochs(3).callbacks(refresh)));
                for (Predictor predictor : made) {
                    float[] point = {1, 2, 3, 4};
                    try (Predictor now = trainer.predictor()) {
                        assertArrayEquals(now.predict(point), predictor.predict(point));
                    }
                    predictor.close();
                }
                assertEquals(serves ? 1 : 0, made.size());
            }
        }
        assertEquals(
                histories.get(0).epochs().get(2).logs(),
                histories.get(1).epochs().get(2).logs());
    }

    /** Writes to a variable whenever it is called. */
    private static final class Counting extends Model {
        private final Dense dense = layer(new Dense(2));
        private Variable<TFloat32> calls;

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            if (calls == null) {
                TapeSession session = TapeSession.of(pass.tf());
                calls = Variable.create(session.tf(), "calls", session.tf().constant(0f), false);
            }
            calls.assignAdd(pass.tf(), pass.tf().constant(1f));
            return dense.call(pass, x);
        }
    }

    private static String message(Class<? extends RuntimeException> type, Executable call) {
        return assertThrows(type, call).getMessage();
    }

    @Test
    void whatDoesNotFitIsRefusedByName() {
        try (Trainer trainer = classifier(Problems.network()).build();
                Trainer ids = classifier(Sequential.of(new Embedding(10, 4), new Flatten(), new Dense(3)))
                        .build();
                Trainer other =
                        classifier(Sequential.of(new Dense(9), new Dense(3))).build()) {
            Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
            assertTrue(message(IllegalStateException.class, trainer::predictor).contains("Serving.of().input"));
            trainer.fit(Problems.batches(30, 10), Fit.epochs(1));
            other.fit(Problems.batches(30, 10), Fit.epochs(1));
            ids.fit(
                    Dataset.of(new Columns().input(ColumnData.of(ids(5))).target(ColumnData.of(classes())))
                            .batch(8),
                    Fit.epochs(1));
            try (Predictor predictor = trainer.predictor(Serving.of().labels("one", "two"));
                    Predictor words = ids.predictor();
                    Batch narrow = Batch.of(new float[][] {{1, 2, 3}});
                    Batch named = Batch.of(Map.of("x", TFloat32.vectorOf(1f)), Map.of());
                    Batch tall = Batch.of(TInt32.tensorOf(StdArrays.ndCopyOf(new int[][] {{1, 2, 3, 4, 99}})))) {
                assertEquals("input float32 [-1, 4] -> output float32 [-1, 3]", predictor.toString());
                assertEquals(
                        "Input 'input' takes float32 [-1, 4], the first for the examples, got 2 floats for each example:"
                                + " give as many as that is, or a Batch of that shape",
                        message(wrong, () -> predictor.predict(1, 2)));
                assertTrue(
                        message(wrong, () -> predictor.predict(new float[0][])).contains("got none"));
                assertTrue(message(wrong, () -> predictor.predict(new float[][] {{1, 2, 3, 4}, {1}}))
                        .contains("4 and 1 floats"));
                assertEquals(
                        "Input 'input' takes float32 [-1, 4], the first for the examples, got float32 [1, 3]",
                        message(wrong, () -> predictor.predictAll(narrow)));
                assertEquals(
                        "Input 'input' takes float32 [-1, 4], the first for the examples, got int32 [1, 5]",
                        message(wrong, () -> predictor.predictAll(tall)));
                assertEquals("Expected the inputs [input], got [x]", message(wrong, () -> predictor.predictAll(named)));
                assertTrue(message(wrong, () -> predictor.classify(1, 2, 3, 4)).contains("[one, two], got 3"));
                assertTrue(message(wrong, () -> words.predict(1, 2, 3, 4, 5)).contains("int32 [-1, 5] and no floats"));
                assertTrue(
                        message(OpException.class, () -> words.predictAll(tall)).contains("not in [0, 10)"));
                String differs = message(wrong, () -> predictor.refresh(other));
                assertTrue(
                        differs.contains("'model/sequential/dense/bias' is float32 [9] instead of float32 [8]"),
                        differs);
                assertArrayEquals(predictor.predict(1, 2, 3, 4), predictor.predict(1, 2, 3, 4), "it serves on");
                predictor.close();
                predictor.close();
                assertTrue(predictor.isClosed());
                for (Executable use :
                        List.<Executable>of(() -> predictor.predict(1, 2, 3, 4), () -> predictor.refresh(trainer))) {
                    assertTrue(message(IllegalStateException.class, use).contains("closed"));
                }
            }
        }
    }

    @Test
    void aPredictionThatWritesIsNotServed() {
        try (Trainer trainer = Trainer.of(new Counting())
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Sgd(0.1))
                .build()) {
            String refused = message(
                    IllegalStateException.class,
                    () -> trainer.predictor(Serving.of().input(Shape.of(4))));
            assertTrue(refused.contains("writes to variables"), refused);
        }
    }

    @Test
    void optionsThatContradictEachOtherAreRefused() {
        Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
        Serving serving = Serving.of().input("ids", DataType.DT_INT32, Shape.of(4), Shape.of(8));
        assertTrue(message(wrong, () -> serving.input("ids", DataType.DT_INT32, Shape.of(4)))
                .contains("'ids'"));
        assertTrue(message(wrong, () -> serving.input("more", DataType.DT_INT32, Shape.of(4)))
                .contains("Expected 2 shapes"));
        assertTrue(message(wrong, () -> serving.input(new Shape[0])).contains("got 0"));
        assertTrue(message(wrong, () -> serving.microBatches(1, Duration.ofMillis(1)))
                .contains("got 1 and"));
        assertTrue(message(wrong, () -> serving.microBatches(2, Duration.ZERO)).contains("got 2 and PT0S"));
        assertTrue(message(wrong, () -> serving.labels("one")).contains("got [one]"));
        assertTrue(message(wrong, () -> serving.labels("one", "one")).contains("got [one, one]"));
    }
}
