package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackKind;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerKind;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.OptimizerKind;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.parts.LossesAndMetrics;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Variable;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Every public setter of every part, found by reflection, called after three steps that used the part: it is refused, or acts
 * in the next step, and does the same however steps are run.
 */
class SettingsInStepsTest {

    private static final List<Mode> MODES = List.of(Mode.OP_BY_OP, Mode.CACHED, Mode.COMPILED);

    private static final Loss MEAN = (tf, target, prediction) ->
            tf.math.mean(tf.reshape(prediction, tf.constant(new int[] {-1})), tf.constant(0));

    /** What a setter gives that was refused. */
    private static final Object REFUSED = new Object();

    @TempDir
    Path directory;

    /**
     * A part in use.
     *
     * @param builder of a trainer that uses it
     * @param data as many batches as steps
     * @param options of a fit over them
     */
    private record Use(Object part, TrainerBuilder builder, Batches data, Fit options) {

        Use(Object part, TrainerBuilder builder, Batches data) {
            this(part, builder, data, Fit.epochs(1));
        }
    }

    /**
     * What is to be tried of a part.
     *
     * @param setters its setters
     * @param use uses a new part in a new trainer
     * @param call calls a setter of the part with legal arguments
     */
    private record Trial(List<Method> setters, Supplier<Use> use, Call call) {}

    /** Calls a setter of a part that a trainer uses. */
    @FunctionalInterface
    private interface Call {
        Object on(Object part, Method setter, Trainer trainer) throws Throwable;
    }

    private static Trainer trained(Mode mode, Use use) {
        Trainer trainer = mode.of(use.builder().seed(3).threads(1, 1)).build();
        trainer.fit(use.data(), use.options());
        return trainer;
    }

    /** What the setter gave, or {@link #REFUSED}; a refusal names the part and the setting. */
    private static Object given(Trial trial, Object part, Method setter, Trainer trainer, String where)
            throws Throwable {
        try {
            return trial.call().on(part, setter, trainer);
        } catch (IllegalStateException e) {
            String message = Objects.requireNonNullElse(e.getMessage(), "");
            assertTrue(message.contains(part.getClass().getSimpleName()), where + ": " + message);
            assertTrue(message.contains(setter.getName()), where + ": " + message);
            return REFUSED;
        }
    }

    /** The setters that are refused by name, the same in all modes; all others act, and do the same. */
    private static Set<String> refused(Trial trial) throws Throwable {
        Set<String> refused = null;
        Map<String, List<Double>> acted = null;
        boolean isCopied = false;
        boolean hasWeights = false;
        for (Mode mode : MODES) {
            Set<String> here = new TreeSet<>();
            Use use = trial.use().get();
            try (Trainer trainer = trained(mode, use)) {
                hasWeights = !(use.part() instanceof Layer layer)
                        || layer.trainableVariables().size() > 0;
                for (Method setter : trial.setters()) {
                    Object given = given(trial, use.part(), setter, trainer, mode + " " + setter);
                    if (given == REFUSED) {
                        here.add(setter.toString());
                    }
                    isCopied |= given != null && given != REFUSED && given != use.part();
                }
                assertTrue(refused == null || refused.equals(here), mode + ": " + refused + " or " + here);
                refused = here;
                if (here.size() < trial.setters().size()) {
                    Map<String, List<Double>> after = afterTwoMore(trainer, use);
                    if (acted != null) {
                        assertClose(acted, after, mode.toString());
                    }
                    acted = after;
                }
            }
        }
        if (acted != null) {
            requireToAct(trial, acted, isCopied, hasWeights);
        }
        return refused;
    }

    private static void requireToAct(
            Trial trial, Map<String, List<Double>> acted, boolean isCopied, boolean hasWeights) {
        Use untouched = trial.use().get();
        try (Trainer trainer = trained(Mode.COMPILED, untouched)) {
            Map<String, List<Double>> expected = afterTwoMore(trainer, untouched);
            if (isCopied) {
                assertEquals(expected, acted, "a copy changes nothing");
            } else if (hasWeights) {
                assertNotEquals(expected, acted);
            }
        }
    }

