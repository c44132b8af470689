package io.github.tapeloop.loss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.runtime.OpRecorder;
import io.github.tapeloop.runtime.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
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
        assertEquals((1 + 6) / 3.0, loss(new Itself().reduction(Reduction.MEAN_WITH_SAMPLE_WEIGHT), 1, 0, 2), 1e-6);
        assertEquals(7, loss(new Itself().reduction(Reduction.SUM), 1, 0, 2), 1e-6);
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
        assertEquals(0, loss(new Itself().reduction(Reduction.MEAN_WITH_SAMPLE_WEIGHT), 0, 0, 0));
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
        assertEquals(List.of("SoftmaxCrossEntropyWithLogits", "Mean"), ops(() -> CategoricalCrossentropy.fromLogits()
                .call(tf, same, logits)));
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
