package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.BinaryFocalCrossentropy;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.CategoricalFocalCrossentropy;
import io.github.tapeloop.loss.CosineSimilarity;
import io.github.tapeloop.loss.Ctc;
import io.github.tapeloop.loss.Dice;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.loss.Tversky;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.parts.PartSamples.Sample;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * What does not count is left out, never multiplied by 0: whatever stands there, all losses and metrics give what they give
 * without it, and no gradient comes back from it.
 */
class LeftOutLawTest {

    /** What may stand where nothing counts, as predictions and as targets. */
    private static final List<Double> ANYTHING =
            List.of(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -3.5, 1e30);

    private static final List<PartRun> RUNS = List.of(
            new PartRun(false, false), new PartRun(false, true), new PartRun(true, false), new PartRun(true, true));

    static Stream<Arguments> losses() {
        return PartSamples.losses().flatMap(loss -> RUNS.stream().map(run -> Arguments.of(loss, run)));
    }

    static Stream<Arguments> metrics() {
        return PartSamples.metrics().flatMap(metric -> RUNS.stream().map(run -> Arguments.of(metric, run)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("losses")
    void whateverALossLeavesOutChangesNothing(PartSamples.Case<PerSampleLoss> loss, PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            List<double[]> expected;
            try (PartRun.Prepared results = lossAndGradients(run, session, loss)) {
                expected = results.run(loss.samples().operands(session.tf(), run));
                for (double what : ANYTHING) {
                    Sample changed = loss.samples().with(1, what, loss.targetsToo());
                    List<double[]> given = results.run(changed.operands(session.tf(), run));
                    for (int i = 0; i < expected.size(); i++) {
                        assertArrayEquals(expected.get(i), given.get(i), what + " left out, result " + i);
                    }
                }
            }
            for (double[] numbers : expected) {
                assertTrue(Arrays.stream(numbers).allMatch(Double::isFinite), () -> Arrays.toString(numbers));
            }
            int size = loss.samples().predictionsOfOne();
            double[] slopes = expected.get(1);
            assertArrayEquals(
                    new double[size], Arrays.copyOfRange(slopes, size, 2 * size), "slopes of what is left out");
        }
    }

    /** With weights and with a mask: the loss, and its gradient, and where there is one the gradient of a gradient. */
    private static PartRun.Prepared lossAndGradients(
            PartRun run, TapeSession session, PartSamples.Case<PerSampleLoss> loss) {
        return run.prepare(session, loss.samples().operands(session.tf(), run), (tf, in) -> {
            @SuppressWarnings("unchecked") // As the samples are.
            Operand<TFloat32> x = (Operand<TFloat32>) in.get(1);
            List<Operand<?>> results = new ArrayList<>();
            try (GradientTape outer = GradientTape.open(tf)) {
                outer.watch(x);
                Operand<TFloat32> slopes;
                try (GradientTape inner = GradientTape.open(tf)) {
                    inner.watch(x);
                    Operand<TFloat32> value = weighted(tf, loss.make().get(), numbers(in.get(0)), x);
                    results.add(value);
                    slopes = inner.gradient(value, x).orElseThrow();
                    results.add(slopes);
                }
                if (!(loss.make().get() instanceof Ctc)) {
                    Operand<TFloat32> some =
                            tf.sum(tf.reshape(tf.math.square(slopes), tf.constant(new int[] {-1})), tf.constant(0));
                    outer.gradient(some, x).ifPresent(results::add);
                }
            }
            Loss masked = loss.make().get().masked(tf.constant(new boolean[] {true, false, true, true}));
            results.add(masked.call(tf, numbers(in.get(0)), x));
            results.add(masked.call(tf, numbers(in.get(0)), x, tf.constant(new float[] {1, Float.NaN, 2, 3})));
            return results;
        });
    }

    private static Operand<TFloat32> weighted(
            Ops tf, Loss loss, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return loss.call(tf, target, prediction, tf.constant(new float[] {1, 0, 2, 3}));
    }

    @SuppressWarnings("unchecked") // All targets are numbers.
    private static Operand<? extends TNumber> numbers(Operand<?> target) {
        return (Operand<? extends TNumber>) target;
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("losses")
    void aLossIsThatOfWhatIsLeft(PartSamples.Case<PerSampleLoss> loss, PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            double[] expected = sumOf(run, session, loss, loss.samples().without(1), 1, 2, 3);
            double[] given = sumOf(run, session, loss, loss.samples(), 1, 0, 2, 3);
            PartRun.assertClose(expected, given, run.float64() ? 1e-12 : 1e-5, "sum");
        }
    }

    private static double[] sumOf(
            PartRun run, TapeSession session, PartSamples.Case<PerSampleLoss> loss, Sample samples, float... weights) {
        try (PartRun.Prepared sum = weightedSum(run, session, loss, samples, weights)) {
            return sum.run(samples.operands(session.tf(), run)).get(0);
        }
    }

    private static PartRun.Prepared weightedSum(
            PartRun run, TapeSession session, PartSamples.Case<PerSampleLoss> loss, Sample like, float[] weights) {
        return run.prepare(session, like.operands(session.tf(), run), (tf, in) -> {
            @SuppressWarnings("unchecked") // As the samples are.
            Operand<TFloat32> x = (Operand<TFloat32>) in.get(1);
            return List.of(loss.make()
                    .get()
                    .reduction(Loss.Reduction.SUM)
                    .call(tf, numbers(in.get(0)), x, tf.constant(weights)));
        });
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("metrics")
    void whateverAMetricLeavesOutChangesNothing(PartSamples.Case<Metric> metric, PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            double[] expected;
            try (Measure measure = new Measure(run, session, metric, metric.samples(), 1, 0, 2, 3)) {
                expected = measure.of(metric.samples());
                for (double what : ANYTHING) {
                    Sample changed = metric.samples().with(1, what, metric.targetsToo());
                    assertArrayEquals(expected, measure.of(changed), what + " left out");
                }
            }
            assertTrue(Arrays.stream(expected).allMatch(Double::isFinite), () -> Arrays.toString(expected));
            Sample left = metric.samples().without(1);
            try (Measure measure = new Measure(run, session, metric, left, 1, 2, 3)) {
                PartRun.assertClose(expected, measure.of(left), 1e-6, "what is left");
            }
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("metrics")
    void aPredictionThatIsNotANumberMakesAMetricNotANumber(PartSamples.Case<Metric> metric, PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope();
                Measure weighted = new Measure(run, session, metric, metric.samples(), 1, 1, 2, 3);
                Measure plain = new Measure(run, session, metric, metric.samples())) {
            for (int sample = 0; sample < 4; sample++) {
                Sample changed = metric.samples().with(sample, Double.NaN, false);
                double[] results = weighted.of(changed);
                assertTrue(Arrays.stream(results).anyMatch(Double::isNaN), "weighted: " + Arrays.toString(results));
                results = plain.of(changed);
                assertTrue(Arrays.stream(results).anyMatch(Double::isNaN), Arrays.toString(results));
            }
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("losses")
    void aPredictionThatIsNotANumberMakesALossNotANumber(PartSamples.Case<PerSampleLoss> loss, PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope();
                PartRun.Prepared sum = weightedSum(run, session, loss, loss.samples(), new float[] {1, 1, 2, 3})) {
            for (int sample = 0; sample < 4; sample++) {
                Sample changed = loss.samples().with(sample, Double.NaN, false);
                double found = sum.run(changed.operands(session.tf(), run)).get(0)[0];
                assertTrue(Double.isNaN(found), "sample " + sample + ": " + found);
            }
        }
    }

    /** What a metric gives for samples, each time from its beginning, with the same weights of the samples. */
    private static final class Measure implements AutoCloseable {

        private final PartRun run;
        private final TapeSession session;
        private final Metric metric;
        private final PartRun.Prepared update;

        Measure(PartRun run, TapeSession session, PartSamples.Case<Metric> part, Sample like, float... weights) {
            this.run = run;
            this.session = session;
            this.metric = part.make().get();
            this.update = run.prepare(session, like.operands(session.tf(), run), (tf, in) -> {
                @SuppressWarnings("unchecked") // As the samples are.
                Operand<TFloat32> x = (Operand<TFloat32>) in.get(1);
                if (weights.length == 0) {
                    metric.update(tf, numbers(in.get(0)), x);
                } else {
                    metric.update(tf, numbers(in.get(0)), x, tf.constant(weights));
                }
                return List.of(tf.constant(0f));
            });
        }

        double[] of(Sample samples) {
            update.run(samples.operands(session.tf(), run));
            double[] results = metric.results();
            metric.reset();
            return results;
        }

        @Override
        public void close() {
            update.close();
        }
    }

    /** Values along other than the leading dimensions of the predictions [2, 3, 4]. */
    static Stream<Arguments> otherAxes() {
        return Stream.of(
                axes(() -> BinaryCrossentropy.fromLogits().axis(1), 1),
                axes(() -> BinaryFocalCrossentropy.fromLogits().axis(-2), 1),
                axes(() -> CategoricalCrossentropy.fromLogits().axis(1), 1),
                axes(() -> CategoricalFocalCrossentropy.fromLogits().axis(1), 1),
                axes(() -> new CosineSimilarity().axis(1), 1),
                axes(() -> new Dice().axis(1), 1),
                axes(() -> new Tversky().axis(1), 1),
                axes(OverSteps::new, 1));
    }

    private static Arguments axes(Supplier<PerSampleLoss> loss, int axis) {
        return Arguments.of(loss.get().name(), loss, axis);
    }

    /** A user's loss of logarithms that has a value for each column, the sum over its steps. */
    private static final class OverSteps extends PerSampleLoss {
        @Override
        public Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            return tf.math.neg(tf.sum(tf.math.log(prediction), tf.constant(1)));
        }

        @Override
        protected int[] reducedAxes(Operand<TFloat32> prediction) {
            return new int[] {1};
        }
    }

    @ParameterizedTest(name = "{0} {2}")
    @MethodSource("otherAxes")
    void whatDoesNotCountIsFoundAlongTheAxisOfALoss(String name, Supplier<PerSampleLoss> loss, int axis) {
        double[] at = new double[24];
        Arrays.setAll(at, i -> (1 + i % 7) / 10.0);
        double[] wanted = new double[24];
        Arrays.setAll(wanted, i -> i % 5 == 0 ? 1 : 0);
        double[] junk = at.clone();
        for (int step = 0; step < 3; step++) {
            junk[4 * step + 2] = Double.NaN; // Column 2 of the first sample.
        }
        boolean[][] mask = {{true, true, false, true}, {true, true, true, true}};
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            double[][] gradients = new double[2][];
            double[] values = new double[2];
            for (int i = 0; i < 2; i++) {
                try (GradientTape tape = GradientTape.open(tf)) {
                    Operand<TFloat32> x =
                            FiniteDifferences.constant(tf, Shape.of(2, 3, 4), i == 0 ? at : junk, TFloat32.class);
                    tape.watch(x);
                    Operand<TFloat32> target =
                            FiniteDifferences.constant(tf, Shape.of(2, 3, 4), wanted, TFloat32.class);
                    Operand<TFloat32> value =
                            loss.get().masked(tf.constant(mask)).call(tf, target, x);
                    values[i] = session.scalar(value);
                    gradients[i] = FiniteDifferences.values(
                            session, tape.gradient(value, x).orElseThrow());
                }
            }
            assertEquals(values[0], values[1]);
            assertArrayEquals(gradients[0], gradients[1]);
            assertTrue(Double.isFinite(values[0]) && gradients[0][0] != 0, name);
        }
    }

    /** A user's loss without guards: its formula never sees what does not count. */
    @Test
    void aLossOfTheUsersIsKeptFromWhatDoesNotCount() {
        PerSampleLoss logarithm = new PerSampleLoss() {
            @Override
            public Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
                return tf.math.neg(tf.math.log(prediction));
            }
        };
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                GradientTape tape = GradientTape.open(session.tf())) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.constant(new float[] {1, 0, -1, Float.NaN});
            tape.watch(x);
            Operand<TFloat32> loss = logarithm
                    .masked(tf.constant(new boolean[] {true, false, false, false}))
                    .call(tf, x, x);
            assertEquals(0, session.scalar(loss));
            assertArrayEquals(
                    new double[] {-1, 0, 0, 0},
                    FiniteDifferences.values(session, tape.gradient(loss, x).orElseThrow()));
            Metric metric = Metric.of("logarithm", logarithm);
            metric.update(tf, x, x, tf.constant(new float[] {2, 0, 0, 0}));
            assertEquals(0, metric.result());
        }
    }
}
