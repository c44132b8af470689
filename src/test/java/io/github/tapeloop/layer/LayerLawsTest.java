package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Variable;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What holds for the settings and the weights of each layer, found by reflection. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayerLawsTest {

    /** What changes variables, and so may be called at any time; and what is asked for in each step. */
    private static final Set<String> AT_ANY_TIME = Set.of("adapt", "trainable");

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    @BeforeEach
    void open() {
        test = session.scope();
    }

    @AfterEach
    void end() {
        test.close();
    }

    @AfterAll
    void close() {
        session.close();
    }

    @Test
    void theTableHasEachLayer() {
        assertEquals(
                LayerKind.names(),
                LayerKind.all()
                        .map(kind -> kind.make().get().getClass().getSimpleName())
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    private Operand<TFloat32> input(LayerKind kind) {
        return tf.fill(tf.constant(kind.small().prepend(2).asArray()), tf.constant(1f));
    }

    static Stream<Arguments> settings() {
        return LayerKind.ofEachClass()
                .flatMap(kind -> LayerKind.setters(kind.make().get().getClass())
                        .filter(setter -> !AT_ANY_TIME.contains(setter.getName()))
                        .map(setter -> Arguments.of(setter.getName(), kind, setter)));
    }

    private static void set(Layer layer, Method setter) throws Throwable {
        Setters.call(layer, setter, LayerKind.values());
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("settings")
    void aSettingEndsWithTheFirstCallAndSaysSo(String setting, LayerKind kind, Method setter) throws Throwable {
        for (boolean traced : new boolean[] {false, true}) {
            Layer layer = kind.make().get();
            set(layer, setter);
            set(layer, setter); // Again, as it was not called.
            callOnce(kind, layer, traced);
            IllegalStateException error = assertThrows(IllegalStateException.class, () -> set(layer, setter));
            for (String word : List.of(layer.path(), layer.getClass().getSimpleName(), "its " + setting + " cannot")) {
                assertTrue(error.getMessage().contains(word), error.getMessage());
            }
        }
    }

    private void callOnce(LayerKind kind, Layer layer, boolean traced) {
        Operand<TFloat32> x = input(kind);
        if (!traced) {
            LayerKind.call(layer, ForwardPass.inference(tf), x);
            return;
        }
        TracedFunction.trace(
                        session,
                        "once",
                        List.of(Spec.of(x)),
                        (ops, in) ->
                                List.of(LayerKind.call(layer, ForwardPass.training(ops), ForwardPass.input(in.get(0)))))
                .close();
    }

    @Test
    void thereAreSettingsOfEachSort() {
        Set<String> names =
                settings().map(arguments -> (String) arguments.get()[0]).collect(Collectors.toSet());
        assertTrue(
                names.containsAll(Set.of(
                        "kernel",
                        "momentum",
                        "epsilon",
                        "statistics",
                        "keepDims",
                        "mergeMode",
                        "dilationRate",
                        "useCausalMask",
                        "interpolation",
                        "recurrentDropout")),
                names::toString);
    }

    @Test
    void aFreezeMayComeAndGo() {
        for (LayerKind kind : LayerKind.all().toList()) {
            Layer layer = kind.make().get();
            callOnce(kind, layer, false);
            int trained = layer.trainableVariables().size();
            assertEquals(0, layer.trainable(false).trainableVariables().size());
            assertEquals(trained, layer.trainable(true).trainableVariables().size());
        }
    }

    /** Weights by the layer that has them. */
    static Stream<Arguments> weights() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            return LayerKind.all()
                    .filter(kind -> !(kind.make().get() instanceof Normalization)) // Its statistics are data.
                    .filter(kind -> !kind.make().get().hasLora()) // What it adds has no setter.
                    .flatMap(kind -> {
                        Layer layer = kind.make().get();
                        Ops ops = session.tf();
                        LayerKind.call(
                                layer,
                                ForwardPass.inference(ops),
                                ops.zeros(ops.constant(kind.small().prepend(2).asArray()), TFloat32.class));
                        return layer.ownWeights().stream()
                                .map(weight -> Arguments.of(
                                        weight.name().substring(layer.path().length() + 1), kind));
                    })
                    .toList()
                    .stream();
        }
    }

    /** A layer whose weight was changed by its setter, and called in a training pass. */
    private Called changed(String weight, LayerKind kind, UnaryOperator<WeightSpec> change) throws Exception {
        Layer layer = kind.make().get();
        String setter = camelCase(weight.substring(weight.indexOf('/') + 1));
        Method method = layer.getClass().getMethod(setter, UnaryOperator.class);
        method.setAccessible(true);
        method.invoke(layer, change);
        ForwardPass pass = ForwardPass.training(tf);
        LayerKind.call(layer, pass, input(kind));
        Variable<?> variable = layer.variables().get(layer.path() + "/" + weight);
        return new Called(variable, pass);
    }

    private record Called(Variable<?> weight, ForwardPass pass) {}

    private static String camelCase(String weight) {
        String[] words = weight.split("_");
        return words[0]
                + Arrays.stream(words)
                        .skip(1)
                        .map(word -> word.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + word.substring(1))
                        .collect(Collectors.joining());
    }

    @ParameterizedTest(name = "{0} of {1}")
    @MethodSource("weights")
    void theSetterOfAWeightSetsItsInitializerRegularizerAndConstraint(String name, LayerKind kind) throws Exception {
        double[] seen = new double[1];
        Called called = changed(name, kind, w -> w.initializer(Initializer.constant(0.25))
                .regularizer((ops, value) -> {
                    seen[0]++;
                    return Regularizer.l1(2).penalty(ops, value);
                })
                .constraint((ops, value) -> ops.math.mul(value, ops.constant(3f))));
        boolean statistic = name.startsWith("moving_");
        if (!statistic) {
            double[] start = values(session, called.weight().read(tf));
            double[] expected = new double[start.length];
            Arrays.fill(expected, 0.25);
            assertArrayEquals(expected, start);
        }
        boolean shared = name.contains("/"); // One setter for the four kernels of an attention.
        assertEquals(statistic ? 0 : shared ? 4 : 1, seen[0]);
        double elements = called.weight().shape().size();
        double penalty = called.pass().losses().stream()
                .mapToDouble(session::scalar)
                .max()
                .orElse(0);
        assertTrue(statistic || penalty >= 2 * 0.25 * elements, () -> penalty + " of " + elements);
        double[] before = values(session, called.weight().read(tf));
        called.weight().project(tf);
        double[] after = values(session, called.weight().read(tf));
        for (int i = 0; i < after.length; i++) {
            assertEquals(3 * before[i], after[i], 1e-6);
        }
    }

    @ParameterizedTest(name = "{0} of {1}")
    @MethodSource("weights")
    void aWeightMayStayAsItStarts(String name, LayerKind kind) throws Exception {
        assertEquals(
                false,
                changed(name, kind, w -> w.trainable(false).regularizer(Regularizer.l2()))
                        .weight()
                        .trainable());
    }

    @Test
    void statisticsAreNotTrainedWhateverTheSpec() throws Exception {
        LayerKind kind = new LayerKind(BatchNormalization::new, org.tensorflow.ndarray.Shape.of(3), null);
        for (String name : List.of("moving_mean", "moving_variance")) {
            assertEquals(
                    false,
                    changed(name, kind, w -> WeightSpec.of(Initializer.constant(7)))
                            .weight()
                            .trainable());
        }
    }
}
