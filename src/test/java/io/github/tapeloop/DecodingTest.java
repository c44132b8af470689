package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerKind;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiHeadAttention;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.layer.PositionEmbedding;
import io.github.tapeloop.layer.RotaryEmbedding;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.SinePositionEncoding;
import io.github.tapeloop.layer.TransformerDecoder;
import io.github.tapeloop.layer.TransformerEncoder;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.math.Mean;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/** Series that a predictor writes step by step, against the same series predicted as a whole. */
class DecodingTest {

    private static final int WORDS = 11;
    private static final int LENGTH = 36;

    /** A language model. */
    private record Kind(String name, Supplier<Model> model, DtypePolicy precision, float tolerance) {

        Kind(String name, Supplier<Model> model) {
            this(name, model, DtypePolicy.FULL, 2e-5f);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Model learned() {
        return Sequential.of(
                new Embedding(WORDS, 8),
                new PositionEmbedding(LENGTH),
                new TransformerDecoder(8, 2, 12),
                new TransformerDecoder(8, 2, 12),
                new Dense(WORDS));
    }

    /** One block, for what does not depend on their number. */
    private static Model small() {
        return Sequential.of(
                new Embedding(WORDS, 4),
                new PositionEmbedding(LENGTH),
                new TransformerDecoder(4, 2, 4),
                new Dense(WORDS));
    }

    static Stream<Kind> kinds() {
        return Stream.of(
                new Kind("learned positions, two blocks", DecodingTest::learned),
                new Kind("learned positions in float16", DecodingTest::learned, DtypePolicy.MIXED_FLOAT16, 2e-2f),
                new Kind(
                        "sines, pre-norm, masks",
                        () -> Sequential.of(
                                new Embedding(WORDS, 8).maskZero(true),
                                new SinePositionEncoding(),
                                new TransformerDecoder(8, 2, 12).normalizeFirst(true),
                                new TransformerDecoder(8, 2, 12).normalizeFirst(true),
                                new LayerNormalization(),
                                new Dense(WORDS))),
                new Kind(
                        "rotary attention",
                        () -> Sequential.of(
                                new Embedding(WORDS, 8),
                                new TransformerDecoder(8, 2, 12).useRotary(true),
                                new TransformerEncoder(8, 2, 12)
                                        .useCausalMask(true)
                                        .useRotary(true),
                                new Dense(WORDS))),
                new Kind(
                        "turned features, in bfloat16",
                        () -> Sequential.of(
                                new Embedding(WORDS, 8),
                                new RotaryEmbedding(),
                                new MultiHeadAttention(2, 3).valueDim(5).useCausalMask(true),
                                new Dense(WORDS)),
                        DtypePolicy.MIXED_BFLOAT16,
                        1e-1f));
    }

    private static Trainer trainer(Model model, DtypePolicy precision) {
        return builder(model).precision(precision).threads(1, 1).seed(3).build();
    }

    private static TrainerBuilder builder(Model model) {
        return Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.05));
    }

    /** That writes series, and predicts some lengths as a whole. */
    private static Serving serving(int... lengths) {
        return Serving.of()
                .input(
                        Model.INPUT,
                        DataType.DT_INT32,
                        IntStream.of(lengths).mapToObj(Shape::of).toArray(Shape[]::new))
                .decoding();
    }

    private static int[][] ids(int series, int steps) {
        SplittableRandom random = new SplittableRandom(5);
        int[][] ids = new int[series][steps];
        for (int[] row : ids) {
            Arrays.setAll(row, i -> random.nextInt(WORDS));
        }
        return ids;
    }

    private static int[][] part(int[][] ids, int from, int to) {
        return Stream.of(ids).map(row -> Arrays.copyOfRange(row, from, to)).toArray(int[][]::new);
    }

    /** [series, steps, words]. */
    private static FloatNdArray whole(Predictor predictor, int[][] ids) {
        try (Batch batch = Batch.of(TInt32.tensorOf(StdArrays.ndCopyOf(ids)))) {
            return predictor.predictAll(batch).get("output");
        }
    }

    private static float[] scores(FloatNdArray whole, int series, int step) {
        float[] scores = new float[Math.toIntExact(whole.shape().get(2))];
        StdArrays.copyFrom(whole.get(series, step), scores);
        return scores;
    }

