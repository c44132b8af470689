package io.github.tapeloop.loss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** Weights, masks and reductions where the table of parts has no row; and what a loss costs without them. */
class WeightedLossTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Operand<TFloat32> prediction = tf.constant(new float[][] {{1}, {2}, {3}});
    private final Operand<TFloat32> target = tf.constant(new float[][] {{0}, {0}, {0}});

    @AfterEach
    void close() {
        session.close();
    }

    /** The prediction itself, weighted by a loss of the user's. */
    private static final class Itself extends PerSampleLoss {
        @Override
        public Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            return tf.squeeze(prediction);
        }
    }

    private double loss(PerSampleLoss loss, float... weights) {
        return session.scalar(loss.call(tf, target, prediction, tf.constant(weights)));
    }

    @Test
    void aLossOfTheUserIsWeightedAndMasked() {
        assertEquals(2, session.scalar(new Itself().call(tf, target, prediction)), 1e-6);
        assertEquals((1 + 6) / 3.0, loss(new Itself(), 1, 0, 2), 1e-6);
        assertEquals(
                (1 + 6) / 3.0, loss(new Itself().reduction(Loss.Reduction.MEAN_WITH_SAMPLE_WEIGHT), 1, 0, 2), 1e-6);
        assertEquals(7, loss(new Itself().reduction(Loss.Reduction.SUM), 1, 0, 2), 1e-6);
        Loss masked = new Itself().masked(tf.constant(new boolean[] {true, false, true}));
        assertEquals(2, session.scalar(masked.call(tf, target, prediction)), 1e-6);
        assertEquals("itself", masked.name());
    }

    @Test
    void weightsMayHaveDimensionsOfOneBehind() {
        Operand<TFloat32> column = tf.constant(new float[][] {{1}, {0}, {2}});
        assertEquals(loss(new Itself(), 1, 0, 2), session.scalar(new Itself().call(tf, target, prediction, column)));
    }

    @Test
    void nothingThatCountsGivesZero() {
        Loss loss = new Itself().masked(tf.constant(new float[] {0, 0, 0}));
        assertEquals(0, session.scalar(loss.call(tf, target, prediction)));
        assertEquals(0, loss(new Itself().reduction(Loss.Reduction.MEAN_WITH_SAMPLE_WEIGHT), 0, 0, 0));
        Loss ignoring = SparseCategoricalCrossentropy.fromLogits().ignoreClass(-1);
        assertEquals(0, session.scalar(ignoring.call(tf, tf.constant(new int[] {-1}), tf.constant(new float[1][3]))));
    }

    @Test
    void whereFormulasHaveNoSlopeGradientsAreZero() {
        float[][] zero = new float[2][3];
        float[][] sure = {{0, 1, 0}, {1, 0, 0}};
        assertGradientIsZero(new CosineSimilarity(), tf.constant(zero), sure);
        assertGradientIsZero(new Circle(), tf.constant(new int[] {0, 0}), zero);
        assertGradientIsZero(new CategoricalGeneralizedCrossEntropy(), tf.constant(new int[] {0, 1}), sure);
        assertGradientIsZero(BinaryCrossentropy.fromProbabilities(), tf.constant(sure), sure);
        assertGradientIsZero(BinaryFocalCrossentropy.fromProbabilities(), tf.constant(sure), sure);
        assertGradientIsZero(CategoricalFocalCrossentropy.fromProbabilities(), tf.constant(sure), sure);
        assertGradientIsZero(new KlDivergence(), tf.constant(zero), zero);
    }

    @Test
    void theCosineOfNothingHasAFiniteGradient() {
        Operand<TFloat32> x = tf.constant(new float[1][2]);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat32> loss = new CosineSimilarity().call(tf, tf.constant(new float[][] {{3, 4}}), x);
            Operand<TFloat32> gradient = tape.gradient(loss, x).orElseThrow();
            assertArrayEquals(new double[] {-0.6e7, -0.8e7}, FiniteDifferences.values(session, gradient), 10);
        }
    }

    /** A last layer that starts as zeros gives them all. */
    @Test
    void theSlopeAtALogitOfZeroIsThatAroundIt() {
        Operand<TFloat32> wanted = tf.constant(new float[][] {{0, 1, 0.25f}, {0, 1, 0.25f}});
        double[] expected = DoubleStream.of(0.5, -0.5, 0.25, 0.5, -0.5, 0.25) // sigmoid(0) - y
                .map(slope -> slope / 6)
                .toArray();
        assertGradient(BinaryCrossentropy.fromLogits(), wanted, new float[2][3], expected);
    }

    /** The slope of a power below 1 is infinite at 0. */
    @Test
    void aFocusBelowOneHasAFiniteSlopeWhereThePredictionIsSure() {
        float[][] sure = {{0, 1, 0}, {1, 0, 0}};
        float[][] far = {{-1e4f, 1e4f, -1e4f}, {1e4f, -1e4f, -1e4f}};
        for (double gamma : new double[] {0, 0.5}) {
            assertGradientIsZero(BinaryFocalCrossentropy.fromProbabilities().gamma(gamma), tf.constant(sure), sure);
            assertGradientIsZero(BinaryFocalCrossentropy.fromLogits().gamma(gamma), tf.constant(sure), far);
        }
    }

    /** L = (1 - p)^γ · -log p of the logit x of what is right: its value and its slope, in closed form. */
    @ParameterizedTest
    @ValueSource(doubles = {4, 0, -4, -12, -15, -17, -30, -80})
    void theMostWrongLogitsHaveTheSlopeOfTheFormula(double logit) {
        for (double gamma : new double[] {0, 0.5, 2, 5}) {
            double p = 1 / (1 + Math.exp(-logit));
            double wrong = 1 / (1 + Math.exp(logit)); // 1 - p
            double cross = Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(-logit, 0);
            double value = Math.pow(wrong, gamma) * cross;
            double slope = -Math.pow(wrong, gamma) * (gamma * p * cross + wrong);
            String what = "γ " + gamma + " at " + logit;
            assertValueAndSlope(
                    BinaryFocalCrossentropy.fromLogits().gamma(gamma),
                    new float[][] {{1}},
                    new float[][] {{(float) logit}},
                    what,
                    value,
                    slope);
            assertValueAndSlope(
                    BinaryFocalCrossentropy.fromLogits().gamma(gamma),
                    new float[][] {{0}},
                    new float[][] {{(float) -logit}},
                    what,
                    value,
                    -slope);
            assertValueAndSlope(
                    CategoricalFocalCrossentropy.fromLogits().alpha(1).gamma(gamma),
                    new float[][] {{1, 0}},
                    new float[][] {{(float) logit, 0}},
                    what,
                    value,
                    slope,
                    -slope);
        }
    }

    private void assertValueAndSlope(
            Loss loss, float[][] wanted, float[][] at, String what, double value, double... slope) {
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat32> x = tf.constant(at);
            tape.watch(x);
            Operand<TFloat32> computed = loss.call(tf, tf.constant(wanted), x);
            assertEquals(value, session.scalar(computed), 1e-5 * Math.max(1, value), what);
            double[] gradient =
                    FiniteDifferences.values(session, tape.gradient(computed, x).orElseThrow());
            assertArrayEquals(slope, gradient, 1e-5, what);
        }
    }

    @Test
    void aMaskedClassIsNoneOfTheFocalLoss() {
        float masked = Float.NEGATIVE_INFINITY;
        double value = 0.25 * Math.pow(1 / (1 + Math.E), 2) * Math.log1p(Math.exp(-1));
        double slope = -0.25
                * Math.pow(1 / (1 + Math.E), 2)
                * (2 / (1 + Math.exp(-1)) * Math.log1p(Math.exp(-1)) + 1 / (1 + Math.E));
        assertValueAndSlope(
                CategoricalFocalCrossentropy.fromLogits(),
                new float[][] {{1, 0, 0}},
                new float[][] {{2, 1, masked}},
                "masked class",
                value,
                slope,
                -slope,
                0);
        assertValueAndSlope(
                BinaryFocalCrossentropy.fromLogits(),
                new float[][] {{0}},
                new float[][] {{masked}},
                "masked label",
                0,
                0);
    }

    private void assertGradientIsZero(Loss loss, Operand<? extends TNumber> wanted, float[][] at) {
        assertGradient(loss, wanted, at, new double[6]);
    }

    private void assertGradient(Loss loss, Operand<? extends TNumber> wanted, float[][] at, double[] expected) {
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat32> x = tf.constant(at);
            tape.watch(x);
            Operand<TFloat32> gradient =
                    tape.gradient(loss.call(tf, wanted, x), x).orElseThrow();
            assertArrayEquals(expected, FiniteDifferences.values(session, gradient), 1e-6, loss.name());
        }
    }

    @Test
    void logitsOfAnySizeGiveFiniteLosses() {
        Operand<TFloat32> far = tf.constant(new float[][] {{1e4f, -1e4f}});
        Operand<TFloat32> right = tf.constant(new float[][] {{1, 0}});
        Operand<TFloat32> wrong = tf.constant(new float[][] {{0, 1}});
        assertEquals(0, session.scalar(BinaryCrossentropy.fromLogits().call(tf, right, far)));
        assertEquals(1e4, session.scalar(BinaryCrossentropy.fromLogits().call(tf, wrong, far)));
        assertEquals(2e4, session.scalar(CategoricalCrossentropy.fromLogits().call(tf, wrong, far)));
        assertEquals(1e4 - Math.log(2), session.scalar(new LogCosh().call(tf, tf.zerosLike(far), far)), 1e-2);
    }

    /** Of infinity less infinity nothing is left that is a number, so no formula may come to it by the way. */
    @ParameterizedTest
    @ValueSource(floats = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 3e38f, -3e38f})
    void anErrorThatIsInfiniteOrNearlySoHasALossThatIsAndASlope(float far) {
        for (Loss loss : List.of(new MeanSquaredError(), new MeanAbsoluteError(), new Huber(), new LogCosh())) {
            try (GradientTape tape = GradientTape.open(tf)) {
                Operand<TFloat32> x = tf.constant(new float[][] {{far}});
                tape.watch(x);
                Operand<TFloat32> value = loss.call(tf, tf.constant(new float[][] {{0}}), x);
                double slope = FiniteDifferences.values(
                        session, tape.gradient(value, x).orElseThrow())[0];
                boolean squares = loss instanceof MeanSquaredError;
                assertEquals(squares ? Float.POSITIVE_INFINITY : Math.abs(far), session.scalar(value), loss.name());
                if (squares) {
                    assertEquals(Math.signum(far), Math.signum(slope), loss.name());
                } else {
                    assertEquals(Math.signum(far), slope, loss.name());
                }
            }
        }
    }

    @Test
    void theSecondSlopeOfLogCoshIsOneWhereThereIsNoError() {
        try (GradientTape outer = GradientTape.open(tf);
                GradientTape inner = GradientTape.open(tf)) {
            Operand<TFloat32> x = tf.constant(new float[][] {{0}});
            outer.watch(x);
            inner.watch(x);
            Operand<TFloat32> value = new LogCosh().call(tf, tf.constant(new float[][] {{0}}), x);
            Operand<TFloat32> slope = inner.gradient(value, x).orElseThrow();
            assertEquals(0, FiniteDifferences.values(session, slope)[0]);
            assertEquals(
                    1,
                    FiniteDifferences.values(session, outer.gradient(slope, x).orElseThrow())[0],
                    1e-6);
        }
    }

    @Test
    void namesAreThoseOfClassesInSnakeCase() {
        assertEquals("mean_squared_error", new MeanSquaredError().name());
        assertEquals(
                "sparse_categorical_crossentropy",
                SparseCategoricalCrossentropy.fromLogits().name());
        assertEquals("kl_divergence", new KlDivergence().name());
        assertEquals("huber_loss", new Huber().name());
        assertEquals("ctc", new Ctc().name());
        Loss lambda = (ops, wanted, given) -> given;
        assertEquals("loss", lambda.name());
    }

    @Test
    void withoutWeightsTheUsualLossesTakeAsFewOpsAsCanBe() {
        Operand<TFloat32> logits = tf.constant(new float[2][3]);
        Operand<TFloat32> same = tf.constant(new float[2][3]);
        Operand<? extends TNumber> labels = tf.constant(new int[] {0, 1});
        assertEquals(
                List.of("SparseSoftmaxCrossEntropyWithLogits", "Mean"),
                ops(() -> SparseCategoricalCrossentropy.fromLogits().call(tf, labels, logits)));
        assertEquals(
                List.of("LogSoftmax", "MulNoNan", "Const", "Sum", "Neg", "Mean"),
                ops(() -> CategoricalCrossentropy.fromLogits().call(tf, same, logits)),
                "TensorFlow's own op has no answer to a masked class");
        assertEquals(
                List.of("Sub", "Square", "Reshape", "Mean"), ops(() -> new MeanSquaredError().call(tf, same, logits)));
    }

    private List<String> ops(Runnable body) {
        List<String> types = new ArrayList<>();
        OpRecorder recorder = op -> types.add(op.type());
        RecordingEnvironment environment = RecordingEnvironment.of(tf);
        environment.startRecording(recorder);
        body.run();
        environment.stopRecording(recorder);
        return types;
    }
}
