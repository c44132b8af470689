package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/** What each layer does with inputs that few think of: whole numbers and text, large ones in half precision, and none. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayerInputsTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    static Stream<LayerKind> kinds() {
        return LayerKind.all();
    }

    @BeforeEach
    void open() {
        test = session.scope();
    }

    @AfterEach
    void end() {
        test.close();
    }

    @AfterAll
    void close() {
        session.close();
    }

    private Operand<TFloat32> ones(Shape shape) {
        return tf.fill(tf.constant(shape.asArray()), tf.constant(1f));
    }

    /** Numbers from 16 to 24, which half precision holds exactly. */
    private Operand<TFloat32> aboutTwenty(Shape shape) {
        float[] numbers = new float[(int) shape.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = 16 + (i * 7 + i / 9) % 9;
        }
        return tf.reshape(tf.constant(numbers), tf.constant(shape.asArray()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void fourThousandNumbersComeThroughHalfPrecision(LayerKind kind) {
        Layer layer = kind.make().get();
        boolean ids = kind.takesIds();
        Operand<TFloat32> floats = aboutTwenty(kind.large().prepend(1));
        Operand<TFloat32> x = ids ? ForwardPass.input(tf.dtypes.cast(floats, TInt32.class)) : floats;
        double[] full = values(session, LayerKind.call(layer, ForwardPass.inference(tf), x));
        double largest = Arrays.stream(full).map(Math::abs).max().orElseThrow();
        for (DtypePolicy precision : List.of(DtypePolicy.MIXED_FLOAT16, DtypePolicy.MIXED_BFLOAT16)) {
            ForwardPass pass = ForwardPass.inference(tf).in(precision);
            Operand<TFloat32> y = LayerKind.call(layer, pass, precision.compute(pass.tf(), x));
            double[] half = values(session, DtypePolicy.full(tf, y));
            // Without oneDNN products of matrices are added up in bfloat16: √4000 roundings of 2^-9 are about a tenth.
            double tolerance = (precision == DtypePolicy.MIXED_FLOAT16 ? 0.005 : 0.1) * largest;
            assertArrayEquals(full, half, tolerance, () -> precision + " of " + layer);
        }
    }

    @Test
    void meansOfManyHalvesAreMeansInEachSizeAndKind() {
        Map<Layer, Shape> means = new LinkedHashMap<>();
        means.put(new GlobalAveragePool2D(), Shape.of(1, 300, 300, 1));
        means.put(new GlobalAveragePool1D(), Shape.of(1, 90_000, 1));
        means.put(new AveragePool2D(300), Shape.of(1, 300, 300, 1));
        means.put(new AveragePool1D(90_000), Shape.of(1, 90_000, 1));
        for (DtypePolicy precision : DtypePolicy.values()) {
            means.forEach((layer, shape) -> {
                Operand<TFloat32> x = tf.fill(tf.constant(shape.asArray()), tf.constant(0.5f));
                Operand<TFloat32> y = layer.call(ForwardPass.inference(tf).in(precision), precision.compute(tf, x));
                assertArrayEquals(
                        new double[] {0.5}, values(session, DtypePolicy.full(tf, y)), 1e-6, precision + " " + layer);
            });
        }
    }

    @Test
    void theGradientOfAMeanOfManyHalvesIsNotLost() {
        DtypePolicy precision = DtypePolicy.MIXED_FLOAT16;
        Operand<TFloat32> x = tf.fill(tf.array(1, 300, 300, 1), tf.constant(0.5f));
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            ForwardPass pass = ForwardPass.training(tf).in(precision);
            Operand<TFloat32> mean = pass.call(new GlobalAveragePool2D(), x);
            Operand<TFloat32> loss = tf.math.mul(Dimensions.total(tf, mean), tf.constant(32_768f)); // Scaled.
            double[] gradient = values(session, tape.gradient(loss, x).orElseThrow());
            double[] exact = new double[90_000];
            Arrays.fill(exact, 32_768.0 / 90_000);
            assertArrayEquals(exact, gradient, 1e-3);
        }
    }

    @Test
    void theMeanOfLargeHalvesIsOne() {
        Operand<TFloat32> x = DtypePolicy.MIXED_FLOAT16.compute(tf, tf.constant(new float[] {60_000, 30_000}));
        Operand<TFloat32> y = new Average().call(ForwardPass.inference(tf).in(DtypePolicy.MIXED_FLOAT16), x, x);
        assertArrayEquals(new double[] {60_000, 30_000}, values(session, DtypePolicy.full(tf, y)), 20);
    }

    @Test
    void maskedStepsAreLeftOutOfAMeanInHalfPrecision() {
        DtypePolicy precision = DtypePolicy.MIXED_FLOAT16;
        ForwardPass pass = ForwardPass.inference(tf).in(precision);
        Operand<TFloat32> x = precision.compute(tf, aboutTwenty(Shape.of(1, 8192, 1)));
        boolean[][] mask = new boolean[1][8192];
        Arrays.fill(mask[0], 0, 4096, true);
        pass.setMask(x, tf.constant(mask));
        Operand<TFloat32> y = new GlobalAveragePool1D().call(pass, x);
        assertArrayEquals(new double[] {20}, values(session, DtypePolicy.full(tf, y)), 0.02);
    }

    /** The batch of none, in a pass that trains: what comes out, and what the weights would be moved by. */
    private List<Operand<?>> trainOnNone(Ops ops, Layer layer, Operand<TFloat32> x, List<String> names) {
        names.clear();
        try (GradientTape tape = GradientTape.persistent(ops)) {
            ForwardPass pass = ForwardPass.training(ops);
            Operand<TFloat32> y = LayerKind.call(layer, pass, x);
            Operand<TFloat32> total = pass.totalLoss(Dimensions.total(ops, y));
            List<Operand<?>> results = new ArrayList<>(List.of(y, total));
            for (Variable<?> weight : layer.trainableVariables()) {
                Optional<? extends Operand<?>> gradient =
                        tape.gradients(total, layer.trainableVariables()).of(weight);
                gradient.filter(found -> !(found instanceof IndexedSlices<?>)).ifPresent(found -> {
                    results.add(found);
                    names.add(weight.name());
                });
            }
            return results;
        }
    }

    /** Leaves memory behind that an op may be given which does not write to it. */
    private void litter() {
        for (int i = 0; i < 4; i++) {
            float[] junk = new float[1 << (6 + 3 * i)];
            Arrays.fill(junk, 1e30f);
            session.free(tf.constant(junk));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void aBatchOfNoneMovesNothing(LayerKind kind) {
        Layer layer = kind.make().get();
        Operand<TFloat32> two = ones(kind.small().prepend(2));
        LayerKind.call(layer, ForwardPass.training(tf), two);
        Shape rest = Tensors.shape(LayerKind.call(layer, ForwardPass.inference(tf), two))
                .tail();
        Map<Variable<?>, double[]> before = new LinkedHashMap<>();
        layer.variables().forEach(weight -> before.put(weight, values(session, weight.read(tf))));
        Operand<TFloat32> none = ones(kind.small().prepend(0));
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            litter();
            require(layer, "eager", rest, trainOnNone(tf, layer, none, names), names);
        }
        for (long rows : new long[] {0, Shape.UNKNOWN_SIZE}) {
            Spec spec = new Spec(Tensors.dataType(none), kind.small().prepend(rows));
            try (TracedFunction function = TracedFunction.trace(
                    session,
                    "none",
                    List.of(spec),
                    (ops, in) -> trainOnNone(ops, layer, ForwardPass.input(in.get(0)), names))) {
                litter();
                require(layer, "traced with " + rows, rest, function.call(List.of(none)), names);
            } catch (OpException e) {
                // Where the trace does not know the size of the batch, oneDNN's own refusal has to do.
                assertTrue(rows == Shape.UNKNOWN_SIZE && e.getMessage().contains("[0,"), e.getMessage());
            }
        }
        before.forEach((weight, value) -> assertArrayEquals(value, values(session, weight.read(tf)), weight.name()));
    }

    private void require(Layer layer, String mode, Shape rest, List<? extends Operand<?>> results, List<String> names) {
        Shape y = Tensors.shape(results.get(0));
        assertTrue(mode.endsWith("-1") ? y.get(0) == 0 : y.equals(rest.prepend(0)), () -> mode + ": " + y);
        assertEquals(0, session.scalar(ForwardPass.input(results.get(1))), mode);
        for (int i = 0; i < names.size(); i++) {
            double[] gradient = values(session, ForwardPass.input(results.get(2 + i)));
            assertArrayEquals(new double[gradient.length], gradient, mode + ": " + names.get(i));
        }
        assertEquals(
                layer.trainableVariables().size() - (layer instanceof Embedding ? 1 : 0),
                names.size(),
                "gradients, " + mode);
    }

    private Operand<? extends TType> ofType(Class<? extends TType> type, Shape shape) {
        Operand<TFloat32> ones = ones(shape);
        if (type == TString.class) {
            return tf.fill(tf.constant(shape.asArray()), tf.constant("one"));
        }
        return tf.dtypes.cast(ones, (Class<? extends TType>) type);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void aTypeThatALayerDoesNotTakeIsRefusedWithAdvice(LayerKind kind) {
        Shape shape = kind.small().prepend(2);
        for (Class<? extends TType> type : List.of(TInt32.class, TUint8.class, TBool.class, TString.class)) {
            Operand<? extends TType> x = ofType(type, shape);
            Layer eager = kind.make().get();
            Layer traced = kind.make().get();
            if (eager.inputType().takes(Tensors.dataType(x))) {
                if (eager.inputType() == InputType.NUMBERS) {
                    LayerKind.call(eager, ForwardPass.training(tf), ForwardPass.input(x));
                }
                continue;
            }
            String advice = type == TString.class ? "turn text into numbers" : "cast it to float32";
            List<String> words =
                    List.of("Layer '" + eager.path() + "' (" + eager.getClass().getSimpleName() + ") takes "
                            + eager.inputType() + ", got " + Tensors.describe(x) + ": " + advice);
            IllegalArgumentException first = assertThrows(
                    IllegalArgumentException.class,
                    () -> LayerKind.call(eager, ForwardPass.inference(tf), ForwardPass.input(x)));
            IllegalArgumentException second = assertThrows(IllegalArgumentException.class, () -> TracedFunction.trace(
                            session,
                            "typed",
                            List.of(Spec.of(x)),
                            (ops, in) -> List.of(
                                    LayerKind.call(traced, ForwardPass.training(ops), ForwardPass.input(in.get(0)))))
                    .close());
            words.forEach(word -> assertTrue(first.getMessage().contains(word), first.getMessage()));
            words.forEach(word -> assertTrue(second.getMessage().contains(word), second.getMessage()));
            assertEquals(0, eager.variables().size());
        }
    }

    @Test
    void denseTellsWhatToDoAboutWholeNumbers() {
        Model model = Sequential.of(new Dense(2));
        String message = assertThrows(IllegalArgumentException.class, () -> ForwardPass.inference(tf)
                        .call(model, tf.constant(new int[][] {{1, 2, 3}})))
                .getMessage();
        assertTrue(
                message.startsWith("Layer 'sequential/dense' (Dense) takes floating point input, got int32 [1, 3]: cast"
                        + " it to float32"),
                message);
        assertTrue(message.endsWith("if these are ids, put an Embedding before"), message);
    }

    @Test
    void aModelThatBeginsWithAnEmbeddingIsCalledWithIds() {
        Model model = Sequential.of(new Embedding(9, 4), new GlobalAveragePool1D(), new Dense(2));
        for (DtypePolicy precision : DtypePolicy.values()) {
            Operand<TFloat32> y =
                    ForwardPass.inference(tf).in(precision).call(model, tf.constant(new int[][] {{1, 2, 3}}));
            assertEquals(Shape.of(1, 2), Tensors.shape(y));
        }
    }

    @Test
    void rawNumbersOfAnyTypeAreRescaledAndNormalizedAsFloats() {
        Operand<TUint8> bytes = tf.dtypes.cast(tf.constant(new int[][] {{0, 51, 255}}), TUint8.class);
        Model model = Sequential.of(
                new Rescaling(1 / 255.0), new Normalization().statistics(new double[3], new double[] {1, 1, 1}));
        for (DtypePolicy precision : DtypePolicy.values()) {
            double[] y = values(session, ForwardPass.inference(tf).in(precision).call(model, bytes));
            assertArrayEquals(new double[] {0, 0.2, 1}, y, precision == DtypePolicy.FULL ? 1e-7 : 2e-3);
        }
        assertEquals(
                TFloat32.class,
                new Rescaling(2)
                        .call(ForwardPass.inference(tf), ForwardPass.input(bytes))
                        .type());
    }

    @Test
    void aLayerOfAUserWithoutACheckStillLearnsThatWeightsAreFloats() {
        Layer scale = new Layer() {
            @Override
            public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
                Shape shape = Shape.of(Tensors.shape(x).get(-1));
                return pass.tf()
                        .math
                        .mul(
                                x,
                                weight(pass, "factor", shape, x.type(), Initializer.ones())
                                        .read(pass.tf()));
            }
        };
        Operand<TFloat32> ids = ForwardPass.input(tf.constant(new int[][] {{1, 2}}));
        String message = assertThrows(IllegalArgumentException.class, () -> scale.call(ForwardPass.inference(tf), ids))
                .getMessage();
        assertTrue(message.contains("asks for its factor as TInt32") && message.contains("pass.tf(this, x)"), message);
    }

    @Test
    void aMaskThatLeavesNothingLeavesTheMovingAveragesAsTheyAre() {
        BatchNormalization layer = new BatchNormalization().momentum(0.5);
        Operand<TFloat32> x = tf.constant(new float[][][] {{{4, 8}, {6, 2}}});
        layer.call(ForwardPass.training(tf), x);
        List<double[]> before = new ArrayList<>();
        layer.variables().forEach(weight -> before.add(values(session, weight.read(tf))));
        ForwardPass pass = ForwardPass.training(tf);
        pass.setMask(x, tf.constant(new boolean[][] {{false, false}}));
        layer.call(pass, x);
        int[] i = {0};
        layer.variables().forEach(weight -> assertArrayEquals(before.get(i[0]++), values(session, weight.read(tf))));
    }
}
