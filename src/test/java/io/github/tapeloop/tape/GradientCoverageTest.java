package io.github.tapeloop.tape;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.parts.PartRun;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** Every op type with a gradient, ours or TensorFlow's C++ library's, against central differences in float64. */
class GradientCoverageTest {

    /** Op types without a row, and why. */
    private static final Map<String, String> WITHOUT_ROW = Map.ofEntries(
            entry("ReadVariableOp", "its input is a variable: GradientTapeTest"),
            entry("ResourceGather", "its input is a variable: GradientTapeTest"),
            entry("QuantizeAndDequantize", "TensorFlow has removed the op and refuses to run it"),
            entry("QuantizeAndDequantizeV3", "a staircase: straight-through gradient, GradientTapeTest"),
            entry("QuantizeAndDequantizeV4", "a staircase: straight-through gradient, GradientTapeTest"),
            entry("RefIdentity", "takes references, which eager mode does not have"),
            entry("PartitionedCall", "has functions as attributes: FunctionOpGradientTest"),
            entry("StatefulPartitionedCall", "has functions as attributes: FunctionOpGradientTest"),
            entry("While", "has functions as attributes: LoopGradientTest"),
            entry("StatelessWhile", "has functions as attributes: LoopGradientTest"),
            entry("If", "has functions as attributes: FunctionOpGradientTest"),
            entry("StatelessIf", "has functions as attributes: FunctionOpGradientTest"),
            entry("Case", "has functions as attributes: FunctionOpGradientTest"),
            entry("StatelessCase", "has functions as attributes: FunctionOpGradientTest"),
            entry("AccumulateNV2", "has no kernel: TensorFlow rewrites graphs that have it"),
            entry("ApproxTopK", "has a kernel for XLA only: DefinedGradientTest"),
            entry("CTCLossV2", "has a kernel for GPUs only; its rule is that of CTCLoss"),
            entry("FakeQuantWithMinMaxArgs", "a staircase: straight-through gradient, DefinedGradientTest"),
            entry("FakeQuantWithMinMaxVars", "a staircase: straight-through gradient, DefinedGradientTest"),
            entry("FakeQuantWithMinMaxVarsPerChannel", "a staircase: straight-through gradient, DefinedGradientTest"),
            entry("QuantizeAndDequantizeV2", "a staircase: straight-through gradient, DefinedGradientTest"),
            entry("RandomGamma", "draws at random: DefinedGradientTest"),
            entry("StatelessRandomGammaV2", "draws at random, with rejections: DefinedGradientTest"),
            entry("StatelessRandomGammaV3", "draws at random, with rejections: DefinedGradientTest"),
            entry("StatelessParameterizedTruncatedNormal", "draws at random, with rejections: DefinedGradientTest"),
            entry("_EagerConst", "internal to TensorFlow's eager runtime"),
            entry("DebugGradientRefIdentity", "takes references, which eager mode does not have"),
            entry("ResourceGatherNd", "its input is a variable: DefinedGradientTest"),
            entry("PreventGradient", "its gradient is an error: GradientMistakesTest"));

    /** So few numbers, looked at in four places each, are not worth a trace of the value. */
    private static final int FEW = 12;

    private static final int[] STEPS = {-2, -1, 1, 2};

    private static TapeSession session;
    private static long start;