    /** Writes series in parts of some lengths and compares the scores behind each. */
    private static void assertDecoded(Predictor predictor, int[][] ids, float tolerance, boolean masked, int... parts) {
        FloatNdArray whole = whole(predictor, ids);
        try (Predictor.Decoding decoding = predictor.decoding(ids[0].length)) {
            int at = 0;
            for (int i = 0; at < ids[0].length; i++) {
                int next = Math.min(ids[0].length, at + parts[i % parts.length]);
                float[][] got = decoding.next(part(ids, at, next));
                at = next;
                assertEquals(at, decoding.steps());
                for (int k = 0; k < ids.length; k++) {
                    if (!masked || ids[k][at - 1] != 0) {
                        assertArrayEquals(
                                scores(whole, k, at - 1), got[k], tolerance, "series " + k + " to step " + at);
                    }
                }
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void eachStepHasTheScoresThatTheWholeSeriesHas(Kind kind) {
        try (Trainer trainer = trainer(kind.model().get(), kind.precision());
                Predictor predictor = trainer.predictor(serving(LENGTH))) {
            boolean masked = kind.name().contains("masks");
            assertDecoded(predictor, ids(1, LENGTH), kind.tolerance(), masked, 1);
            assertDecoded(predictor, ids(2, LENGTH), kind.tolerance(), masked, 3, 1, 16, 17);
        }
    }

    /** Ids as vectors of the shape that a layer takes, the layer, and what comes out of it as scores of each step. */
    private static final class Around extends Model {
        private final Shape example;
        private final Embedding ids;
        private final Layer part;

        private Around(LayerKind kind) {
            Shape small = kind.small();
            this.example = kind.takesIds() ? Shape.of() : small.numDimensions() == 1 ? small : small.tail();
            this.ids = layer("ids", new Embedding(WORDS, kind.takesIds() ? 1 : Math.toIntExact(example.size())));
            this.part = layer("part", kind.make().get());
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            long steps = Tensors.shape(x).get(1);
            Operand<TFloat32> taken = example.numDimensions() == 0
                    ? x
                    : tf.reshape(
                            ids.call(pass, x),
                            tf.constant(Shape.of(-1, steps).append(example).asArray()));
            Operand<TFloat32> y = LayerKind.call(part, pass, taken);
            return Tensors.rank(y) < 3 ? y : tf.reshape(y, tf.constant(steps(Tensors.shape(y))));
        }

        private static long[] steps(Shape shape) {
            return new long[] {-1, shape.get(1), shape.tail().tail().size()};
        }
    }

    /** The layers whose steps depend on others, as they are by default, or on where they stand, which is told nowhere. */
    private static final Set<String> REFUSED = Set.of(
            "AveragePool1D",
            "AveragePool2D",
            "Bidirectional",
            "Conv1D",
            "Conv1DTranspose",
            "Conv2D",
            "Conv2DTranspose",
            "Cropping1D",
            "Cropping2D",
            "DepthwiseConv1D",
            "DepthwiseConv2D",
            "Dot",
            "Flatten",
            "GlobalAveragePool1D",
            "GlobalAveragePool2D",
            "GlobalMaxPool1D",
            "GlobalMaxPool2D",
            "GroupNormalization",
            "Gru",
            "Lstm",
            "MaxPool1D",
            "MaxPool2D",
            "MultiHeadAttention",
            "PReLU",
            "Permute",
            "Reshape",
            "Resizing",
            "SeparableConv1D",
            "SeparableConv2D",
            "SimpleRnn",
            "TransformerEncoder",
            "UpSampling1D",
            "UpSampling2D",
            "ZeroPadding1D",
            "ZeroPadding2D");

    @Test
    void eachLayerIsDecodedAsTheWholeSeriesOrRefused() {
        Set<String> refused = new TreeSet<>();
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            LayerKind.ofEachClass().forEach(kind -> {
                int steps = Math.toIntExact(kind.small().get(0));
                try (Trainer trainer =
                                builder(new Around(kind)).session(session).build();
                        Predictor predictor = trainer.predictor(serving(steps))) {
                    assertDecoded(predictor, ids(2, steps), 2e-5f, false, 2, 1);
                } catch (IllegalStateException e) {
                    assertTrue(e.getMessage().contains("cannot be decoded step by step"), e::getMessage);
                    assertTrue(e.getMessage().contains("around/part"), e::getMessage);
                    refused.add(kind.make().get().getClass().getSimpleName());
                }
            });
        }
        assertEquals(new TreeSet<>(REFUSED), refused);
    }

    /** What no list can know. */
    static Stream<Arguments> mixing() {
        return Stream.of(
                arguments("adds the mean of all steps", new Lambda((pass, x) -> pass.tf()
                        .math
                        .add(x, pass.tf().math.mean(x, pass.tf().constant(1), Mean.keepDims(true))))),
                arguments("sums up the steps so far", new Lambda((pass, x) -> pass.tf()
                        .math
                        .cumsum(x, pass.tf().constant(1)))),
                arguments("turns the steps around", new Lambda((pass, x) -> pass.tf()
                        .reverse(x, pass.tf().constant(new int[] {1})))),
                arguments("tells positions by itself", new Lambda((pass, x) -> {
                    Ops tf = pass.tf();
                    long steps = Tensors.shape(x).get(1);
                    Operand<TFloat32> positions =
                            tf.range(tf.constant(0f), tf.constant((float) steps), tf.constant(1f));
                    return tf.math.add(x, tf.reshape(positions, tf.constant(new long[] {1, steps, 1})));
                })),
                arguments("adds up series", new Lambda((pass, x) -> pass.tf()
                        .math
                        .add(x, pass.tf().sum(x, pass.tf().constant(new int[] {0, 1}), Sum.keepDims(true))))),
                arguments(
                        "a norm of each step by all",
                        new LayerNormalization(1).scale(false).center(false)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mixing")
    void whatMixesStepsInItsOwnWayIsFoundByItsNumbers(String name, Layer layer) {
        try (Trainer trainer =
                trainer(Sequential.of(new Embedding(WORDS, 4), layer, new Dense(WORDS)), DtypePolicy.FULL)) {
            IllegalStateException refused =
                    assertThrows(IllegalStateException.class, () -> trainer.predictor(serving(6)));
            assertTrue(refused.getMessage().contains("where the series is computed as a whole"), refused::getMessage);
        }
    }

    /** Ids of series as they are trained with: each step is to tell the next. */
    private static Batch toLearn() {
        return Batch.of(
                TInt32.tensorOf(StdArrays.ndCopyOf(part(ids(4, 9), 0, 8))),
                TInt32.tensorOf(StdArrays.ndCopyOf(part(ids(4, 9), 1, 9))));
    }

    @Test
    void aSeriesIsWrittenToItsEndByTheWeightsItWasBegunWith() {
        int[][] ids = ids(1, LENGTH);
        try (Trainer trainer = trainer(small(), DtypePolicy.FULL);
                Batch batch = toLearn();
                Predictor predictor = trainer.predictor(serving(LENGTH));
                Predictor.Decoding before = predictor.decoding(LENGTH)) {
            FloatNdArray first = whole(predictor, ids);
            before.next(part(ids, 0, 5));
            trainer.trainOnBatch(batch);
            predictor.refresh(trainer);
            FloatNdArray second = whole(predictor, ids);
            try (Predictor.Decoding after = predictor.decoding(LENGTH)) {
                after.next(part(ids, 0, 5));
                for (int step = 5; step < 12; step++) { // Side by side.
                    assertArrayEquals(scores(first, 0, step), before.next(ids[0][step]), 2e-5f);
                    assertArrayEquals(scores(second, 0, step), after.next(ids[0][step]), 2e-5f);
                }
            }
            assertFalse(Arrays.equals(scores(first, 0, 11), scores(second, 0, 11)));
        }
    }

    /** Adds what a Dense of zeros, which training changes, makes of the mean of all steps. */
    private static final class LaterMixed extends Model {
        private final Embedding ids = layer(new Embedding(WORDS, 4));
        private final Dense mean = layer(new Dense(4).kernel(w -> w.initializer(Initializer.zeros())));
        private final Dense scores = layer(new Dense(WORDS));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TFloat32> y = ids.call(pass, x);
            Operand<TFloat32> all = tf.math.mean(y, tf.constant(1), Mean.keepDims(true));
            return scores.call(pass, tf.math.add(y, mean.call(pass, all)));
        }
    }

    @Test
    void weightsThatMixStepsAreRefusedWhenTheyCome() {
        try (Trainer trainer = trainer(new LaterMixed(), DtypePolicy.FULL);
                Batch batch = toLearn();
                Predictor predictor = trainer.predictor(serving(LENGTH))) {
            float[] before = scores(whole(predictor, ids(1, LENGTH)), 0, 0);
            for (int i = 0; i < 3; i++) {
                trainer.trainOnBatch(batch);
            }
            assertThrows(IllegalStateException.class, () -> predictor.refresh(trainer));
            assertArrayEquals(before, scores(whole(predictor, ids(1, LENGTH)), 0, 0));
            assertDecoded(predictor, ids(1, LENGTH), 2e-5f, false, 7, 1);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedAndTheSeriesStayAsTheyWere() {
        int[][] ids = ids(2, LENGTH);
        try (Trainer trainer = trainer(small(), DtypePolicy.FULL);
                Predictor predictor = trainer.predictor(serving(LENGTH));
                Predictor.Decoding decoding = predictor.decoding(10)) {
            FloatNdArray whole = whole(predictor, ids);
            refused("one step at least", () -> decoding.next());
            refused("one step at least", () -> decoding.next(new int[0][]));
            refused("got 2 and 1", () -> decoding.next(new int[][] {{1, 2}, {3}}));
            refused("at most 10 steps, got 11 after 0", () -> decoding.next(part(ids, 0, 11)));
            int[] unknown = new int[10];
            unknown[9] = WORDS;
            assertThrows(OpException.class, () -> decoding.next(unknown));
            assertThrows(OpException.class, () -> decoding.next(-1));
            assertEquals(0, decoding.steps());
            assertTrue(decoding.toString().startsWith("Decoding, 0 of at most "), decoding::toString);
            decoding.next(part(ids, 0, 4)); // Two series, where one was refused.
            refused("2 series, as before, got 1", () -> decoding.next(1));
            assertThrows(OpException.class, () -> decoding.next(new int[][] {{1}, {WORDS}}));
            assertArrayEquals(scores(whole, 1, 9), decoding.next(part(ids, 4, 10))[1], 2e-5f);
            refused("at most 10 steps, got 1 after 10", () -> decoding.next(new int[][] {{1}, {1}}));
            refused("at least 1 and at most 36", () -> predictor.decoding(LENGTH + 1));
            refused("at least 1 and at most 36", () -> predictor.decoding(0));
        }
    }

    private static void refused(String message, Executable call) {
        String said = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(said.contains(message), said);
    }

    private static final int SOURCE = 7;

    /** Reads a series and writes another one. */
    private static final class Translator extends MultiModel {
        private final Embedding words = layer("words", new Embedding(WORDS, 8).maskZero(true));
        private final PositionEmbedding places = layer("places", new PositionEmbedding(SOURCE));
        private final TransformerEncoder encoder = layer("encoder", new TransformerEncoder(8, 2, 12).useRotary(true));
        private final SinePositionEncoding waves = layer("waves", new SinePositionEncoding());
        private final TransformerDecoder decoder = layer("decoder", new TransformerDecoder(8, 2, 12).useRotary(true));
        private final Dense scores = layer("scores", new Dense(WORDS));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> read = places.call(pass, words.call(pass, inputs.get("source")));
            Operand<TFloat32> encoded = encoder.call(pass, waves.call(pass, read));
            Operand<TFloat32> y = waves.call(pass, words.call(pass, inputs.get("target")));
            return Map.of("output", scores.call(pass, decoder.call(pass, y, encoded)));
        }
    }

    private static Serving translations(int length) {
        return Serving.of()
                .input("source", DataType.DT_INT32, Shape.of(SOURCE))
                .input("target", DataType.DT_INT32, Shape.of(length))
                .decoding("target");
    }

    private static Batch batch(Map<String, int[][]> ids) {
        Map<String, TType> tensors = new HashMap<>();
        ids.forEach((name, each) -> tensors.put(name, TInt32.tensorOf(StdArrays.ndCopyOf(each))));
        return Batch.of(tensors, Map.of());
    }

    @ParameterizedTest
    @EnumSource(
            value = DtypePolicy.class,
            names = {"FULL", "MIXED_FLOAT16"})
    void whatIsReadStaysTheSameWhileAnotherSeriesIsWritten(DtypePolicy precision) {
        int[][] source = {{3, 1, 4, 1, 5, 0, 0}, {2, 7, 1, 8, 2, 8, 1}};
        int[][] target = ids(2, LENGTH);
        float tolerance = precision == DtypePolicy.FULL ? 2e-5f : 2e-2f;
        try (Trainer trainer = trainer(new Translator(), precision);
                Predictor predictor = trainer.predictor(translations(LENGTH));
                Batch both = batch(Map.of("source", source, "target", target));
                Batch read = batch(Map.of("source", source));
                Predictor.Decoding decoding = predictor.decoding(LENGTH, read)) {
            FloatNdArray whole = predictor.predictAll(both).get("output");
            refused("2 series, as many as there are of input 'source', got 1", () -> decoding.next(1));
            int at = 0;
            for (int next : new int[] {1, 2, 19, 20, LENGTH}) {
                float[][] got = decoding.next(part(target, at, next));
                at = next;
                for (int i = 0; i < 2; i++) {
                    if (target[i][at - 1] != 0) {
                        assertArrayEquals(scores(whole, i, at - 1), got[i], tolerance, "series " + i + " to " + at);
                    }
                }
            }
            refused("[source], got []", () -> predictor.decoding(LENGTH));
            refused("[source], got [source, target]", () -> predictor.decoding(LENGTH, both));
            try (Batch shorter = batch(Map.of("source", part(source, 0, 5)))) {
                refused("Input 'source' takes int32 [-1, 7]", () -> predictor.decoding(LENGTH, shorter));
            }
        }
    }

    @Test
    void ofSeveralInputsTheOneThatIsWrittenIsNamed() {
        try (Trainer trainer = trainer(new Translator(), DtypePolicy.FULL)) {
            for (Serving wrong : List.of(
                    translations(LENGTH).decoding(), translations(LENGTH).decoding("targets"))) {
                String said = assertThrows(IllegalStateException.class, () -> trainer.predictor(wrong))
                        .getMessage();
                assertTrue(said.contains("name the one that is written"), said);
            }
            String said = assertThrows(
                            IllegalStateException.class,
                            () -> trainer.predictor(translations(LENGTH).decoding("source")))
                    .getMessage(); // What is read is read as a whole.
            assertTrue(said.contains("cannot be decoded step by step"), said);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DT_INT32", "DT_INT64", "DT_FLOAT"})
    void idsAreOfAnyTypeThatTheModelTakes(DataType type) {
        try (Trainer trainer = trainer(Sequential.of(new Embedding(WORDS, 4), new Dense(WORDS)), DtypePolicy.FULL);
                Predictor predictor = trainer.predictor(
                        Serving.of().input(Model.INPUT, type, Shape.of(2)).decoding());
                Predictor.Decoding decoding = predictor.decoding(70)) {
            float[] one = decoding.next(9);
            decoding.next(new int[66]);
            assertArrayEquals(one, decoding.next(8, 9), 1e-6f);
            assertFalse(Arrays.equals(one, decoding.next(8)));
        }
    }

    /** More than there is room for at first: 64 steps. */
    @Test
    void longSeriesGetMoreRoom() {
        Model model = Sequential.of(
                new Embedding(WORDS, 4).maskZero(true),
                new MultiHeadAttention(2, 3).useCausalMask(true),
                new Dense(WORDS));
        try (Trainer trainer = trainer(model, DtypePolicy.FULL);
                Predictor predictor = trainer.predictor(serving(200))) {
            assertDecoded(predictor, ids(2, 200), 2e-5f, true, 50, 15, 1, 100);
        }
    }

    @Test
    void predictorsThatDoNotDecodeSaySo() {
        try (Trainer trainer = trainer(small(), DtypePolicy.FULL)) {
            Serving whole = Serving.of().input(Model.INPUT, DataType.DT_INT32, Shape.of(8));
            try (Predictor predictor = trainer.predictor(whole)) {
                String said = assertThrows(IllegalStateException.class, () -> predictor.decoding(8))
                        .getMessage();
                assertTrue(said.contains("Serving.of().decoding()"), said);
            }
        }
        try (Trainer trainer = trainer(Sequential.of(new Dense(WORDS)), DtypePolicy.FULL)) {
            Serving floats = Serving.of().input(Shape.of(8, 3)).decoding();
            String said = assertThrows(IllegalStateException.class, () -> trainer.predictor(floats))
                    .getMessage();
            assertTrue(said.contains("ids [batch, steps]"), said);
        }
    }

    @Test
    @Tag("alone")
    void nothingIsLeftOfDecodings() {
        try (Trainer trainer = trainer(new Translator(), DtypePolicy.FULL);
                Predictor predictor = trainer.predictor(translations(LENGTH))) {
            int handles = trainer.session().liveHandles();
            long pointers = 0;
            for (int round = 0; round < 3; round++) {
                int[][] ids = ids(1 + round, LENGTH / 2);
                try (Batch read = batch(Map.of("source", part(ids, 0, SOURCE)));
                        Predictor.Decoding decoding = predictor.decoding(LENGTH, read)) {
                    decoding.next(ids);
                    ids[round][0] = WORDS;
                    assertThrows(OpException.class, () -> decoding.next(ids));
                }
                predictor.refresh(trainer);
                if (round == 0) { // What is made once is made.
                    pointers = Pointer.totalCount();
                }
            }
            assertEquals(pointers, Pointer.totalCount(), "pointers to native memory");
            assertEquals(handles, trainer.session().liveHandles(), "tensors of the session");
        }
    }

    /** A thread that writes until it is told to stop, by a close. */
    private static CompletableFuture<String> writing(Predictor.Decoding decoding, CountDownLatch begun) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                while (true) {
                    decoding.next(1);
                    begun.countDown();
                }
            } catch (IllegalStateException e) {
                return e.getMessage();
            }
        });
    }

    @Test
    void theEndOfAPredictorEndsItsDecodingsAndWaitsForTheirCalls() throws Exception {
        try (Trainer trainer = trainer(
                Sequential.of(new Embedding(WORDS, 4), new TransformerDecoder(4, 2, 4), new Dense(WORDS)),
                DtypePolicy.FULL)) {
            Predictor predictor = trainer.predictor(serving(8));
            Predictor.Decoding idle = predictor.decoding(8);
            CountDownLatch begun = new CountDownLatch(2);
            Predictor.Decoding one = predictor.decoding(1_000_000);
            Predictor.Decoding other = predictor.decoding(1_000_000);
            List<CompletableFuture<String>> writers = List.of(writing(one, begun), writing(other, begun));
            begun.await();
            predictor.close(Duration.ofSeconds(20));
            for (CompletableFuture<String> writer : writers) {
                assertEquals(
                        "This decoding is closed",
                        writer.get(20, TimeUnit.SECONDS).split(":")[0]);
            }
            assertThrows(IllegalStateException.class, () -> idle.next(1));
            idle.close();
            one.close();
            assertThrows(IllegalStateException.class, () -> predictor.decoding(8));
        }
    }

    /** Two threads write until one of them has met the other; either way each step that was taken counts once. */
    @Test
    void aDecodingIsOneThreadsAtATime() throws Exception {
        try (Trainer trainer = trainer(Sequential.of(new Embedding(WORDS, 4), new Dense(WORDS)), DtypePolicy.FULL);
                Predictor predictor = trainer.predictor(serving(8));
                Predictor.Decoding decoding = predictor.decoding(1_000_000)) {
            AtomicReference<String> met = new AtomicReference<>("");
            Supplier<Integer> write = () -> {
                int taken = 0;
                while (met.get().isEmpty()) {
                    try {
                        decoding.next(1);
                        taken++;
                    } catch (IllegalStateException e) {
                        met.set(e.getMessage());
                    }
                }
                return taken;
            };
            CompletableFuture<Integer> other = CompletableFuture.supplyAsync(write);
            int taken = write.get() + other.get(20, TimeUnit.SECONDS);
            assertTrue(met.get().contains("Another thread is inside"), met.get());
            assertEquals(taken, decoding.steps());
        }
    }
}
