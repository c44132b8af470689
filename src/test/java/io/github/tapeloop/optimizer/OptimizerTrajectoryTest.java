package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/** Twenty steps of Dense + loss + optimizer against PyTorch and NumPy, frozen in trajectories.txt with their script. */
class OptimizerTrajectoryTest {

    private static final Oracle ORACLE = Oracle.load("trajectories.txt");
    private static final int STEPS = 20;

    private static final Map<String, Supplier<Optimizer>> OPTIMIZERS = new LinkedHashMap<>();
    private static final Map<String, Loss> LOSSES =
            Map.of("scce", SparseCategoricalCrossentropy.fromLogits(), "mse", new MeanSquaredError());

    static {
        OPTIMIZERS.put("sgd", () -> new Sgd(0.05));
        OPTIMIZERS.put("sgd_momentum", () -> new Sgd(0.05).momentum(0.9));
        OPTIMIZERS.put("sgd_nesterov", () -> new Sgd(0.05).momentum(0.9).nesterov(true));
        OPTIMIZERS.put("sgd_exponential", () -> new Sgd(Schedule.exponentialDecay(0.1, 5, 0.5)));
        OPTIMIZERS.put("adam", () -> new Adam(0.01));
        OPTIMIZERS.put("adam_amsgrad", () -> new Adam(0.01).amsgrad(true));
        OPTIMIZERS.put("adam_fast", () -> new Adam(0.05).betas(0.5, 0.5).epsilon(0.01));
        OPTIMIZERS.put(
                "adam_fast_amsgrad",
                () -> new Adam(0.05).betas(0.5, 0.5).epsilon(0.01).amsgrad(true));
    }

    static Stream<Arguments> cases() {
        return OPTIMIZERS.keySet().stream().flatMap(optimizer -> LOSSES.keySet().stream()
                .flatMap(loss ->
                        Stream.of(Arguments.of(optimizer, loss, "float64"), Arguments.of(optimizer, loss, "float32"))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void twentyStepsFollowTheOracle(String optimizer, String loss, String type) {
        Model model = Sequential.of(new Dense(3)
                .kernel(w -> w.initializer(figure("init.kernel")))
                .bias(w -> w.initializer(figure("init.bias"))));
        String target = loss.equals("scce") ? "data.labels" : "data.targets";
        check(model, optimizer + "." + loss, OPTIMIZERS.get(optimizer).get(), LOSSES.get(loss), target, type);
    }

    @ParameterizedTest
    @MethodSource("types")
    void aNetworkOfTwoLayersFollowsTheOracle(String type) {
        Model model = Sequential.of(
                new Dense(5, Activations.TANH)
                        .kernel(w -> w.initializer(figure("init.mlp.kernel1")))
                        .bias(w -> w.initializer(figure("init.mlp.bias1"))),
                new Dense(3)
                        .kernel(w -> w.initializer(figure("init.mlp.kernel2")))
                        .bias(w -> w.initializer(figure("init.mlp.bias2"))));
        check(model, "mlp.adam.scce", new Adam(0.01), LOSSES.get("scce"), "data.labels", type);
    }

    static Stream<String> types() {
        return Stream.of("float64", "float32");
    }

    private static Initializer figure(String name) {
        return (tf, shape, type, seed) ->
                Tensors.cast(tf, tf.constant(shape, DataBuffers.of(ORACLE.values(name))), type);
    }

    private static void check(Model model, String name, Optimizer optimizer, Loss loss, String target, String type) {
        double tolerance = type.equals("float64") ? 1e-9 : 1e-5;
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            double[] losses = ORACLE.values(name + ".losses");
            for (int step = 0; step < STEPS; step++) {
                try (TensorScope scope = session.scope();
                        GradientTape tape = GradientTape.open(tf)) {
                    Operand<TFloat32> x = input(tf, type);
                    Operand<TFloat32> value =
                            loss.call(tf, target(tf, target), model.call(ForwardPass.training(tf), x));
                    optimizer.apply(tf, tape.gradients(value, model.trainableVariables()));
                    assertEquals(losses[step], session.scalar(value), tolerance * Math.abs(losses[step]), name + step);
                }
            }
            List<String> weights = name.startsWith("mlp")
                    ? List.of("kernel1", "bias1", "kernel2", "bias2")
                    : List.of("kernel", "bias");
            int next = 0;
            for (Variable<?> variable : model.variables()) {
                assertWeights(session, name + "." + weights.get(next++), variable, tolerance);
            }
        }
    }

    @SuppressWarnings("unchecked") // Layers follow the run-time type.
    private static Operand<TFloat32> input(Ops tf, String type) {
        Operand<TFloat64> exact = tf.constant(ORACLE.shape("data.x"), DataBuffers.of(ORACLE.values("data.x")));
        Operand<? extends TNumber> x = type.equals("float64") ? exact : Tensors.cast(tf, exact, TFloat32.class);
        return (Operand<TFloat32>) x;
    }

    private static Operand<? extends TNumber> target(Ops tf, String name) {
        Operand<TFloat64> exact = tf.constant(ORACLE.shape(name), DataBuffers.of(ORACLE.values(name)));
        return name.equals("data.labels") ? Tensors.cast(tf, exact, TInt32.class) : exact;
    }

    private static void assertWeights(TapeSession session, String name, Variable<?> variable, double tolerance) {
        double[] expected = ORACLE.values(name);
        try (TensorScope scope = session.scope()) {
            Operand<TFloat64> value = Tensors.cast(session.tf(), variable.read(session.tf()), TFloat64.class);
            List<Double> actual = session.read(value, tensor -> {
                List<Double> values = new ArrayList<>();
                tensor.scalars().forEach(scalar -> values.add(scalar.getDouble()));
                return values;
            });
            for (int i = 0; i < expected.length; i++) {
                // Weights near zero are sums of larger steps, whose rounding they keep.
                assertEquals(expected[i], actual.get(i), tolerance * Math.max(0.1, Math.abs(expected[i])), name);
            }
        }
    }
}
