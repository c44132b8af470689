package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.numbers;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
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
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** What stands at masked steps is left out, not multiplied by 0: of values and of gradients. */
class MaskedNumbersTest {

    private static final boolean[][] MASK = {{true, false, true, true, false}, {false, true, false, false, false}};
    private static final Shape SERIES = Shape.of(2, 5, 4);

    /** @param heeds whether finite numbers at masked steps make no difference either */
    private record Row(Supplier<? extends Layer> layer, boolean heeds) {
        @Override
        public String toString() {
            return layer.get().getClass().getSimpleName();
        }
    }

    private static List<Row> rows() {
        return List.of(
                new Row(() -> new SimpleRnn(3).returnSequences(true), true),
                new Row(() -> new Gru(3), true),
                new Row(() -> new Lstm(3).goBackwards(true), true),
                new Row(() -> new Lstm(3).dropout(0.3).recurrentDropout(0.3).returnSequences(true), true),
                new Row(() -> new Bidirectional(() -> new Gru(2).returnSequences(true)), true),
                new Row(() -> new MultiHeadAttention(2, 3), true),
                new Row(() -> new MultiHeadAttention(2, 3).useCausalMask(true), true),
                new Row(() -> new BatchNormalization(), true),
                new Row(() -> new GlobalAveragePool1D(), true),
                new Row(() -> new Dense(3, Activations.TANH), true),
                new Row(() -> new PReLU(), true),
                new Row(() -> new LayerNormalization(), true),
                new Row(() -> new RmsNormalization(), true),
                new Row(() -> new GroupNormalization(2), false),
                new Row(() -> new TimeDistributed(new Dense(3)), true),
                new Row(() -> Sequential.of(new Dense(3), new Gru(2).returnSequences(true), new Dense(2)), true));
    }

    private static final double[] FILLINGS = {5, 1e30, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};

    static Stream<Arguments> fillings() {
        return rows().stream().flatMap(row -> Arrays.stream(FILLINGS)
                .filter(filling -> !Double.isFinite(filling) || row.heeds() && filling < 1e9)
                .mapToObj(filling -> Arguments.of(row, filling)));
    }

    private static Operand<TFloat32> series(Ops tf, double filling) {
        double[] x = numbers(SERIES.size());
        for (int i = 0; i < x.length; i++) {
            x[i] = MASK[i / 20][i / 4 % 5] ? x[i] : filling;
        }
        return constant(tf, SERIES, x, TFloat32.class);
    }

    /** What counts of the output, the gradients of the weights, and what counts of that of the input. */
    private static List<Operand<?>> results(Ops tf, Layer layer, Operand<TFloat32> x) {
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            ForwardPass pass = ForwardPass.training(tf, 1, () -> tf.constant(0L));
            Operand<TBool> mask = tf.constant(StdArrays.ndCopyOf(MASK));
            pass.setMask(x, mask);
            Operand<TFloat32> y = layer.call(pass, x);
            Operand<TFloat32> counts = Masks.zeroed(tf, y, pass.mask(y).orElse(null));
            Operand<TFloat32> flat = tf.reshape(tf.math.square(counts), tf.constant(new int[] {-1}));
            Operand<TFloat32> loss = tf.sum(flat, tf.constant(0));
            Gradients gradients = tape.gradients(loss, layer.trainableVariables());
            List<Operand<?>> results = new ArrayList<>(List.of(counts));
            for (Variable<?> weight : layer.trainableVariables()) {
                results.add((Operand<?>) gradients.of(weight).orElseThrow());
            }
            results.add(Masks.zeroed(tf, tape.gradient(loss, x).orElseThrow(), mask));
            return results;
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("fillings")
    void whatStandsAtMaskedStepsMakesNoDifference(Row row, double filling) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(3).build();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Layer layer = row.layer().get();
            List<Operand<?>> expected = results(tf, layer, series(tf, 0));
            Operand<TFloat32> x = series(tf, filling);
            List<Operand<?>> eager = results(tf, layer, x);
            try (TracedFunction function = TracedFunction.trace(
                    session, "masked", List.of(Spec.of(x)), (ops, in) -> results(ops, layer, typed(in.get(0))))) {
                List<? extends Operand<?>> traced = function.call(List.of(x));
                for (int i = 0; i < expected.size(); i++) {
                    double[] exact = values(session, expected.get(i));
                    assertTrue(Arrays.stream(exact).allMatch(Double::isFinite));
                    assertArrayEquals(exact, values(session, eager.get(i)), 1e-6, "at once, part " + i);
                    assertArrayEquals(exact, values(session, traced.get(i)), 1e-5, "traced, part " + i);
                }
            }
        }
    }

    @SuppressWarnings("unchecked") // The inputs of the test.
    private static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    @Test
    void aMaskValueThatIsNoNumberMasksStepsOfIt() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY, -2}) {
                float f = (float) value;
                Operand<TFloat32> x = tf.constant(new float[][][] {{{f, f}, {f, 1}, {2, 3}}});
                ForwardPass pass = ForwardPass.inference(tf);
                Operand<TFloat32> y = new Masking(value).call(pass, x);
                assertArrayEquals(new double[] {0, 0, value, 1, 2, 3}, values(session, y));
                assertArrayEquals(
                        new boolean[] {false, true, true},
                        session.booleans(pass.mask(y).orElseThrow()));
            }
        }
    }

    @Test
    void wholeNumbersAreComparedWithTheMaskValueAsItIs() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            Operand<TInt32> x = tf.constant(new int[][][] {{{0}, {1}}});
            for (double value : new double[] {0, 0.5, Double.NaN}) {
                ForwardPass pass = ForwardPass.inference(tf);
                Operand<TFloat32> y = new Masking(value).call(pass, ForwardPass.input(x));
                assertEquals(value != 0, session.booleans(pass.mask(y).orElseThrow())[0], "mask value " + value);
            }
        }
    }

    @Test
    void whatIsDroppedIsZeroWhateverItWas() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                GradientTape tape = GradientTape.open(session.tf())) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.fill(tf.constant(new int[] {200}), tf.constant(Float.POSITIVE_INFINITY));
            tape.watch(x);
            Operand<TFloat32> y = new Dropout(0.5).call(ForwardPass.training(tf), x);
            double[] found = session.doubles(y);
            assertTrue(Arrays.stream(found).allMatch(v -> v == 0 || v == Double.POSITIVE_INFINITY));
            assertEquals(100, Arrays.stream(found).filter(v -> v == 0).count(), 30);
            double[] slopes =
                    session.doubles(tape.gradient(tf.sum(y, tf.constant(0)), x).orElseThrow());
            for (int i = 0; i < slopes.length; i++) {
                assertEquals(found[i] == 0 ? 0 : 2, slopes[i]);
            }
        }
    }
}
