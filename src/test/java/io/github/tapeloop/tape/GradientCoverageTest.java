package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.OpRecorder;
import io.github.tapeloop.runtime.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
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
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat64;

/** Every op type with a gradient, ours or TensorFlow's C++ library's, against central differences in float64. */
class GradientCoverageTest {

    /** Op types without a row, and why. */
    private static final Map<String, String> WITHOUT_ROW = Map.of(
            "ReadVariableOp", "its input is a variable: GradientTapeTest",
            "ResourceGather", "its input is a variable: GradientTapeTest",
            "QuantizeAndDequantize", "TensorFlow has removed the op and refuses to run it",
            "QuantizeAndDequantizeV3", "a staircase: straight-through gradient, GradientTapeTest",
            "QuantizeAndDequantizeV4", "a staircase: straight-through gradient, GradientTapeTest",
            "RefIdentity", "takes references, which eager mode does not have",
            "PartitionedCall", "calls a function, whose body the issue about control flow differentiates",
            "StatefulPartitionedCall", "calls a function, whose body the issue about control flow differentiates");

    private static TapeSession session;

    @BeforeAll
    static void open() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void close() {
        session.close();
    }

    static Stream<GradientRow> rows() {
        return Stream.of(MathRows.all(), MathRows.complex(), ArrayRows.all(), NnRows.all(), NnRows.inFloat32())
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
        assertEquals(Set.of(), missing);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void theGradientAgreesWithCentralDifferences(GradientRow row) {
        try (TensorScope scope = session.scope()) {
            check(row, values(row), this::loss, this::gradient);
        }
    }

    @ParameterizedTest
    @MethodSource("rowsDifferentiatedTwice")
    void theSecondDerivativeAgreesWithCentralDifferences(GradientRow row) {
        try (TensorScope scope = session.scope()) {
            check(row, values(row), this::gradientLoss, this::secondGradient);
        }
    }

    private interface Value {
        Operand<TFloat64> of(GradientRow row, List<Operand<TFloat64>> inputs);
    }

    private interface Slope {
        List<Operand<TFloat64>> of(GradientRow row, List<Operand<TFloat64>> inputs);
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

    private static void check(GradientRow row, List<double[]> values, Value value, Slope slope) {
        List<double[]> computed = slope.of(row, operands(row, values)).stream()
                .map(GradientCoverageTest::read)
                .toList();
        double step = row.tolerance() > 1e-3 ? 1e-2 : 1e-5; // Wider where float32 would drown a small difference.
        for (int input = 0; input < values.size(); input++) {
            double[] x = values.get(input);
            for (int i = 0; i < x.length; i++) {
                double before = x[i];
                x[i] = before + step;
                double above = at(row, values, value);
                x[i] = before - step;
                double below = at(row, values, value);
                x[i] = before;
                double expected = (above - below) / (2 * step);
                double allowed = row.tolerance() * Math.max(1, Math.abs(expected));
                assertEquals(expected, computed.get(input)[i], allowed, row + " input " + input + " element " + i);
            }
        }
    }

    private static double at(GradientRow row, List<double[]> values, Value value) {
        try (TensorScope scope = session.scope()) {
            return session.scalar(value.of(row, operands(row, values)));
        }
    }

    private static double[] read(Operand<TFloat64> operand) {
        return session.read(operand, tensor -> {
            double[] values = new double[(int) tensor.size()];
            tensor.copyTo(DataBuffers.of(values, false, false));
            return values;
        });
    }

    /** Σ w y over all floating point outputs, with fixed weights: their gradients are all different. */
    private Operand<TFloat64> loss(GradientRow row, List<Operand<TFloat64>> inputs) {
        Ops tf = session.tf();
        List<Operand<TFloat64>> terms = new ArrayList<>();
        for (Output<?> output : row.body().make(tf, inputs).all()) {
            if (output.dataType() == DataType.DT_DOUBLE) {
                terms.add(weightedSum(tf, output, terms.size()));
            }
        }
        assertTrue(!terms.isEmpty(), row + " has no float64 output");
        return tf.math.addN(terms);
    }

    @SuppressWarnings("unchecked") // The caller has looked at the type.
    private static Operand<TFloat64> weightedSum(Ops tf, Output<?> output, int salt) {
        GradientRow.Input like = new GradientRow.Input(Tensors.shape(output), 0.4, 1.3);
        Operand<TFloat64> weighted = tf.math.mul((Output<TFloat64>) output, GradientRow.constant(tf, like, salt));
        return tf.sum(tf.reshape(weighted, tf.constant(new int[] {-1})), tf.constant(0));
    }

    private List<Operand<TFloat64>> gradient(GradientRow row, List<Operand<TFloat64>> inputs) {
        Set<String> made = new HashSet<>();
        RecordingEnvironment environment = RecordingEnvironment.of(session.tf());
        OpRecorder listener = op -> made.add(op.type());
        try (GradientTape tape = GradientTape.open(session.tf())) {
            inputs.forEach(tape::watch);
            environment.startRecording(listener);
            Operand<TFloat64> loss = loss(row, inputs);
            environment.stopRecording(listener);
            assertTrue(made.contains(row.type()), row + " makes " + made);
            return gradients(tape, loss, inputs);
        }
    }

    /** One number that depends on the whole gradient, so that its own gradient is a second derivative. */
    private Operand<TFloat64> gradientLoss(GradientRow row, List<Operand<TFloat64>> inputs) {
        Ops tf = session.tf();
        List<Operand<TFloat64>> terms = new ArrayList<>();
        for (Operand<TFloat64> gradient : gradient(row, inputs)) {
            terms.add(weightedSum(tf, gradient.asOutput(), terms.size() + 3));
        }
        return tf.math.addN(terms);
    }

    private List<Operand<TFloat64>> secondGradient(GradientRow row, List<Operand<TFloat64>> inputs) {
        try (GradientTape tape = GradientTape.open(session.tf())) {
            inputs.forEach(tape::watch);
            return gradients(tape, gradientLoss(row, inputs), inputs);
        }
    }

    @SuppressWarnings("unchecked") // A gradient has its source's type.
    private static List<Operand<TFloat64>> gradients(
            GradientTape tape, Operand<TFloat64> loss, List<Operand<TFloat64>> inputs) {
        List<Operand<TFloat64>> result = new ArrayList<>();
        var found = tape.gradients(List.of(loss), List.of(), inputs);
        for (int i = 0; i < inputs.size(); i++) {
            result.add(
                    found.get(i).isPresent()
                            ? (Operand<TFloat64>) found.get(i).get()
                            : session.tf().zerosLike(inputs.get(i)));
        }
        return result;
    }
}
