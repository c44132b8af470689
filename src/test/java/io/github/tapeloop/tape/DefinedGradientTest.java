package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ResourceGatherNd;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TType;

/** Gradients that central differences of one op cannot check: of variables, of staircases, of random draws. */
class DefinedGradientTest {

    private static final double STEP = 1e-5;

    private static TapeSession session;

    private TensorScope scope;
    private Ops tf;

    @BeforeAll
    static void openSession() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void closeSession() {
        session.close();
    }

    @BeforeEach
    void openScope() {
        tf = session.tf();
        scope = session.scope();
    }

    @AfterEach
    void closeScope() {
        scope.close();
    }

    @Test
    void elementsGatheredTwiceFromAVariableGetTheSum() {
        try (Variable<TFloat64> table =
                        Variable.create(tf, "table", tf.constant(new double[][] {{1, 2}, {3, 4}, {5, 6}}), true);
                GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> taken = ResourceGatherNd.create(
                    tf.scope(), table.handle(tf), tf.constant(new int[][] {{2, 1}, {0, 0}, {2, 1}}), TFloat64.class);
            Operand<TFloat64> weighted = tf.math.mul(taken, tf.constant(new double[] {1, 10, 100}));
            Operand<TFloat64> gradient =
                    tape.gradients(weighted, Parameters.of(table)).of(table).orElseThrow();
            assertArrayEquals(new double[] {10, 0, 0, 0, 0, 101}, FiniteDifferences.values(session, gradient));
        }
    }

