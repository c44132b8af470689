package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.numbers;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** How the kernels of an attention start, what it makes of queries that may attend to nothing, and in half precision. */
class AttentionTest {

    private static final Shape SERIES = Shape.of(2, 3, 4);

    private static Map<String, double[]> started(UnaryOperator<WeightSpec> change) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(4).build()) {
            Ops tf = session.tf();
            MultiHeadAttention layer = new MultiHeadAttention(8, 64).kernel(change);
            layer.call(ForwardPass.inference(tf), tf.zeros(tf.constant(new int[] {1, 2, 512}), TFloat32.class));
            Map<String, double[]> kernels = new LinkedHashMap<>();
            for (Variable<?> weight : layer.variables()) {
                if (weight.name().endsWith("kernel")) {
                    kernels.put(weight.name(), weight.toDoubles());
                }
            }
            return kernels;
        }
    }

    @Test
    void kernelsStartWithTheFansOfMatrices() {
        started(w -> w).forEach((name, kernel) -> {
            double limit = Math.sqrt(6 / (512.0 + 512)); // .0765
            double most = Arrays.stream(kernel).map(Math::abs).max().orElseThrow();
            assertTrue(most <= limit && most > 0.99 * limit, name + ": " + most);
        });
        started(w -> w.initializer(Initializer.heNormal())).forEach((name, kernel) -> {
            double variance = Arrays.stream(kernel).map(x -> x * x).average().orElseThrow();
            assertEquals(2 / 512.0, variance, 0.02 * 2 / 512.0, name);
        });
    }

    @Test
    void otherInitializersTakeTheShapeAsItIs() {
        double[] normal =
                started(w -> w.initializer(Initializer.randomNormal(0, 0.5))).get("multi_head_attention/query/kernel");
        assertEquals(0.25, Arrays.stream(normal).map(x -> x * x).average().orElseThrow(), 0.005);
    }

    /** The output of a layer and the gradients of its weights, where the second query may attend to nothing. */
    private static Map<String, double[]> blind(Class<? extends TNumber> type) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(4).build();
                GradientTape tape = GradientTape.persistent(session.tf())) {
            Ops tf = session.tf();
            MultiHeadAttention layer = new MultiHeadAttention(2, 3)
                    .kernel(w -> w.initializer(AttentionTest::spread))
                    .bias(w -> w.initializer(AttentionTest::spread));
            Operand<TFloat32> x = constant(tf, SERIES, numbers(SERIES.size()), type);
            boolean[][][] allowed = {{{true, true, false}, {false, false, false}, {false, true, true}}};
            Operand<TFloat32> y =
                    layer.call(ForwardPass.inference(tf), x, x, x, tf.constant(StdArrays.ndCopyOf(allowed)));
            Operand<TFloat32> blind = tf.math.square(tf.gather(y, tf.constant(1), tf.constant(1)));
            Gradients gradients =
                    tape.gradients(tf.sum(blind, tf.constant(new int[] {0, 1})), layer.trainableVariables());
            Map<String, double[]> results = new LinkedHashMap<>();
            results.put("y", values(session, y));
            results.put("loss", values(session, blind));
            for (Variable<?> weight : layer.variables()) {
                results.put(weight.name(), values(session, gradients.of(weight).orElseThrow()));
            }
            return results;
        }
    }

    private static Operand<TFloat32> spread(Ops tf, Shape shape, Class<TFloat32> type, Operand<TInt64> seed) {
        return constant(tf, shape, numbers(shape.size()), type);
    }

    @Test
    void aQueryThatMayAttendToNothingAttendsToAllAlikeInAnyType() {
        Map<String, double[]> single = blind(TFloat32.class);
        Map<String, double[]> exact = blind(TFloat64.class);
        single.forEach((name, found) -> {
            assertArrayEquals(exact.get(name), found, 1e-4, name);
            if (name.contains("query/") || name.contains("key/")) {
                assertArrayEquals(new double[found.length], found, name + " has no part in it");
            }
        });
        assertTrue(
                Arrays.stream(single.get("multi_head_attention/value/kernel")).anyMatch(slope -> slope != 0));
    }

    @Test
    void scoresOfHalfPrecisionAreComputedInFloat32() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(4).build()) {
            Ops tf = session.tf();
            MultiHeadAttention layer = new MultiHeadAttention(1, 2)
                    .useBias(false)
                    .kernel(w -> w.initializer((ops, shape, type, seed) -> ops.math.mul(
                            ops.reshape(ops.constant(new float[] {1, 0, 0, 1}), ops.constant(shape.asArray())),
                            ops.constant(1f))));
            // Scores of about 1,400, of which half precision has every eighth at best, and two that differ by 1 / √2.
            Operand<TFloat32> x = tf.constant(new float[][][] {{{2000, 0}, {1, 1}, {1, 2}}});
            double[] full = session.doubles(layer.call(ForwardPass.inference(tf), x));
            for (DtypePolicy precision : List.of(DtypePolicy.MIXED_FLOAT16, DtypePolicy.MIXED_BFLOAT16)) {
                double[] mixed =
                        session.doubles(ForwardPass.inference(tf).in(precision).call(layer, x));
                assertArrayEquals(full, mixed, 0.01 * 2000, precision.name());
                assertEquals(full[1], mixed[1], 0.02, precision.name());
            }
        }
    }
}
