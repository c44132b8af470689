package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Gradient transforms of users: where they come in a step, what they remember, what is refused. */
class GradientTransformTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat64> v = Variable.create(tf, "v", tf.constant(1.0), true);

    @AfterEach
    void close() {
        session.close();
    }

    private static GradientTransform each(String name, GradientTransform.Each formula) {
        return GradientTransform.traceable(name, GradientTransform.each(formula));
    }

    private static GradientTransform plus(double value) {
        return each("plus " + value, (update, variable, gradient) -> update.tf()
                .math
                .add(gradient, update.constant(value, variable.type())));
    }

    private static GradientTransform times(double value) {
        return each("times " + value, (update, variable, gradient) -> update.tf()
                .math
                .mul(gradient, update.constant(value, variable.type())));
    }

    /** The sum of all gradients so far. */
    private static GradientTransform summing(String name) {
        return each(name, (update, variable, gradient) -> {
            Variable<TNumber> sum = update.slot("sum", variable, 0);
            Operand<TNumber> next = update.tf().math.add(sum.read(update.tf()), gradient);
            sum.assign(update.tf(), next);
            return next;
        });
    }

    private void apply(Optimizer optimizer, double gradient) {
        try (TensorScope step = session.scope()) {
            optimizer.scaleLoss(tf, tf.constant(1f)); // The gradient is that of a scaled loss, if it is scaled.
            optimizer.apply(tf, Gradients.of(List.of(v), List.of(Optional.of(tf.constant(gradient)))));
        }
    }

    private double value(Variable<?> variable) {
        double[] value = new double[1];
        session.unrecorded(
                () -> value[0] = session.scalar(Optimizer.number(variable).read(tf)));
        return value[0];
    }

    @Test
    void severalComeInTheOrderInWhichTheyWereAdded() {
        apply(new Sgd(1).with(plus(1), times(2)), 3);
        assertEquals(1 - 8, value(v));
        apply(new Sgd(1).with(times(2)).with(plus(1)), 3);
        assertEquals(1 - 8 - 7, value(v));
    }

    @Test
    void clippingComesBeforeThemWhateverTheOrder() {
        apply(new Sgd(1).with(times(4), Clip.value(1)), 3);
        assertEquals(1 - 4, value(v));
    }

    @Test
    void weightDecayIsNoneOfTheirBusiness() {
        apply(new Sgd(1).with(times(4), WeightDecay.of(0.5)), 3);
        assertEquals(0.5 - 12, value(v), "v - 0.5 v - 4 g");
    }

    @Test
    void ofAccumulatedGradientsTheyAreToldTheMean() {
        Optimizer sgd = new Sgd(1).with(plus(1), GradientAccumulation.of(2));
        apply(sgd, 2);
        assertEquals(1, value(v));
        apply(sgd, 4);
        assertEquals(1 - 4, value(v));
        apply(sgd, 6);
        sgd.flush();
        assertEquals(1 - 4 - 7, value(v));
    }

    @Test
    void whatTheyRememberIsInTheStateUnderTheirName() {
        Optimizer sgd = new Sgd(1)
                .momentum(0.5)
                .with(summing("first"), summing("second"), each("momentum", (u, x, g) -> {
                    Variable<TFloat64> count = u.numberSlot("count", 5);
                    count.assignAdd(u.tf(), u.tf().constant(1.0));
                    return g;
                }));
        apply(sgd, 1);
        assertEquals(
                List.of(
                        "optimizer/iterations",
                        "optimizer/learning_rate",
                        "v/first/sum",
                        "v/second/sum",
                        "optimizer/momentum/count",
                        "v/momentum"),
                sgd.state().names());
        apply(sgd, 2);
        assertEquals(3, value(sgd.state().get("v/first/sum")));
        assertEquals(1 + 3, value(sgd.state().get("v/second/sum")));
        assertEquals(7, value(sgd.state().get("optimizer/momentum/count")));
    }

    @Test
    void aStepThatOnlyAccumulatesLeavesWhatTheyRemember() {
        Optimizer sgd = new Sgd(1).with(summing("sum"), GradientAccumulation.of(2));
        apply(sgd, 2);
        assertFalse(sgd.state().names().contains("v/sum/sum"), "nothing yet");
        apply(sgd, 4);
        assertEquals(3, value(sgd.state().get("v/sum/sum")));
    }

    @Test
    void oneServesSeveralOptimizers() {
        GradientTransform shared = summing("sum");
        Optimizer first = new Sgd(1).with(shared);
        Optimizer second = new Sgd(1).with(shared);
        apply(first, 1);
        apply(second, 1);
        assertEquals(1 - 1 - 1, value(v));
    }

    @Test
    void aTracedStepMakesTheSameNumbers() {
        Optimizer eager = new Adam(0.1).with(summing("sum"), times(0.3));
        for (int i = 0; i < 4; i++) {
            apply(eager, 0.7);
        }
        double expected = value(v);
        try (TensorScope scope = session.scope()) {
            v.assign(tf, tf.constant(1.0));
        }
        Optimizer traced = new Adam(0.1).with(summing("sum"), times(0.3));
        TracedFunction.Body step = (ops, none) -> {
            traced.apply(ops, Gradients.of(List.of(v), List.of(Optional.of(ops.constant(0.7)))));
            return List.of(ops.constant(0f));
        };
        try (TracedFunction function = TracedFunction.trace(session, "step", List.of(), step)) {
            for (int i = 0; i < 4; i++) {
                try (TensorScope scope = session.scope()) {
                    function.call(List.of());
                }
            }
        }
        assertEquals(expected, value(v));
    }

    @Test
    void aLossScaleIsDividedOutBeforeAndStepsThatAreNotFiniteDoNotCome() {
        Optimizer sgd = new Sgd(1).with(summing("sum"));
        sgd.setLossScale(LossScale.dynamic(4, 100));
        apply(sgd, 8);
        assertEquals(1 - 2, value(v));
        apply(sgd, Double.NaN);
        assertEquals(2, value(sgd.state().get("v/sum/sum")));
    }

    @Test
    void rowsOfATableAreAWholeGradientToOpsThatTakeThem() {
        Variable<TFloat64> table = Variable.create(tf, "table", tf.constant(new double[][] {{1}, {1}, {1}}), true);
        try (TensorScope scope = session.scope()) {
            Operand<TFloat64> rows = IndexedSlices.of(
                    tf, tf.constant(new double[][] {{1}, {2}}), tf.constant(new long[] {0, 0}), Shape.of(3, 1));
            new Sgd(1).with(plus(1)).apply(tf, Gradients.of(List.of(table), List.of(Optional.of(rows))));
            assertEquals(
                    1 - 4,
                    session.scalar(tf.reshape(
                            tf.slice(table.read(tf), tf.constant(new int[] {0, 0}), tf.constant(new int[] {1, 1})),
                            tf.constant(new int[0]))));
        }
    }

    static Stream<Arguments> wrongResults() {
        return Stream.of(
                wrong("no gradients", "got null", gradients -> null),
                wrong("a variable left out", "got []", gradients -> Gradients.of(List.of(), List.of())),
                wrong(
                        "another shape",
                        "float64 [2]",
                        gradients -> gradients.map((v, g) -> {
                            Ops ops = v.session().tf();
                            return ops.constant(new double[] {1, 2});
                        })),
                wrong(
                        "another type",
                        "float32 []",
                        gradients -> gradients.map((v, g) -> v.session().tf().constant(1f))));
    }

    private static Arguments wrong(String name, String words, UnaryOperator<Gradients> change) {
        return Arguments.of(name, words, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrongResults")
    void gradientsThatDoNotFitAreRefusedAndNothingIsChanged(
            String name, String words, UnaryOperator<Gradients> change) {
        Optimizer sgd = new Sgd(1)
                .with(
                        GradientTransform.of("mine", (update, gradients) -> change.apply(gradients)),
                        GradientAccumulation.of(2),
                        WeightDecay.of(0.5));
        apply(sgd, 3); // The step that follows makes the update.
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> apply(sgd, 3));
        assertTrue(error.getMessage().contains("transform mine"), error.getMessage());
        assertTrue(error.getMessage().contains(words), error.getMessage());
        assertEquals(1, value(v));
        assertEquals(3, value(sgd.state().get("v/gradient_accumulator")));
        assertEquals(1, value(sgd.state().get("optimizer/iterations")));
    }

    @Test
    void aTransformNeedsANameThatIsTheSameInEachRun() {
        GradientTransform lambda = (update, gradients) -> gradients;
        GradientTransform anonymous = new GradientTransform() {
            @Override
            public Gradients apply(Update update, Gradients gradients) {
                return gradients;
            }
        };
        for (GradientTransform nameless : List.of(lambda, anonymous)) {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> new Sgd().with(nameless));
            assertTrue(error.getMessage().contains("GradientTransform.of(name, …)"), error.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> GradientTransform.of(" ", lambda));
        assertEquals("noise", GradientTransform.of("noise", lambda).toString());
        final class Centralize implements GradientTransform {
            @Override
            public Gradients apply(Update update, Gradients gradients) {
                return gradients;
            }
        }
        assertEquals("Centralize", new Centralize().name());
        new Sgd().with(new Centralize());
    }

    @Test
    void twoOfOneNameAreRefusedSinceTheyWouldShareSlots() {
        Optimizer sgd = new Sgd().with(summing("sum"));
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> sgd.with(MovingAverage.of(0.5), summing("sum")));
        assertTrue(error.getMessage().contains("at most one transform named 'sum'"), error.getMessage());
        assertTrue(!sgd.hasAverages(), "nothing was added");
    }

    @Test
    void theyActOnAllVariablesOfAByVariableAndNotOnThoseOfAPart() {
        Sgd part = new Sgd(1);
        Optimizer whole = ByVariable.otherwise(part).with(times(2));
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> part.with(times(2)));
        assertTrue(
                error.getMessage().contains("a Sgd with times 2.0: give that to the ByVariable"), error.getMessage());
        assertThrows(IllegalArgumentException.class, () -> ByVariable.otherwise(new Sgd().with(times(2))));
        apply(whole, 3);
        assertEquals(1 - 6, value(v));
    }
}