    /** Equal up to the last digits, which graphs may round in another order. */
    private static void assertClose(Map<String, List<Double>> expected, Map<String, List<Double>> actual, String mode) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((path, values) -> {
            for (int i = 0; i < values.size(); i++) {
                assertEquals(values.get(i), actual.get(path).get(i), 1e-5, mode + " " + path);
            }
        });
    }

    /** The weights after the next step, and after the one that follows. */
    private static Map<String, List<Double>> afterTwoMore(Trainer trainer, Use use) {
        Map<String, List<Double>> weights = new TreeMap<>();
        for (int step = 0; step < 2; step++) {
            int number = step;
            trainer.fit(use.data().take(1), Fit.epochs(1));
            Everything.variables(trainer).forEach((path, values) -> {
                if (path.startsWith("model/")) {
                    weights.put(number + " " + path, values);
                }
            });
        }
        return weights;
    }

    // Layers.

    /** A layer between data and a number. */
    private static final class Around extends Model {
        private final Layer part;
        private final Flatten flat = layer(new Flatten());
        private final Dense out = layer(new Dense(1));

        Around(Layer part) {
            this.part = layer(part);
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return out.call(pass, flat.call(pass, LayerKind.call(part, pass, x)));
        }
    }

    private static Batches threeBatches(LayerKind kind) {
        Shape all = kind.small().prepend(6);
        double[] numbers = FiniteDifferences.numbers(all.size());
        float[] inputs = new float[numbers.length];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = kind.takesIds() ? i % 7 : (float) numbers[i];
        }
        return Dataset.of(
                        NdArrays.wrap(all, DataBuffers.of(inputs, true, false)),
                        NdArrays.wrap(Shape.of(6, 1), DataBuffers.of(new float[] {1, -1, 2, 0, 3, 1}, true, false)))
                .batch(2);
    }

    static Stream<LayerKind> layers() {
        return LayerKind.ofEachClass();
    }

    @ParameterizedTest
    @MethodSource("layers")
    void ofALayerOnlyWhatIsFrozenCanChange(LayerKind kind) throws Throwable {
        List<Method> setters = LayerKind.setters(kind.make().get().getClass()).toList();
        Batches data = threeBatches(kind);
        Supplier<Use> use = () -> {
            Layer part = kind.make().get();
            TrainerBuilder builder =
                    Trainer.of(new Around(part)).loss(new MeanSquaredError()).optimizer(new Sgd(0.0625));
            return new Use(part, builder, data);
        };
        Call call = (part, setter, trainer) -> {
            Map<Class<?>, Object> values = LayerKind.values();
            Ops tf = trainer.session().tf();
            values.put(Ops.class, tf);
            try (TensorScope scope = trainer.session().scope()) {
                long[] shape = kind.small().prepend(2).asArray();
                values.put(Iterable.class, List.of(tf.fill(tf.constant(shape), tf.constant(0.5f))));
                return Setters.call(part, setter, values);
            }
        };
        Set<String> may = setters.stream()
                .map(Method::getName)
                .filter(name -> name.equals("trainable") || name.equals("adapt"))
                .collect(Collectors.toSet());
        assertTrue(may.contains("trainable"));
        assertEquals(
                setters.size() - may.size(),
                refused(new Trial(setters, use, call)).size());
    }

    // Losses and metrics.

    /** Learns one factor of its input, which starts as 1. */
    private static final class Scale extends Model {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Variable<TFloat32> factor = weight(pass, "factor", Shape.scalar(), x.type(), Initializer.ones());
            return pass.tf().math.mul(x, factor.read(pass.tf()));
        }
    }

    /** One way to make each class that has setters. */
    static Stream<LossesAndMetrics.Part> lossesAndMetrics() {
        Set<Class<?>> seen = new HashSet<>();
        return LossesAndMetrics.parts()
                .filter(part -> !LossesAndMetrics.setters(part.type()).isEmpty() && seen.add(part.type()));
    }

    /** Three batches of the first kind of data that a part takes. */
    private static Batches threeBatches(LossesAndMetrics.Part part) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope()) {
            LossesAndMetrics.Data data = LossesAndMetrics.fitting(session.tf(), part);
            return Dataset.of(array(session, data.prediction()), array(session, data.target()))
                    .repeat(3)
                    .batch(2);
        }
    }

    private static NdArray<?> array(TapeSession session, Operand<?> operand) {
        double[] values = FiniteDifferences.values(session, operand);
        Shape shape = Tensors.shape(operand);
        if (operand.type() == TFloat32.class) {
            float[] floats = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                floats[i] = (float) values[i];
            }
            return NdArrays.wrap(shape, DataBuffers.of(floats, true, false));
        }
        int[] ints = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            ints[i] = (int) values[i];
        }
        return NdArrays.wrap(shape, DataBuffers.of(ints, true, false));
    }

    @ParameterizedTest
    @MethodSource("lossesAndMetrics")
    void ofALossOrAMetricNothingCanChange(LossesAndMetrics.Part part) throws Throwable {
        List<Method> setters = LossesAndMetrics.setters(part.type());
        Batches data = threeBatches(part);
        Supplier<Use> use = () -> {
            Object made = part.make().get();
            TrainerBuilder builder = Trainer.of(new Scale()).optimizer(new Sgd(0.001));
            if (made instanceof Metric metric) {
                builder.loss(MEAN).metrics(metric);
            } else {
                builder.loss((Loss) made);
            }
            return new Use(made, builder, data);
        };
        Call call = (made, setter, trainer) -> LossesAndMetrics.call(setter, made);
        assertEquals(setters.size(), refused(new Trial(setters, use, call)).size());
    }

    // Optimizers and what goes with them.

    private static Use ofOptimizer(Object part, Optimizer optimizer) {
        TrainerBuilder builder = Problems.trainerOf(Problems.network()).optimizer(optimizer);
        return new Use(part, builder, Problems.batches(15, 5));
    }

    private static Call withValues() {
        return (part, setter, trainer) -> Setters.call(
                part,
                setter,
                OptimizerKind.values(
                        setter, trainer.model().variables().iterator().next()));
    }

    static Stream<Class<? extends Optimizer>> optimizers() {
        return Setters.parts(Optimizer.class);
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void ofAnOptimizerOnlyTheLearningRateCanChange(Class<? extends Optimizer> type) throws Throwable {
        List<Method> setters = OptimizerKind.setters(type).toList();
        Supplier<Use> use = () -> {
            try {
                Optimizer made = OptimizerKind.make(type);
                return ofOptimizer(made, made);
            } catch (ReflectiveOperationException e) {
                throw new AssertionError(type.toString(), e);
            }
        };
        Set<String> refused = refused(new Trial(setters, use, withValues()));
        assertEquals(setters.size() - 1, refused.size());
        assertTrue(refused.stream().noneMatch(setter -> setter.contains("setLearningRate")), refused::toString);
    }

    static Stream<Arguments> transforms() {
        return OptimizerKind.transforms().map(make -> Arguments.of(make.get(), make));
    }

    @Test
    void theTableHasEachTransform() {
        Setters.parts(Optimizer.Transform.class)
                .forEach(type -> assertTrue(
                        OptimizerKind.transforms().map(Supplier::get).anyMatch(type::isInstance), type.toString()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("transforms")
    void aTransformIsCopiedAndNotChanged(Optimizer.Transform named, Supplier<Optimizer.Transform> make)
            throws Throwable {
        List<Method> setters = OptimizerKind.setters(named.getClass()).toList();
        Supplier<Use> use = () -> {
            Optimizer.Transform made = make.get();
            return ofOptimizer(made, new Sgd(0.0625).with(made));
        };
        assertEquals(Set.of(), refused(new Trial(setters, use, withValues())));
    }

    @Test
    void ofALossScaleNothingCanChange() throws Throwable {
        List<Method> setters = OptimizerKind.setters(LossScale.class).toList();
        assertFalse(setters.isEmpty());
        Supplier<Use> use = () -> {
            LossScale made = LossScale.dynamic();
            Sgd sgd = new Sgd(0.0625);
            sgd.setLossScale(made);
            return ofOptimizer(made, sgd);
        };
        assertEquals(
                setters.size(), refused(new Trial(setters, use, withValues())).size());
    }

    // Callbacks.

    static Stream<Class<? extends Callback>> callbacks() {
        return CallbackKind.types().filter(type -> Setters.of(type).findAny().isPresent());
    }

    @ParameterizedTest
    @MethodSource("callbacks")
    void ofACallbackNothingCanChange(Class<? extends Callback> type) throws Throwable {
        List<Method> setters = Setters.of(type).toList();
        Map<String, Integer> during = new HashMap<>();
        Function<Object, Callback> tries = part -> Callback.trainBatchEnd((run, event) -> {
            for (Method setter : setters) {
                try {
                    Setters.call(part, setter, CallbackKind.VALUES);
                } catch (IllegalStateException e) {
                    during.merge(setter.toString(), 1, Integer::sum);
                } catch (Throwable e) {
                    throw new AssertionError(setter.toString(), e);
                }
            }
        });
        Supplier<Use> use = () -> {
            Callback made = CallbackKind.make(type, directory);
            Optimizer sgd = new Sgd(0.0625).with(MovingAverage.of(0.5));
            Fit options = Fit.epochs(1).validation(Problems.batches(5, 5)).callbacks(made, tries.apply(made));
            return new Use(
                    made, Problems.trainerOf(Problems.network()).optimizer(sgd), Problems.batches(15, 5), options);
        };
        Call call = (part, setter, trainer) -> Setters.call(part, setter, CallbackKind.VALUES);
        assertEquals(setters.size(), refused(new Trial(setters, use, call)).size());
        setters.forEach(setter -> assertEquals(3 * MODES.size(), during.get(setter.toString()), setter.toString()));
    }
}