    @BeforeAll
    static void open() {
        start = System.nanoTime();
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void close() {
        session.close();
        System.out.printf(
                "gradients: table of %d rows against central differences took %.1f s%n",
                rows().count(), (System.nanoTime() - start) / 1e9);
    }

    static Stream<GradientRow> rows() {
        return Stream.of(
                        MathRows.all(),
                        MathRows.complex(),
                        ComplexRows.all(),
                        FunctionRows.all(),
                        SelectionRows.all(),
                        MatrixRows.all(),
                        WindowRows.all(),
                        SparseRows.all(),
                        ImageRows.all(),
                        ReductionRows.all(),
                        ProductRows.all(),
                        ArrayRows.all(),
                        PartRows.all(),
                        IndexRows.all(),
                        NnRows.all(),
                        NnRows.inFloat32())
                .flatMap(List::stream);
    }

    static Stream<GradientRow> rowsDifferentiatedTwice() {
        return rows().filter(GradientRow::twice);
    }

    @Test
    void everyOpTypeWithAGradientHasARowOrAReason() {
        Set<String> covered = new TreeSet<>(WITHOUT_ROW.keySet());
        rows().forEach(row -> covered.add(row.type()));
        Set<String> expected = new TreeSet<>(CppRegistry.opTypes());
        expected.addAll(GradientRegistry.standardOpTypes());
        Set<String> missing = new TreeSet<>(expected);
        missing.removeAll(covered);
        assertEquals(Set.of(), missing, "without a row or a reason");
        Set<String> stale = new TreeSet<>(WITHOUT_ROW.keySet());
        stale.removeIf(type ->
                expected.contains(type) && rows().noneMatch(row -> row.type().equals(type)));
        assertEquals(Set.of(), stale, "reasons that no longer hold");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void theGradientAgreesWithCentralDifferences(GradientRow row) {
        try (TensorScope scope = session.scope()) {
            check(row, eager(row, GradientCoverageTest::loss), GradientCoverageTest::gradient);
        }
    }

    static Stream<GradientRow> rowsOfOneOutput() {
        return rows().filter(GradientRow::hasSeveralOutputs).flatMap(row -> Stream.of(row.output(0), row.output(1)));
    }

    /** What the target does not use has no gradient, which some rules take for one. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("rowsOfOneOutput")
    void oneOutputOfSeveralAloneGivesItsGradient(GradientRow row) {
        try (TensorScope scope = session.scope()) {
            check(row, eager(row, GradientCoverageTest::loss), GradientCoverageTest::gradient);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rowsDifferentiatedTwice")
    void theSecondDerivativeAgreesWithCentralDifferences(GradientRow row) {
        try (TensorScope scope = session.scope()) {
            if (row.inputs().stream().mapToLong(input -> input.shape().size()).sum() <= FEW) {
                check(row, eager(row, GradientCoverageTest::gradientLoss), GradientCoverageTest::secondGradient);
                return;
            }
            List<Spec> specs =
                    operands(row, values(row)).stream().<Spec>map(Spec::of).toList();
            try (TracedFunction function = TracedFunction.trace(
                    session, "value", specs, (tf, inputs) -> List.of(gradientLoss(tf, row, typed(inputs))))) {
                check(row, at -> function.call(operands(row, at)).get(0), GradientCoverageTest::secondGradient);
            }
        }
    }

    private interface Value {
        Operand<TFloat64> of(Ops tf, GradientRow row, List<Operand<TFloat64>> inputs);
    }

    private interface Slope {
        List<Operand<TFloat64>> of(Ops tf, GradientRow row, List<Operand<TFloat64>> inputs);
    }

    /** Gives the value at a point. */
    private interface Function {
        Operand<?> at(List<double[]> values);
    }

    private static Function eager(GradientRow row, Value value) {
        return at -> value.of(session.tf(), row, operands(row, at));
    }

    @SuppressWarnings("unchecked") // All inputs of rows are float64.
    private static List<Operand<TFloat64>> typed(List<Operand<?>> inputs) {
        return inputs.stream().map(input -> (Operand<TFloat64>) input).toList();
    }

    private static List<double[]> values(GradientRow row) {
        List<double[]> values = new ArrayList<>();
        for (int i = 0; i < row.inputs().size(); i++) {
            values.add(row.inputs().get(i).values(i + 1));
        }
        return values;
    }

    private static List<Operand<TFloat64>> operands(GradientRow row, List<double[]> values) {
        List<Operand<TFloat64>> operands = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            operands.add(session.tf().constant(row.inputs().get(i).shape(), DataBuffers.of(values.get(i))));
        }
        return operands;
    }

    /** Each element agrees with a difference of fourth order, up to a part of the input's largest. */
    private static void check(GradientRow row, Function function, Slope slope) {
        List<double[]> values = values(row);
        List<double[]> computed = slope.of(session.tf(), row, operands(row, values)).stream()
                .map(GradientCoverageTest::read)
                .toList();
        double step = row.isInFloat32() ? 1e-2 : 1e-3; // Wider where float32 would drown a small difference.
        for (int input = 0; input < values.size(); input++) {
            double[] expected = differences(values, function, values.get(input), step);
            double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
            double allowed = row.tolerance() * Math.max(largest, 1e-3);
            assertArrayEquals(expected, computed.get(input), allowed, row + " input " + input);
        }
    }

    private static double[] differences(List<double[]> values, Function function, double[] x, double step) {
        double[] slopes = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            double before = x[i];
            double[] at = new double[4];
            for (int k = 0; k < 4; k++) {
                x[i] = before + STEPS[k] * step;
                at[k] = at(values, function);
            }
            x[i] = before;
            slopes[i] = (8 * (at[2] - at[1]) - (at[3] - at[0])) / (12 * step);
        }
        return slopes;
    }

