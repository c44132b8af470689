package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ResourceGatherNd;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** Gradients that central differences of one op cannot check: of variables, of staircases, of random draws. */
class DefinedGradientTest {

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
}
