package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.Recording;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.settings.LibraryClasses;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/**
 * What a gradient rule may ask: types, shapes, attributes and values of inputs and outputs, and what the tape writes down
 * of where inputs come from. A rule that asks for more gives another gradient on a tape that is replayed.
 */
class GradientLawTest {

    /** Classes that know tapes, so that they look at who made what; the others are rules and what rules are made of. */
    private static final Set<String> MACHINERY = Set.of(
            "GradientTape",
            "ReversePass",
            "TapeStructure",
            "Origins",
            "OpGradient",
            "GradientPaths",
            "GradientInspection",
            "GradientRegistry",
            "GraphGradients");

    /** Methods of others that name an operation for the sake of the operation. */
    private static final Set<String> EXCEPTIONS =
            Set.of("RunAgain.copy: an operation to wait for", "Formula.op: the operand interface asks for it");

    private static TapeSession session;

    @BeforeAll
    static void open() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void close() {
        session.close();
    }

    @Test
    void noRuleLooksAtWhatMadeAnInput() {
        Set<String> found = new TreeSet<>();
        for (JavaClass type : LibraryClasses.code()) {
            if (type.getPackageName().equals(GradientRule.class.getPackageName())
                    && !MACHINERY.contains(type.getName().replaceAll(".*\\.|\\$.*", ""))) {
                Stream.<JavaAccess<?>>concat(
                                type.getMethodCallsFromSelf().stream(), type.getMethodReferencesFromSelf().stream())
                        .filter(GradientLawTest::asksForTheMaker)
                        .forEach(access -> found.add(
                                type.getSimpleName() + "." + access.getOrigin().getName()));
            }
        }
        Set<String> allowed = new TreeSet<>();
        EXCEPTIONS.forEach(exception -> allowed.add(exception.replaceAll(":.*", "")));
        assertEquals(allowed, found);
    }

    private static boolean asksForTheMaker(JavaAccess<?> access) {
        JavaClass owner = access.getTargetOwner();
        String name = access.getName();
        if (owner.isAssignableTo(Operand.class) || owner.isEquivalentTo(Output.class)) {
            return name.equals("op");
        }
        return owner.isAssignableTo(Operation.class)
                        && !Set.of("output", "numOutputs").contains(name)
                || owner.isAssignableTo(RecordedOp.class)
                || owner.isAssignableTo(RecordingEnvironment.class)
                        && Set.of("watchedShape", "isAutoWatched").contains(name)
                || owner.isAssignableTo(Tensors.class) && name.equals("constantNumbers");
    }

    /** A gradient: dense, or rows and where they belong. */
    private record Found(double[] values, Optional<double[]> rows) {}

