package io.github.tapeloop;

import static io.github.tapeloop.WrittenSeries.LENGTH;
import static io.github.tapeloop.WrittenSeries.WORDS;
import static io.github.tapeloop.WrittenSeries.assertDecoded;
import static io.github.tapeloop.WrittenSeries.builder;
import static io.github.tapeloop.WrittenSeries.ids;
import static io.github.tapeloop.WrittenSeries.serving;
import static io.github.tapeloop.WrittenSeries.trainer;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerKind;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiHeadAttention;
import io.github.tapeloop.layer.PositionEmbedding;
import io.github.tapeloop.layer.RotaryEmbedding;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.SinePositionEncoding;
import io.github.tapeloop.layer.TransformerDecoder;
import io.github.tapeloop.layer.TransformerEncoder;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.math.Mean;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** Series that a predictor writes step by step, against the same series predicted as a whole. */
class DecodingTest {

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
}
