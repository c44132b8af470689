package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerKind;
import io.github.tapeloop.layer.MultiHeadAttention;
import io.github.tapeloop.loss.CosineSimilarity;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.metric.MeanCosineSimilarity;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.RootMeanSquaredError;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleFunction;
import java.util.stream.DoubleStream;
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
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * Numbers near the ends of float32, whose squares are beyond them: a loss, metric or layer gives what it gives in float64, or, where
 * something on the way has no number, one that is not finite. Never a number that is wrong.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RangeLawTest {

    private static final double[] SIZES = {1e-30, 1e-20, 1e-10, 0.9, 1e10, 1e20, 1e30};

    /** 1 - 1e-7 is a fifth off in float32, and so is the logarithm of what is left to 1. */
    private static final double DIGITS = 0.2;

    /** What sums of products of numbers this small may lose. */
    private static final double LEAST = 1e-24;

    /** Layers that draw other numbers in another type. */
    private static final Set<String> RANDOM = Set.of(
            "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D", "SpatialDropout2D");

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

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

    static Stream<PartSamples.Case<PerSampleLoss>> losses() {
        return PartSamples.losses();
    }

    static Stream<PartSamples.Case<Metric>> metrics() {
        return PartSamples.metrics();
    }

    static Stream<LayerKind> layers() {
        return LayerKind.all()
                .filter(kind -> !kind.takesIds()
                        && !RANDOM.contains(kind.make().get().getClass().getSimpleName()));
    }

    /** Each float32 number near that of float64, or not finite. */
    private static void assertNotWrong(double[] exact, double[] single, double rounding, String what) {
        double largest = largest(exact);
        for (int i = 0; i < exact.length; i++) {
            boolean near = Math.abs(exact[i] - single[i])
                    <= Math.max(DIGITS * Math.abs(exact[i]), 1e-5 * largest + rounding + LEAST);
            assertTrue(near || !Double.isFinite(single[i]), what + " [" + i + "]: " + exact[i] + ", got " + single[i]);
        }
    }

    private static double largest(double... numbers) {
        return DoubleStream.of(numbers)
                .map(Math::abs)
                .filter(x -> x <= Float.MAX_VALUE)
                .max()
                .orElse(0);
    }

    /** Predictions of a size, and targets where these may be any numbers. */
    private static PartSamples.Sample sized(PartSamples.Sample sample, Loss.Scale target, double size) {
        boolean any = target == Loss.Scale.NUMBERS && !sample.whole();
        return new PartSamples.Sample(
                Arrays.stream(sample.targets())
                        .map(x -> any ? float32(x * size) : x)
                        .toArray(),
                sample.target(),
                sample.whole(),
                Arrays.stream(sample.predictions()).map(x -> float32(x * size)).toArray(),
                sample.prediction());
    }

    private static double float32(double x) {
        return (float) x;
    }

    private static boolean isOut(Loss.Scale predictions, double size) {
        return size > 1 && (predictions == Loss.Scale.PROBABILITIES || predictions == Loss.Scale.CLASS_PROBABILITIES);
    }

    @SuppressWarnings("unchecked") // All targets are numbers.
    private static Operand<? extends TNumber> numbers(Operand<?> target) {
        return (Operand<? extends TNumber>) target;
    }

    @SuppressWarnings("unchecked") // float64 flows through TFloat32 signatures.
    private static Operand<TFloat32> floats(Operand<?> prediction) {
        return (Operand<TFloat32>) prediction;
    }

    private double[] valueAndSlope(PartSamples.Case<PerSampleLoss> loss, PartSamples.Sample sample, boolean float64) {
        List<Operand<?>> in = sample.operands(tf, new PartRun(false, float64));
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat32> x = floats(in.get(1));
            tape.watch(x);
            Operand<TFloat32> value = loss.make().get().call(tf, numbers(in.get(0)), x);
            return DoubleStream.concat(
                            DoubleStream.of(session.scalar(value)),
                            DoubleStream.of(FiniteDifferences.values(
                                    session, tape.gradient(value, x).orElseThrow())))
                    .toArray();
        }
    }

    @ParameterizedTest
    @MethodSource("losses")
    void aLossIsAsInFloat64OrNotFinite(PartSamples.Case<PerSampleLoss> loss) {
        for (double size : SIZES) {
            PerSampleLoss made = loss.make().get();
            if (!isOut(made.predictionScale(), size)) {
                PartSamples.Sample sample = sized(loss.samples(), made.targetScale(), size);
                double[] exact = valueAndSlope(loss, sample, true);
                double[] single = valueAndSlope(loss, sample, false);
                assertNotWrong(Arrays.copyOf(exact, 1), Arrays.copyOf(single, 1), 0, loss + " of " + size);
                assertNotWrong(
                        Arrays.copyOfRange(exact, 1, exact.length),
                        Arrays.copyOfRange(single, 1, single.length),
                        0,
                        "slope of " + loss + " of " + size);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("metrics")
    void aMetricIsAsInFloat64OrNotFinite(PartSamples.Case<Metric> metric) {
        for (double size : SIZES) {
            Metric made = metric.make().get();
            if (!isOut(made.predictionScale(), size) && !(made.predictionScale() == Loss.Scale.CLASS_NUMBERS)) {
                double[][] results = new double[2][];
                for (int i = 0; i < 2; i++) {
                    List<Operand<?>> in =
                            sized(metric.samples(), made.targetScale(), size).operands(tf, new PartRun(false, i == 0));
                    Metric each = metric.make().get();
                    each.update(tf, numbers(in.get(0)), floats(in.get(1)));
                    results[i] = each.results();
                }
                assertNotWrong(results[0], results[1], 0, metric + " of " + size);
            }
        }
    }

    /** Outputs and slopes of a second call, for what a first one does to moving averages. */
    private double[][] second(LayerKind kind, Layer layer, boolean training, Operand<TFloat32> x) {
        double[][] results = new double[2][];
        for (int i = 0; i < 2; i++) {
            try (GradientTape tape = GradientTape.open(tf)) {
                tape.watch(x);
                ForwardPass pass = training ? ForwardPass.training(tf) : ForwardPass.inference(tf);
                Operand<TFloat32> y = LayerKind.call(layer, pass, x);
                double[] weights = new double[(int) Tensors.shape(y).size()];
                Arrays.setAll(weights, k -> Math.cos(5 * k));
                Operand<TFloat32> weighted =
                        tf.math.mul(y, FiniteDifferences.constant(tf, Tensors.shape(y), weights, y.type()));
                Operand<TFloat32> sum = tf.sum(tf.reshape(weighted, tf.constant(new int[] {-1})), tf.constant(0));
                results[0] = FiniteDifferences.values(session, y);
                results[1] = FiniteDifferences.values(session, tape.gradientOrZeros(sum, x));
            }
        }
        return results;
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // The same variables in two types.
    private void copy(Layer from, Layer to) {
        Iterator<Variable<?>> values = from.variables().iterator();
        for (Variable variable : to.variables()) {
            Operand value = values.next().read(tf);
            variable.assign(tf, tf.dtypes.cast(value, variable.type()));
        }
    }

    @ParameterizedTest
    @MethodSource("layers")
    void aLayerIsAsInFloat64OrNotFinite(LayerKind kind) {
        Shape shape = kind.small().prepend(3);
        for (boolean training : new boolean[] {false, true}) {
            for (double size : SIZES) {
                double[] x = new double[(int) shape.size()];
                Arrays.setAll(x, i -> float32(size * Math.sin(3 * i + 1)));
                Operand<TFloat32> narrow = new PartRun(false, false).constant(tf, shape, x);
                Operand<TFloat32> wide = new PartRun(false, true).constant(tf, shape, x);
                Layer single = kind.make().get();
                Layer exact = kind.make().get();
                LayerKind.call(single, ForwardPass.inference(tf), narrow);
                LayerKind.call(exact, ForwardPass.inference(tf), wide);
                copy(single, exact);
                double[][] got = second(kind, single, training, narrow);
                double[][] right = second(kind, exact, training, wide);
                assertNotWrong(right[0], got[0], 0, kind + " of " + size);
                if (!attends(single) || size <= 1) { // Later slopes are differences of large numbers.
                    assertNotWrong(
                            right[1], got[1], 1e-6 * largest(right[0]) / size, "slope of " + kind + " of " + size);
                }
            }
        }
    }

    private static boolean attends(Layer layer) {
        return layer instanceof MultiHeadAttention
                || layer.layers().values().stream().anyMatch(RangeLawTest::attends);
    }

    @Test
    void aCosineIsThatOfVectorsOfAnyLengthAboveItsFloor() {
        double[] t = {3, -4, 0, 12};
        double[] p = {4, -3, 1, 10};
        double cosine = 144 / (13 * Math.sqrt(126));
        for (double size : new double[] {1e-37, 1e-30, 1e-12, 1e-7, 1, 1e12, 1e30, 1e37}) {
            for (double other : new double[] {1e-37, 1e-12, 1, 1e37}) {
                double shorter = Math.min(1, 13 * size / 1e-7) * Math.min(1, Math.sqrt(126) * other / 1e-7);
                Operand<TFloat32> target = row(size, t);
                Operand<TFloat32> prediction = row(other, p);
                double loss = session.scalar(new CosineSimilarity().call(tf, target, prediction));
                assertEquals(-cosine * shorter, loss, 1e-6, size + " and " + other);
                Metric metric = new MeanCosineSimilarity();
                metric.update(tf, target, prediction);
                assertEquals(cosine * shorter, metric.result(), 1e-6, size + " and " + other);
            }
        }
    }

    private Operand<TFloat32> row(double size, double... direction) {
        return new PartRun(false, false)
                .constant(
                        tf,
                        Shape.of(1, 4),
                        Arrays.stream(direction).map(x -> x * size).toArray());
    }

    @Test
    void aCosineHasTheSlopeOfOneOverTheLengthAndThatOfItsFloorBelow() {
        DoubleFunction<double[]> slope = size -> {
            Operand<TFloat32> x = row(size, 4, -3, 1, 10);
            try (GradientTape tape = GradientTape.open(tf)) {
                tape.watch(x);
                Operand<TFloat32> loss = new CosineSimilarity().call(tf, row(1, 3, -4, 0, 12), x);
                return FiniteDifferences.values(session, tape.gradient(loss, x).orElseThrow());
            }
        };
        double[] one = slope.apply(1);
        for (double size : new double[] {1e-5, 1e10, 1e25, 1e30}) {
            double[] slopes =
                    Arrays.stream(slope.apply(size)).map(x -> x * size).toArray();
            assertArrayEquals(one, slopes, 1e-6, "of " + size);
        }
        double[] below = Arrays.stream(new double[] {3, -4, 0, 12})
                .map(x -> -x / (13 * 1e-7))
                .toArray();
        for (double size : new double[] {0, 1e-30, 1e-9}) {
            assertArrayEquals(below, slope.apply(size), 1, "of " + size);
        }
    }

    @Test
    void aRootOfSquaresIsThatOfErrorsOfAnySize() {
        for (double size : new double[] {1e-37, 1e-25, 1, 1e25, 1e37}) {
            Metric metric = new RootMeanSquaredError();
            metric.update(tf, row(0, 1, 1, 1, 1), row(size, 3, -4, 0, 12));
            assertEquals(6.5 * size, metric.result(), 1e-6 * size);
        }
    }

    @Test
    void aBatchNormalizationOfWhatOutgrowsItsTypeIsHeardOfInTheStepAfter() {
        for (boolean scale : new boolean[] {false, true}) {
            BatchNormalization layer = new BatchNormalization().scale(scale);
            Operand<TFloat32> x = tf.constant(new float[][] {{1e25f, 1}, {-2e25f, 2}, {3e25f, 4}});
            layer.call(ForwardPass.training(tf), x);
            double[] y = FiniteDifferences.values(session, layer.call(ForwardPass.training(tf), x));
            for (int i = 0; i < y.length; i++) {
                assertEquals(i % 2 == 0, Double.isNaN(y[i]), Arrays.toString(y));
            }
            assertTrue(Double.isNaN(FiniteDifferences.values(session, layer.call(ForwardPass.inference(tf), x))[0]));
        }
    }
}
