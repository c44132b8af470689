package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ResourceGather;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

class GradientTapeTest {

    private TapeSession session;
    private Ops tf;

    @BeforeEach
    void open() {
        session = TapeSession.builder().threads(1, 1).build();
        tf = session.tf();
    }

    @AfterEach
    void close() {
        session.close();
    }

    private double[] read(Operand<TFloat64> operand) {
        return session.read(operand, tensor -> {
            List<Double> values = new ArrayList<>();
            tensor.scalars().forEach(scalar -> values.add(scalar.getDouble()));
            return values.stream().mapToDouble(Double::doubleValue).toArray();
        });
    }

    private Variable<TFloat64> variable(String name, boolean trainable, double... values) {
        return Variable.create(tf, name, tf.constant(values), trainable);
    }

    private static <E extends Throwable> void assertRefused(Class<E> type, Executable mistake, String... words) {
        E error = assertThrows(type, mistake);
        Arrays.stream(words)
                .forEach(word ->
                        assertTrue(error.getMessage().contains(word), "no '" + word + "' in: " + error.getMessage()));
    }

    @Test
    void watchedOperandsHaveGradients() {
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            assertEquals(6.0, session.scalar(tape.gradient(tf.math.square(x), x).orElseThrow()));
        }
    }

    @Test
    void whatIsNotWatchedHasNone() {
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            Operand<TFloat64> y = tf.math.square(x);
            assertEquals(Optional.empty(), tape.gradient(y, x));
            assertEquals(0.0, session.scalar(tape.gradientOrZeros(y, x)));
        }
    }

    @Test
    void trainableVariablesAreWatchedByThemselvesAndOthersNot() {
        Variable<TFloat64> weight = variable("weight", true, 2, 3);
        Variable<TFloat64> statistic = variable("statistic", false, 5, 7);
        Variable<TFloat64> unused = variable("unused", true, 1, 1);
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> y = tf.math.mul(weight.read(tf), statistic.read(tf));
            Gradients gradients = tape.gradients(y, Parameters.of(weight, statistic, unused));
            assertEquals(List.of(weight), gradients.variables());
            assertEquals(List.of(statistic, unused), gradients.unconnected());
            assertTrue(
                    Arrays.equals(new double[] {5, 7}, read(gradients.of(weight).orElseThrow())));
        }
    }

    @Test
    void aVariableReadTwiceGetsTheSum() {
        Variable<TFloat64> weight = variable("weight", true, 2);
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> y = tf.math.mul(weight.read(tf), weight.read(tf));
            assertEquals(
                    4, read(tape.gradients(y, Parameters.of(weight)).of(weight).orElseThrow())[0]);
        }
    }

    @Test
    void rowsGatheredFromAVariableGetTheirGradientsAndRowsGatheredTwiceTheSum() {
        Variable<TFloat64> table =
                Variable.create(tf, "table", tf.constant(new double[][] {{1, 2}, {3, 4}, {5, 6}}), true);
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> rows = ResourceGather.create(
                    tf.scope(), table.handle(tf), tf.constant(new int[] {2, 0, 2}), TFloat64.class);
            Operand<TFloat64> weights = tf.constant(new double[][] {{1, 10}, {2, 20}, {3, 30}});
            Gradients gradients = tape.gradients(tf.math.mul(rows, weights), Parameters.of(table));
            double[] gradient = read(gradients.of(table).orElseThrow());
            assertTrue(Arrays.equals(new double[] {2, 20, 0, 0, 4, 40}, gradient), Arrays.toString(gradient));
        }
    }

    @Test
    void aUsedTapeRefusesASecondGradient() {
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.square(x);
            tape.gradient(y, x);
            assertRefused(IllegalStateException.class, () -> tape.gradient(y, x), "GradientTape.persistent");
        }
    }

    @Test
    void aPersistentTapeGivesGradientsAsOftenAsAsked() {
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.square(x);
            Operand<TFloat64> z = tf.math.mul(y, x);
            assertEquals(6.0, session.scalar(tape.gradient(y, x).orElseThrow()));
            assertEquals(27.0, session.scalar(tape.gradient(z, x).orElseThrow()));
            assertEquals(3.0, session.scalar(tape.gradient(z, y).orElseThrow()));
            Operand<TFloat64> later = tf.math.neg(z);
            assertEquals(-27.0, session.scalar(tape.gradient(later, x).orElseThrow()));
        }
    }

    @Test
    void nestedTapesGiveHigherDerivatives() {
        Operand<TFloat64> x = tf.constant(2.0);
        try (GradientTape third = GradientTape.open(tf)) {
            third.watch(x);
            Operand<TFloat64> d2;
            try (GradientTape second = GradientTape.open(tf)) {
                second.watch(x);
                Operand<TFloat64> d1;
                try (GradientTape first = GradientTape.open(tf)) {
                    first.watch(x);
                    d1 = first.gradient(tf.math.square(tf.math.square(x)), x).orElseThrow(); // 4x³
                }
                d2 = second.gradient(d1, x).orElseThrow(); // 12x²
                assertEquals(32, session.scalar(d1));
            }
            assertEquals(48, session.scalar(d2));
            assertEquals(48, session.scalar(third.gradient(d2, x).orElseThrow())); // 24x
        }
    }

    @Test
    void pausedTapesHearNothing() {
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> unheard;
            try (GradientTape.Pause pause = tape.stopRecording()) {
                unheard = tf.math.square(x);
            }
            Operand<TFloat64> y = tf.math.mul(unheard, x);
            assertEquals(9.0, session.scalar(tape.gradient(y, x).orElseThrow()));
        }
    }

    @Test
    void stopGradientCutsThePath() {
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.mul(x, tf.stopGradient(tf.math.square(x)));
            assertEquals(9.0, session.scalar(tape.gradient(y, x).orElseThrow()));
        }
    }

    @Test
    void targetsOfAnyShapeCountTheSumOfTheirElements() {
        Operand<TFloat64> x = tf.constant(new double[] {1, 2, 3});
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            double[] gradient = read(tape.gradient(tf.math.square(x), x).orElseThrow());
            assertTrue(Arrays.equals(new double[] {2, 4, 6}, gradient));
        }
    }

    @Test
    void outputGradientsWeighTheElementsOfSeveralTargets() {
        Operand<TFloat64> x = tf.constant(new double[] {1, 2});
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            Operand<TFloat64> squares = tf.math.square(x);
            Operand<TFloat64> triples = tf.math.mul(x, tf.constant(3.0));
            List<Operand<TFloat64>> weights =
                    List.of(tf.constant(new double[] {1, 10}), tf.constant(new double[] {100, 1000}));
            @SuppressWarnings("unchecked") // A gradient has its source's type.
            Operand<TFloat64> both = (Operand<TFloat64>) tape.gradients(List.of(squares, triples), weights, List.of(x))
                    .get(0)
                    .orElseThrow();
            assertTrue(Arrays.equals(new double[] {302, 3040}, read(both)));
            assertRefused(
                    IllegalArgumentException.class,
                    () -> tape.gradients(List.of(squares), List.of(tf.constant(1.0)), List.of(x)),
                    "target's shape",
                    "[2]");
            assertRefused(
                    IllegalArgumentException.class,
                    () -> tape.gradients(List.of(squares, triples), List.of(squares), List.of(x)),
                    "each of 2 targets");
        }
    }

    @Test
    void wholeNumbersHaveNoGradients() {
        Operand<TInt32> count = tf.constant(3);
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            assertRefused(IllegalArgumentException.class, () -> tape.watch(count), "Const", "int32");
            assertRefused(IllegalArgumentException.class, () -> tape.gradient(count, x), "int32");
            assertRefused(IllegalArgumentException.class, () -> tape.gradient(x, count), "int32");
        }
    }

    @Test
    void opsThatAreConstantByNatureGiveNoGradientAndNoError() {
        Operand<TFloat32> x = tf.constant(new float[][] {{1, 2}, {3, 0}});
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TInt64> best = tf.math.argMax(x, tf.constant(1));
            Operand<TFloat32> y = tf.dtypes.cast(best, TFloat32.class);
            assertEquals(Optional.empty(), tape.gradient(y, x));
        }
    }

    /** An op that nobody has a gradient for. */
    private Operand<TFloat64> withoutRule(Operand<TFloat64> x) {
        return GradientRow.op(tf, "IgammaGradA").in(tf.constant(1.0), x).out(0);
    }

    @Test
    void aMissingRuleNamesTheOpThePathAndWhatToDo() {
        Operand<TFloat64> x = tf.constant(0.3);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.square(withoutRule(x));
            assertRefused(
                    GradientException.class,
                    () -> tape.gradient(y, x),
                    "IgammaGradA",
                    "Square ← IgammaGradA",
                    "register");
        }
    }

    @Test
    void aRegisteredRuleIsUsed() {
        GradientRegistry.of(session)
                .register(
                        "Betainc",
                        (ops, op) -> op.propagate(2, () -> ops.math.mul(op.<TFloat64>gradient(0), ops.constant(42.0))));
        Operand<TFloat64> x = tf.constant(0.3);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.betainc(tf.constant(1.0), tf.constant(2.0), x);
            assertEquals(42.0, session.scalar(tape.gradient(y, x).orElseThrow()));
        }
    }

    @Test
    void aRuleThatGivesAWrongShapeOrInputIsNamed() {
        Operand<TFloat64> x = tf.constant(new double[] {1, 2});
        GradientRegistry.of(session).register("Sin", (ops, op) -> op.propagate(0, () -> ops.constant(1.0)));
        GradientRegistry.of(session).register("Cos", (ops, op) -> op.propagate(1, () -> ops.constant(1.0)));
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            Operand<TFloat64> sin = tf.math.sin(x);
            Operand<TFloat64> cos = tf.math.cos(x);
            assertRefused(GradientException.class, () -> tape.gradient(sin, x), "Sin", "[2]", "float64 []");
            assertRefused(GradientException.class, () -> tape.gradient(cos, x), "Cos", "input 1");
        }
    }

    @Test
    void whatDoesNotLeadFromASourceToTheTargetCostsNothing() {
        Variable<TFloat64> kernel = Variable.create(tf, "kernel", tf.constant(new double[][] {{1, 2}, {3, 4}}), true);
        Operand<TFloat64> x = tf.constant(new double[][] {{1, 1}});
        List<String> made = new ArrayList<>();
        OpRecorder listener = op -> made.add(op.type());
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> y = tf.linalg.matMul(x, kernel.read(tf));
            tf.linalg.matMul(tf.math.exp(x), kernel.read(tf)); // Leads nowhere.
            RecordingEnvironment.of(tf).startRecording(listener);
            tape.gradients(y, Parameters.of(kernel));
            RecordingEnvironment.of(tf).stopRecording(listener);
        }
        assertEquals(1, made.stream().filter("MatMul"::equals).count(), made::toString);
        assertFalse(made.contains("Exp"), made::toString);
    }

    @Test
    void aTapeThatFailsLeavesNothingBehind() {
        Operand<TFloat64> x = tf.constant(0.3);
        int live = session.liveHandles();
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.exp(withoutRule(x));
            assertThrows(GradientException.class, () -> tape.gradient(y, x));
        }
        assertEquals(live, session.liveHandles());
    }

    @Test
    void aClosedTapeRefusesWork() {
        GradientTape tape = GradientTape.open(tf);
        tape.close();
        tape.close();
        Operand<TFloat64> x = tf.constant(1.0);
        assertRefused(IllegalStateException.class, () -> tape.watch(x), "closed");
        assertRefused(IllegalStateException.class, () -> tape.gradient(x, x), "closed");
    }

    @Test
    void opsFromElsewhereAreRefused() {
        try (Graph graph = new Graph()) {
            Ops other = Ops.create(graph);
            assertRefused(IllegalArgumentException.class, () -> GradientTape.open(other), "session.tf()");
        }
    }

    /** Quantisation is a staircase; its gradient is defined to pass straight through inside the range. */
    @ParameterizedTest
    @ValueSource(strings = {"QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4"})
    void quantisationPassesGradientsStraightThrough(String type) {
        Operand<TFloat32> x = tf.constant(new float[] {-0.5f, 0.2f, 0.7f});
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            OperationBuilder builder = tf.scope().opBuilder(type, type).addInput(x.asOutput());
            builder.addInput(tf.constant(-1f).asOutput())
                    .addInput(tf.constant(1f).asOutput());
            builder.setAttr("range_given", true);
            if (type.equals("QuantizeAndDequantizeV3")) {
                builder.addInput(tf.constant(8).asOutput());
            }
            Operand<TFloat32> y = builder.build().output(0);
            Operand<TFloat32> weighted = tf.math.mul(y, tf.constant(new float[] {1, 2, 3}));
            Operand<TFloat32> gradient = tape.gradient(weighted, x).orElseThrow();
            for (int i = 0; i < 3; i++) {
                int index = i;
                float value = session.<TFloat32, Float>read(gradient, tensor -> tensor.getFloat(index));
                assertEquals(i + 1f, value, type);
            }
        }
    }

    @Test
    void float32AndFloat64KeepTheirTypes() {
        Operand<TFloat32> single = tf.constant(2f);
        Operand<TFloat64> exact = tf.constant(2.0);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(single);
            tape.watch(exact);
            assertEquals(
                    TFloat32.class,
                    tape.gradient(tf.math.square(single), single).orElseThrow().type());
            assertEquals(
                    TFloat64.class,
                    tape.gradient(tf.math.square(exact), exact).orElseThrow().type());
            assertEquals(
                    Shape.scalar(),
                    tape.gradient(tf.math.square(exact), exact).orElseThrow().shape());
        }
    }
}