    static Stream<GradientRow> rows() {
        return GradientCoverageTest.rows();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void aRuleGivesTheSameOnATapeThatIsReplayed(GradientRow row) {
        assertSameReplayed(row.inputs(), (tf, x) -> GradientCoverageTest.loss(tf, row, x), row.tolerance() > 1e-6);
    }

    private interface Loss {
        Operand<TFloat64> of(Ops tf, List<Operand<TFloat64>> x);
    }

    /** What is asked of where inputs come from: each of these has rows for a gradient, or has none, however it is found. */
    static Stream<String> gathers() {
        return Stream.of(
                "read",
                "axis from the back",
                "shape ensured",
                "int64",
                "computed axis",
                "other axis",
                "copy",
                "batch",
                "gather");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("gathers")
    void rowsOfAVariableAreRowsOnATapeThatIsReplayed(String way) {
        List<Found> found = assertSameReplayed(
                List.of(GradientRow.in(4, 2)), (tf, x) -> square(tf, gathered(tf, x.get(0), way)), false);
        boolean isDense = Set.of("computed axis", "other axis", "copy", "batch").contains(way);
        assertEquals(isDense, found.get(0).rows().isEmpty());
    }

    private static Operand<TFloat64> square(Ops tf, Operand<TFloat64> x) {
        return tf.sum(tf.reshape(tf.math.square(x), tf.constant(new int[] {-1})), tf.constant(0));
    }

    private static Operand<TFloat64> gathered(Ops tf, Operand<TFloat64> table, String way) {
        Operand<TInt32> ids = tf.constant(new int[] {2, 0, 2});
        return switch (way) {
            case "axis from the back" -> tf.gather(table, ids, tf.constant(-2));
            case "shape ensured" -> tf.gather(tf.ensureShape(table, Shape.of(-1, 2)), ids, tf.constant(0));
            case "int64" -> tf.gather(table, tf.constant(new long[] {2, 0}), tf.constant(0L));
            case "computed axis" -> tf.gather(table, ids, tf.math.sub(tf.constant(1), tf.constant(1)));
            case "other axis" -> tf.gather(table, tf.constant(new int[] {1, 1}), tf.constant(1));
            case "copy" -> tf.gather(tf.math.mul(table, tf.constant(1.0)), ids, tf.constant(0));
            case "batch" ->
                tf.gather(table, tf.constant(new int[][] {{0}, {1}, {1}, {0}}), tf.constant(1), Gather.batchDims(1L));
            default -> tf.gather(table, ids, tf.constant(0));
        };
    }

    private static List<Found> assertSameReplayed(List<GradientRow.Input> inputs, Loss loss, boolean isSingle) {
        List<Variable<?>> list = new ArrayList<>();
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            for (int i = 0; i < inputs.size(); i++) {
                GradientRow.Input input = inputs.get(i);
                Operand<TFloat64> value = tf.constant(input.shape(), DataBuffers.of(input.values(i + 1)));
                list.add(Variable.create(tf, "x" + i, value, true));
            }
            Parameters variables = Parameters.of(list);
            List<Found> expected;
            List<Found> replayed;
            try (GradientTape tape = GradientTape.open(tf)) {
                List<Operand<TFloat64>> x = new ArrayList<>();
                list.forEach(variable -> x.add(typed(variable.read(tf))));
                Operand<TFloat64> target = loss.of(tf, x);
                Recording.Structure<GradientTape> structure = tape.notes().structure(List.of(target));
                replayed = replayed(structure, variables);
                expected = found(flat(tape.gradients(target, variables), variables, tf));
            }
            assertEquals(expected.size(), replayed.size());
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(
                        expected.get(i).rows().isEmpty(), replayed.get(i).rows().isEmpty(), "rows of input " + i);
                double[] values = expected.get(i).values();
                double largest = 1;
                for (double value : values) {
                    largest = Math.max(largest, Math.abs(value));
                }
                double allowed =
                        (isSingle ? 1e-5 : 1e-12) * largest; // A graph's optimizer takes sums in another order.
                assertArrayEquals(values, replayed.get(i).values(), allowed, "input " + i);
            }
            return expected;
        } finally {
            list.forEach(Variable::close);
        }
    }

    /** For each variable the values of its gradient, then the rows they belong to or nothing, as in a list of one type. */
    private static List<Operand<?>> flat(Gradients gradients, Parameters variables, Ops tf) {
        List<Operand<?>> flat = new ArrayList<>();
        for (Variable<?> variable : variables) {
            Operand<?> gradient =
                    gradients.of(variable).<Operand<?>>map(g -> g).orElse(tf.zerosLike(variable.read(tf)));
            flat.add(gradient instanceof IndexedSlices<?> slices ? slices.values() : gradient.asOutput());
            flat.add(
                    gradient instanceof IndexedSlices<?> slices
                            ? Tensors.cast(tf, slices.indices(), TFloat64.class)
                            : tf.constant(new double[0]));
        }
        return flat;
    }

    private static List<Found> found(List<? extends Operand<?>> flat) {
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < flat.size(); i += 2) {
            double[] rows = TwoWays.read(session, flat.get(i + 1));
            found.add(new Found(
                    TwoWays.read(session, flat.get(i)), rows.length == 0 ? Optional.empty() : Optional.of(rows)));
        }
        return found;
    }

    private static List<Found> replayed(Recording.Structure<GradientTape> structure, Parameters variables) {
        List<Spec> specs = structure.values().stream().<Spec>map(Spec::of).toList();
        TracedFunction.Body body = (tf, given) -> {
            List<Operand<?>> results = new ArrayList<>();
            Map<Operation, Operand<?>> handles = new IdentityHashMap<>();
            variables.forEach(
                    variable -> handles.put(variable.handle(session.tf()).op(), variable.handle(tf)));
            structure.replay(
                    tf,
                    given,
                    handles,
                    (tape, operands) ->
                            results.addAll(flat(tape.gradients(operands.get(0), variables), variables, tf)));
            return results;
        };
        try (TracedFunction function = TracedFunction.trace(session, "replayed", specs, body)) {
            List<Output<?>> values = structure.values();
            return found(function.call(values));
        }
    }

    @SuppressWarnings("unchecked") // All variables here are float64.
    private static Operand<TFloat64> typed(Operand<?> operand) {
        return (Operand<TFloat64>) operand;
    }
}