    /** 1 - exp(-x) has slope 1 at 0, the beginning of its domain, where there are no differences to compare with. */
    @Test
    void theExponentialDistributionHasItsDensityAtZero() {
        Operand<TFloat64> x = tf.constant(new double[] {0, 1});
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            assertGradient(tape, tf.math.igamma(tf.constant(1.0), x), x, 1, Math.exp(-1));
        }
    }

    @Test
    void whatIsAmongTheApproximateTopGetsItsGradient() {
        for (long axis = 0; axis < 2; axis++) {
            long reduced = axis;
            Operand<TFloat32> x = tf.constant(new float[][] {{1, 7, 3}, {6, 2, 5}});
            TracedFunction function =
                    TracedFunction.jitCompiled(session, "top" + axis, List.of(Spec.of(x)), (ops, in) -> {
                        try (GradientTape tape = GradientTape.open(ops)) {
                            tape.watch(in.get(0));
                            Operand<TFloat32> top = GradientRow.op(ops, "ApproxTopK")
                                    .in(in.get(0))
                                    .set(b -> b.setAttr("k", 1L).setAttr("reduction_dimension", reduced))
                                    .out(0);
                            return List.of(tape.gradient(ops.math.square(top), in.get(0))
                                    .orElseThrow());
                        }
                    });
            double[] expected = axis == 0 ? new double[] {0, 14, 0, 12, 0, 10} : new double[] {0, 14, 0, 12, 0, 0};
            assertArrayEquals(
                    expected,
                    FiniteDifferences.values(session, function.call(List.of(x)).get(0)));
        }
    }

    /** -6 to 6 in steps of 12/255: what lies outside has no gradient, or gives it to the end of the range. */
    @ParameterizedTest
    @ValueSource(strings = {"Args", "Vars", "VarsPerChannel"})
    void fakeQuantisationPassesGradientsStraightThroughInsideTheRange(String kind) {
        Operand<TFloat32> x = tf.constant(new float[][] {{-7, -1}, {2, 9}});
        boolean perChannel = kind.endsWith("PerChannel");
        Operand<TFloat32> min = perChannel ? tf.constant(new float[] {-6, -6}) : tf.constant(-6f);
        Operand<TFloat32> max = perChannel ? tf.constant(new float[] {6, 6}) : tf.constant(6f);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            List.of(x, min, max).forEach(tape::watch);
            GradientRow.Op op = GradientRow.op(tf, "FakeQuantWithMinMax" + kind).in(x);
            if (!kind.equals("Args")) {
                op.in(min, max);
            }
            Operand<TFloat32> y = op.out(0);
            Operand<TFloat32> weighted = tf.math.mul(y, tf.constant(new float[][] {{1, 2}, {3, 4}}));
            assertGradient(tape, weighted, x, 0, 2, 3, 0);
            if (!kind.equals("Args")) {
                assertGradient(tape, weighted, min, perChannel ? new double[] {1, 0} : new double[] {1});
                assertGradient(tape, weighted, max, perChannel ? new double[] {0, 4} : new double[] {4});
            }
        }
    }

    @Test
    void quantisationWithTheRangeAsAttributePassesGradientsStraightThrough() {
        Operand<TFloat64> x = tf.constant(new double[] {-0.5, 0.2, 0.7});
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = GradientRow.op(tf, "QuantizeAndDequantizeV2")
                    .in(x, tf.constant(-1.0), tf.constant(1.0))
                    .out(0);
            assertGradient(tape, tf.math.mul(y, tf.constant(new double[] {1, 2, 3})), x, 1, 2, 3);
        }
    }

    private static void assertGradient(
            GradientTape tape, Operand<?> target, Operand<? extends TType> x, double... expected) {
        assertArrayEquals(
                expected,
                FiniteDifferences.values(session, tape.gradient(target, x).orElseThrow()));
    }

    private interface Distribution {
        /** The distribution function at a draw, for values of one parameter. */
        Operand<TFloat64> at(Operand<TFloat64> draw, Operand<TFloat64> parameter);
    }

    /** A draw moves so that its quantile stays: dx/dθ = -(dF/dθ) / (dF/dx), here by differences of F. */
    private void assertQuantilesStay(
            GradientTape tape, Operand<TFloat64> draws, Operand<TFloat64> parameter, Distribution distribution) {
        double[] computed = FiniteDifferences.values(
                session, tape.gradient(draws, parameter).orElseThrow());
        Operand<TFloat64> toParameter = tf.math.sub(
                distribution.at(draws, moved(parameter, STEP)), distribution.at(draws, moved(parameter, -STEP)));
        Operand<TFloat64> toDraw = tf.math.sub(
                distribution.at(moved(draws, STEP), parameter), distribution.at(moved(draws, -STEP), parameter));
        double[] each = FiniteDifferences.values(session, tf.math.neg(tf.math.div(toParameter, toDraw)));
        double[] expected = new double[computed.length];
        for (int i = 0; i < each.length; i++) {
            expected[i % expected.length] += each[i];
        }
        FiniteDifferences.assertClose(expected, computed, 1e-4, "gradient of draws");
    }

    private Operand<TFloat64> moved(Operand<TFloat64> x, double by) {
        return tf.math.add(x, tf.constant(by));
    }

    @ParameterizedTest
    @ValueSource(strings = {"RandomGamma", "StatelessRandomGammaV2", "StatelessRandomGammaV3"})
    void gammaDrawsMoveWithTheirShape(String type) {
        Operand<TFloat64> alpha = tf.constant(new double[] {0.7, 2.5});
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(alpha);
            GradientRow.Op op = GradientRow.op(tf, type);
            switch (type) {
                case "RandomGamma" -> op.in(tf.constant(new int[] {5}), alpha).set(b -> b.setAttr("seed", 7L));
                case "StatelessRandomGammaV2" ->
                    op.in(tf.constant(new int[] {5, 2}), tf.constant(new long[] {3, 4}), alpha);
                default -> op.in(tf.constant(new int[] {5, 2}), unsigned(3), unsigned(4, 5), tf.constant(1), alpha);
            }
            assertQuantilesStay(tape, op.out(0), alpha, (z, a) -> tf.math.igamma(tf.broadcastTo(a, tf.shape(z)), z));
        }
    }

    private Operand<?> unsigned(long... values) {
        return GradientRow.op(tf, "Cast")
                .in(tf.constant(values))
                .set(b -> b.setAttr("DstT", DataType.DT_UINT64))
                .out(0);
    }

    @ParameterizedTest
    @CsvSource({"0.3, 1.4, -0.8, 2.1", "0.3, 1.4, 2.5, 4", "0.3, 1.4, 1.2, Infinity", "0.3, 1.4, -Infinity, 0.1"})
    void truncatedNormalDrawsMoveWithTheirParameters(double mean, double deviation, double min, double max) {
        List<Operand<TFloat64>> parameters =
                List.of(tf.constant(mean), tf.constant(deviation), tf.constant(min), tf.constant(max));
        try (GradientTape tape = GradientTape.persistent(tf)) {
            parameters.forEach(tape::watch);
            Operand<TFloat64> draws = GradientRow.op(tf, "StatelessParameterizedTruncatedNormal")
                    .in(tf.constant(new int[] {6}), tf.constant(new long[] {3, 4}))
                    .in(parameters)
                    .out(0);
            for (int i = 0; i < 4; i++) {
                int which = i;
                assertQuantilesStay(tape, draws, parameters.get(i), (x, parameter) -> {
                    List<Operand<TFloat64>> all = new ArrayList<>(parameters);
                    all.set(which, parameter);
                    Operand<TFloat64> low = normal(all.get(2), all);
                    return tf.math.div(tf.math.sub(normal(x, all), low), tf.math.sub(normal(all.get(3), all), low));
                });
            }
        }
    }

    private Operand<TFloat64> normal(Operand<TFloat64> x, List<Operand<TFloat64>> parameters) {
        Operand<TFloat64> standard = tf.math.div(tf.math.sub(x, parameters.get(0)), parameters.get(1));
        return tf.math.erf(tf.math.mul(standard, tf.constant(Math.sqrt(0.5))));
    }
}
