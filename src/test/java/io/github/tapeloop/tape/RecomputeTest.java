package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

class RecomputeTest {

    private static final double[] X = {0.4, 1.6, -2.2};
    private static final long[] SHAPE = {3};
    private static final int WIDTH = 1_000;

    private TapeSession session;
    private Ops tf;

    @BeforeEach
    void open() {
        session = TapeSession.builder().threads(1, 1).seed(7).build();
        tf = session.tf();
    }

    @AfterEach
    void close() {
        session.close();
    }

    private static Operand<TFloat64> wave(Ops tf, Operand<TFloat64> x) {
        return tf.math.mul(tf.math.sin(x), tf.math.exp(tf.math.sin(x)));
    }

    private static Operand<TFloat64> derivative(Ops tf, Operand<TFloat64> x, int order, boolean recompute) {
        if (order == 0) {
            return recompute ? Recompute.call(tf, RecomputeTest::wave, x) : wave(tf, x);
        }
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            return tape.gradient(derivative(tf, x, order - 1, recompute), x).orElseThrow();
        }
    }

    @Test
    void valuesAndDerivativesOfAllOrdersAreThoseOfTheFunction() {
        for (int order = 0; order <= 3; order++) {
            int n = order;
            double[] plain = TwoWays.result(session, X, SHAPE, true, (ops, x) -> derivative(ops, x, n, false));
            double[] again = TwoWays.result(session, X, SHAPE, true, (ops, x) -> derivative(ops, x, n, true));
            assertArrayEquals(plain, again, 1e-12);
        }
    }

    @Test
    void aResultMadeOutsideKeepsItsGradient() {
        double[] slope = TwoWays.result(session, X, SHAPE, true, (ops, x) -> {
            try (GradientTape tape = GradientTape.open(ops)) {
                tape.watch(x);
                Operand<TFloat64> outside = ops.math.square(x);
                List<Operand<?>> y = Recompute.call(
                        ops,
                        (inner, given) -> List.of(inner.math.sin(TwoWays.typed(given.get(0))), outside),
                        List.of(x));
                return tape.gradient(ops.math.add(TwoWays.typed(y.get(0)), TwoWays.typed(y.get(1))), x)
                        .orElseThrow();
            }
        });
        for (int i = 0; i < X.length; i++) {
            assertEquals(Math.cos(X[i]) + 2 * X[i], slope[i], 1e-12);
        }
    }

    @Test
    void anInputGivenTwiceOrUsedBesidesCountsEachTime() {
        double[] slope = TwoWays.result(session, X, SHAPE, true, (ops, x) -> {
            try (GradientTape tape = GradientTape.open(ops)) {
                tape.watch(x);
                List<Operand<?>> y = Recompute.call(
                        ops,
                        (o, given) -> List.of(
                                o.math.mul(x, o.math.mul(TwoWays.typed(given.get(0)), TwoWays.typed(given.get(1))))),
                        List.of(x, x));
                return tape.gradient(y.get(0), x).orElseThrow();
            }
        });
        for (int i = 0; i < X.length; i++) {
            assertEquals(3 * X[i] * X[i], slope[i], 1e-12);
        }
    }

    @Test
    void whatItMakesIsFreedOnTheWayForwardAndOnTheWayBack() {
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(1.01), true);
        Operand<TFloat64> x = tf.fill(tf.constant(new int[] {WIDTH}), tf.constant(0.5));
        int[] live = new int[2];
        long[] bytes = new long[2];
        for (int kind = 0; kind < 2; kind++) {
            boolean recompute = kind == 1;
            int before = session.liveHandles();
            long bytesBefore = session.leakReport().liveBytes();
            try (TensorScope scope = session.scope();
                    GradientTape tape = GradientTape.open(tf)) {
                tape.watch(x);
                Operand<TFloat64> y = x;
                for (int block = 0; block < 10; block++) {
                    y = recompute ? Recompute.call(tf, (o, v) -> block(o, v, w), y) : block(tf, y, w);
                }
                int forward = session.liveHandles() - before;
                bytes[kind] = session.leakReport().liveBytes() - bytesBefore;
                Gradients gradients = tape.gradients(y, Parameters.of(w));
                live[kind] = session.liveHandles() - before;
                assertTrue(gradients.of(w).isPresent());
                if (recompute) {
                    assertTrue(forward <= 10 * 4, forward + " handles after the way forward");
                    assertTrue(live[1] < live[0] / 4, live[1] + " handles instead of " + live[0]);
                    assertTrue(bytes[0] >= 10 * 40 * WIDTH * 8, bytes[0] + " bytes without");
                    assertTrue(bytes[1] <= 10 * 3 * WIDTH * 8, bytes[1] + " bytes after the way forward");
                }
            }
            assertEquals(before, session.liveHandles());
        }
    }

    /** Twenty layers that keep two values each. */
    private static Operand<TFloat64> block(Ops tf, Operand<TFloat64> x, Variable<TFloat64> w) {
        Operand<TFloat64> y = x;
        for (int i = 0; i < 20; i++) {
            y = tf.math.tanh(tf.math.mul(y, w.read(tf)));
        }
        return y;
    }

    @Test
    void layersRepeatTheirRandomNumbersAndAddTheirLossesOnce() {
        List<float[]> plain = train(false, false);
        List<float[]> again = train(true, false);
        List<float[]> traced = train(true, true);
        for (int i = 0; i < plain.size(); i++) {
            assertArrayEquals(plain.get(i), again.get(i), "bit for bit, value " + i);
            assertArrayEquals(plain.get(i), traced.get(i), 1e-6f, "traced value " + i);
        }
    }

    /** Loss, gradients, and moving averages after one step. */
    private List<float[]> train(boolean recompute, boolean trace) {
        List<float[]> values = new ArrayList<>();
        try (TapeSession own = TapeSession.builder().threads(1, 1).seed(7).build();
                TensorScope scope = own.scope()) {
            Ops eager = own.tf();
            Sequential block = Sequential.of(
                    new Dense(8).kernel(w -> w.regularizer(Regularizer.l2(0.1f))),
                    new BatchNormalization(),
                    new Dropout(0.5f));
            Dense head = new Dense(1);
            Operand<TFloat32> x = eager.math.sin(eager.reshape(
                    eager.range(eager.constant(0f), eager.constant(32f), eager.constant(1f)),
                    eager.constant(new int[] {8, 4})));
            block.call(ForwardPass.inference(eager), x);
            head.call(ForwardPass.inference(eager), block.call(ForwardPass.inference(eager), x));
            List<Variable<?>> weights = new ArrayList<>();
            block.trainableVariables().forEach(weights::add);
            head.trainableVariables().forEach(weights::add);
            TracedFunction.Body step = (ops, given) -> {
                try (GradientTape tape = GradientTape.open(ops)) {
                    ForwardPass pass = ForwardPass.training(ops, 7, () -> ops.constant(3L));
                    Operand<TFloat32> input = typed(given.get(0));
                    Operand<TFloat32> h =
                            recompute ? pass.repeatable(block::call, input, Recompute::call) : block.call(pass, input);
                    Operand<TFloat32> y = new Dropout(0.5f).call(pass, head.call(pass, h));
                    Operand<TFloat32> flat = ops.reshape(y, ops.constant(new int[] {-1}));
                    Operand<TFloat32> loss = pass.totalLoss(ops.sum(ops.math.square(flat), ops.constant(0)));
                    Gradients gradients = tape.gradients(loss, Parameters.of(weights));
                    List<Operand<?>> results = new ArrayList<>(List.of(loss));
                    gradients
                            .variables()
                            .forEach(v -> results.add(gradients.of(v).orElseThrow()));
                    return results;
                }
            };
            List<? extends Operand<?>> results;
            if (trace) {
                results = TracedFunction.trace(own, "step", List.of(Spec.of(x)), step)
                        .call(List.of(x));
            } else {
                results = step.apply(eager, List.of(x));
            }
            results.forEach(result -> values.add(read(own, typed(result))));
            for (Variable<?> variable : block.variables()) {
                if (!variable.trainable()) {
                    values.add(read(own, typed(variable.read(eager))));
                }
            }
        }
        assertEquals(1 + 6 + 2, values.size());
        return values;
    }

    @SuppressWarnings("unchecked")
    private static Operand<TFloat32> typed(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    private static float[] read(TapeSession session, Operand<TFloat32> operand) {
        return session.read(operand, tensor -> {
            float[] all = new float[(int) tensor.size()];
            tensor.asRawTensor().data().asFloats().read(all);
            return all;
        });
    }
}