    private static double at(List<double[]> values, Function function) {
        try (TensorScope scope = session.scope()) {
            return PartRun.read(session, function.at(values))[0];
        }
    }

    private static double[] read(Operand<TFloat64> operand) {
        return session.read(operand, tensor -> {
            double[] values = new double[(int) tensor.size()];
            tensor.copyTo(DataBuffers.of(values, false, false));
            return values;
        });
    }

    /**
     * Σ w (y + y²/2) over all floating point outputs, with fixed weights. It is curved, so that gradients of gradients
     * go through the gradient of the output as well, even where the op itself is linear.
     */
    static Operand<TFloat64> loss(Ops tf, GradientRow row, List<Operand<TFloat64>> inputs) {
        List<Operand<TFloat64>> terms = new ArrayList<>();
        List<Output<?>> outputs = differentiable(row.body().make(tf, inputs));
        for (int i = 0; i < outputs.size(); i++) {
            if (row.onlyOutput() < 0 || row.onlyOutput() == i) {
                terms.add(weightedSum(tf, outputs.get(i), i));
            }
        }
        assertFalse(terms.isEmpty(), row + " has no floating point output");
        return tf.math.addN(terms);
    }

    private static List<Output<?>> differentiable(GradientRow.Op op) {
        return op.all().stream()
                .filter(output -> Tensors.isDifferentiable(output.dataType()))
                .toList();
    }

    private static Operand<TFloat64> weightedSum(Ops tf, Output<?> output, int salt) {
        Operand<TFloat64> y = Tensors.cast(tf, output, TFloat64.class);
        Operand<TFloat64> curved = tf.math.add(y, tf.math.mul(tf.constant(0.5), tf.math.square(y)));
        GradientRow.Input like = new GradientRow.Input(Tensors.shape(output), 0.4, 1.3);
        Operand<TFloat64> weighted = tf.math.mul(curved, GradientRow.constant(tf, like, salt));
        return tf.sum(tf.reshape(weighted, tf.constant(new int[] {-1})), tf.constant(0));
    }

    private static List<Operand<TFloat64>> gradient(Ops tf, GradientRow row, List<Operand<TFloat64>> inputs) {
        Set<String> made = new HashSet<>();
        RecordingEnvironment environment = RecordingEnvironment.of(tf);
        OpRecorder listener = op -> made.add(op.type());
        try (GradientTape tape = GradientTape.open(tf)) {
            inputs.forEach(tape::watch);
            environment.startRecording(listener);
            Operand<TFloat64> loss = loss(tf, row, inputs);
            environment.stopRecording(listener);
            assertTrue(made.contains(row.type()), row + " makes " + made);
            return gradients(tf, tape, loss, inputs);
        }
    }

    /** One number that depends on the whole gradient, so that its own gradient is a second derivative. */
    private static Operand<TFloat64> gradientLoss(Ops tf, GradientRow row, List<Operand<TFloat64>> inputs) {
        List<Operand<TFloat64>> terms = new ArrayList<>();
        for (Operand<TFloat64> gradient : gradient(tf, row, inputs)) {
            terms.add(weightedSum(tf, gradient.asOutput(), terms.size() + 3));
        }
        return tf.math.addN(terms);
    }

    private static List<Operand<TFloat64>> secondGradient(Ops tf, GradientRow row, List<Operand<TFloat64>> inputs) {
        try (GradientTape tape = GradientTape.open(tf)) {
            inputs.forEach(tape::watch);
            return gradients(tf, tape, gradientLoss(tf, row, inputs), inputs);
        }
    }

    @SuppressWarnings("unchecked") // A gradient has its source's type.
    private static List<Operand<TFloat64>> gradients(
            Ops tf, GradientTape tape, Operand<TFloat64> loss, List<Operand<TFloat64>> inputs) {
        List<Operand<TFloat64>> result = new ArrayList<>();
        var found = tape.gradients(List.of(loss), List.of(), inputs);
        for (int i = 0; i < inputs.size(); i++) {
            result.add(
                    found.get(i).isPresent() ? (Operand<TFloat64>) found.get(i).get() : tf.zerosLike(inputs.get(i)));
        }
        return result;
    }
}
