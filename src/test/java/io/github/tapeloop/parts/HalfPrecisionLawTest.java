package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** Predictions in half precision give what they give in float32: an epsilon of 1e-7 is none in their own type. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HalfPrecisionLawTest {

    private static final List<Class<? extends TNumber>> HALVES = List.of(TFloat16.class, TBfloat16.class);

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

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

    @SuppressWarnings("unchecked") // Half precision flows through TFloat32 signatures.
    private Operand<TFloat32> in(Class<? extends TNumber> type, Operand<?> x) {
        return (Operand<TFloat32>) (Operand<?>) tf.dtypes.cast(x, type);
    }

    @SuppressWarnings("unchecked") // All targets are numbers.
    private static Operand<? extends TNumber> numbers(Operand<?> target) {
        return (Operand<? extends TNumber>) target;
    }

    @ParameterizedTest
    @MethodSource("losses")
    void aLossOfHalfPrecisionIsComputedInFull(PartSamples.Case<PerSampleLoss> loss) {
        for (Class<? extends TNumber> type : HALVES) {
            try (TensorScope scope = session.scope()) {
                List<Operand<?>> samples = loss.samples().operands(tf, new PartRun(false, false));
                Operand<? extends TNumber> target = numbers(samples.get(0));
                Operand<TFloat32> half = in(type, samples.get(1));
                Operand<TFloat32> full = in(TFloat32.class, half);
                Operand<TFloat32> weights = tf.constant(new float[] {1, 0, 2, 3});
                for (Loss each : List.of(
                        loss.make().get(),
                        loss.make().get().masked(tf.constant(new boolean[] {true, false, true, true})))) {
                    Operand<TFloat32> computed = each.call(tf, target, half);
                    assertEquals(TFloat32.class, computed.type());
                    assertEquals(session.scalar(each.call(tf, target, full)), session.scalar(computed));
                    assertEquals(
                            session.scalar(each.call(tf, target, full, weights)),
                            session.scalar(each.call(tf, target, half, weights)));
                }
                try (GradientTape tape = GradientTape.open(tf)) {
                    tape.watch(half);
                    Operand<TFloat32> value = loss.make().get().call(tf, target, half);
                    double[] slopes = FiniteDifferences.values(
                            session, tape.gradient(value, half).orElseThrow());
                    assertTrue(
                            Arrays.stream(slopes).noneMatch(Double::isNaN), // A percentage of nothing is out of range.
                            type.getSimpleName());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("metrics")
    void aMetricOfHalfPrecisionIsMeasuredInFull(PartSamples.Case<Metric> metric) {
        for (Class<? extends TNumber> type : HALVES) {
            try (TensorScope scope = session.scope()) {
                List<Operand<?>> samples = metric.samples().operands(tf, new PartRun(false, false));
                Operand<TFloat32> half = in(type, samples.get(1));
                Operand<TFloat32> weights = tf.constant(new float[] {1, 0, 2, 3});
                double[][] results = new double[2][];
                for (int i = 0; i < 2; i++) {
                    Metric made = metric.make().get();
                    Operand<TFloat32> x = i == 0 ? half : in(TFloat32.class, half);
                    made.update(tf, numbers(samples.get(0)), x);
                    made.update(tf, numbers(samples.get(0)), x, weights);
                    results[i] = made.results();
                }
                assertArrayEquals(results[1], results[0], type.getSimpleName());
            }
        }
    }

    @Test
    void aSureProbabilityIsKeptOffOne() {
        for (Class<? extends TNumber> type : HALVES) {
            Operand<TFloat32> p = in(type, tf.constant(new float[][] {{1}}));
            Loss loss = BinaryCrossentropy.fromProbabilities();
            assertEquals(15.942385, session.scalar(loss.call(tf, tf.constant(new float[][] {{0}}), p)), 1e-4);
            assertEquals(0, session.scalar(loss.call(tf, tf.constant(new float[][] {{1}}), p)), 1e-6);
        }
    }
}
