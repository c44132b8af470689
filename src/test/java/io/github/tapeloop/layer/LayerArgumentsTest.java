package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Bad arguments of layers, activations, initializers, regularizers and constraints, and what the messages say. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayerArgumentsTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterAll
    void close() {
        session.close();
    }

    private static Arguments bad(Executable mistake, String... words) {
        return Arguments.of(mistake, List.of(words));
    }

    static Stream<Arguments> arguments() {
        double nan = Double.NaN;
        return Stream.of(
                bad(() -> new Embedding(0, 3), "inputDim of at least 1, got 0"),
                bad(() -> new Embedding(3, 0), "outputDim of at least 1, got 0"),
                bad(() -> new Dense(3).enableLora(0), "Dense LoRA rank of at least 1, got 0"),
                bad(() -> new Dense(3).enableLora(2, 0), "Dense LoRA alpha above 0", "0.0"),
                bad(() -> new Embedding(3, 2).enableLora(2, nan), "Embedding LoRA alpha", "NaN"),
                bad(() -> new MultiHeadAttention(1, 2).enableLora(-1), "MultiHeadAttention LoRA rank", "-1"),
                bad(() -> new MultiHeadAttention(1, 2).enableLora(1, 1, "keys"), "[query, key, ", "got [keys]"),
                bad(() -> new TransformerEncoder(2, 1, 2).enableLora(1, 1, "key", "key"), "each once", "[key, key]"),
                bad(
                        () -> new Dense(3)
                                .kernel(w -> w.constraint(Constraint.nonNegative()))
                                .enableLora(2),
                        "both LoRA, enableLora, and a constraint of its kernel"),
                bad(() -> new BatchNormalization().momentum(1.5), "momentum in [0, 1]", "1.5"),
                bad(() -> new BatchNormalization().epsilon(0), "BatchNormalization", "epsilon above 0", "0.0"),
                bad(() -> new LayerNormalization().epsilon(nan), "LayerNormalization", "NaN"),
                bad(() -> new LayerNormalization(new int[0]), "at least one axis"),
                bad(() -> new GroupNormalization(0), "groups", "got 0"),
                bad(() -> new Normalization(new int[0]), "Normalization.overAll()"),
                bad(() -> new RmsNormalization(new int[0]), "at least one axis"),
                bad(() -> new RmsNormalization().epsilon(-1), "RmsNormalization", "-1.0"),
                bad(() -> new UnitNormalization(new int[0]), "at least one axis"),
                bad(() -> new Normalization().statistics(new double[1], new double[2]), "1 means and 2 variances"),
                bad(() -> new Normalization().statistics(new double[1], new double[] {-1}), "at least 0", "-1.0"),
                bad(() -> new GaussianNoise(-1), "GaussianNoise", "stddev", "-1.0"),
                bad(() -> new GaussianDropout(1), "GaussianDropout", "[0, 1)", "1.0"),
                bad(() -> new AlphaDropout(nan), "AlphaDropout", "[0, 1)", "NaN"),
                bad(() -> new PReLU(0), "shared axes other than 0"),
                bad(() -> new Dot(0), "axis 0"),
                bad(() -> Activations.leakyRelu(nan), "leakyRelu", "negativeSlope", "NaN"),
                bad(() -> Activations.relu(-1, 6, 0), "relu negativeSlope", "-1.0"),
                bad(() -> Activations.elu(nan), "elu", "alpha", "NaN"),
                bad(() -> Activations.celu(0), "celu", "alpha", "above 0"),
                bad(() -> Activations.squareplus(-1), "squareplus", "above 0", "-1.0"),
                bad(() -> Activations.hardShrink(-1), "hardShrink", "at least 0"),
                bad(() -> Activations.softShrink(-1), "softShrink", "at least 0"),
                bad(() -> Activations.threshold(nan, 0), "threshold", "NaN"),
                bad(() -> Initializer.randomNormal(0, -1), "randomNormal", "stddev", "-1.0"),
                bad(() -> Initializer.truncatedNormal(nan, 1), "truncatedNormal", "mean", "NaN"),
                bad(() -> Initializer.randomUniform(2, 1), "minval 2.0 and maxval 1.0"),
                bad(
                        () -> new VarianceScaling(0, VarianceScaling.Mode.FAN_IN, VarianceScaling.Distribution.UNIFORM),
                        "scale above 0",
                        "0.0"),
                bad(() -> Regularizer.l1(-1), "l1", "-1.0"),
                bad(() -> Regularizer.l1l2(0, nan), "l2", "NaN"),
                bad(() -> Regularizer.orthogonal(-1, Regularizer.Mode.ROWS), "factor", "-1.0"),
                bad(() -> Constraint.maxNorm(0, 0), "maxNorm", "above 0"),
                bad(() -> Constraint.minMaxNorm(2, 1, 1, 0), "minValue 2.0 and maxValue 1.0"),
                bad(() -> Constraint.minMaxNorm(0, 1, 2, 0), "rate in [0, 1]", "2.0"));
    }

    @ParameterizedTest
    @MethodSource("arguments")
    void aBadArgumentIsNamedWithItsValue(Executable mistake, List<String> words) {
        assertSays(mistake, words);
    }

    private static void assertSays(Executable mistake, List<String> words) {
        String message = assertThrows(IllegalArgumentException.class, mistake).getMessage();
        words.forEach(word -> assertTrue(message.contains(word), message));
    }

    /** Makes a call that cannot work. */
    private interface Call {
        void with(Ops tf, ForwardPass pass);
    }

    private static Arguments badCall(Call call, String... words) {
        return Arguments.of(call, List.of(words));
    }

    private static Operand<TFloat32> zeros(Ops tf, long... shape) {
        return tf.zeros(tf.constant(shape), TFloat32.class);
    }

    static Stream<Arguments> inputs() {
        return Stream.of(
                badCall((tf, pass) -> new BatchNormalization().call(pass, zeros(tf, 3)), "float32 [3]", "'batch_norm"),
                badCall(
                        (tf, pass) -> new BatchNormalization().axis(2).call(pass, zeros(tf, 3, 2)),
                        "axis 2",
                        "[-2, 1]"),
                badCall((tf, pass) -> new LayerNormalization(-3).call(pass, zeros(tf, 3, 2)), "axis -3", "[3, 2]"),
                badCall((tf, pass) -> new GroupNormalization(3).call(pass, zeros(tf, 3, 4)), "multiple of 3", "[3, 4]"),
                badCall(
                        (tf, pass) -> new Add().call(pass, zeros(tf, 3, 4), zeros(tf, 4)),
                        "[float32 [3, 4], float32 [4]]"),
                badCall((tf, pass) -> new Add().call(pass, List.of()), "'add'", "at least one input"),
                badCall((tf, pass) -> new Subtract().call(pass, zeros(tf, 2)), "2 inputs, got 1"),
                badCall((tf, pass) -> new Dot(-2).call(pass, zeros(tf, 2, 3), zeros(tf, 2, 3)), "axis 0", "[2, 3]"),
                badCall((tf, pass) -> new Concatenate(2).call(pass, zeros(tf, 2, 3), zeros(tf, 2, 3)), "axis 2"),
                badCall((tf, pass) -> Activations.softmax(2).call(tf, zeros(tf, 2, 3)), "axis 2", "[2, 3]"),
                badCall((tf, pass) -> Regularizer.orthogonal().penalty(tf, zeros(tf, 2)), "matrix", "float32 [2]"),
                badCall((tf, pass) -> initialize(tf, Initializer.orthogonal(), 3), "at least 2 dimensions", "[3]"),
                badCall((tf, pass) -> initialize(tf, Initializer.identity(), 3), "matrices", "[3]"),
                badCall(
                        (tf, pass) -> new Normalization()
                                .statistics(new double[3], new double[3])
                                .call(pass, zeros(tf, 2, 4)),
                        "3 features",
                        "has 4"));
    }

    private static void initialize(Ops tf, Initializer initializer, long... shape) {
        initializer.initialize(tf, Shape.of(shape), TFloat32.class, tf.constant(new long[] {1, 2}));
    }

    @ParameterizedTest
    @MethodSource("inputs")
    void aBadInputIsDescribed(Call call, List<String> words) {
        try (TensorScope scope = session.scope()) {
            assertSays(() -> call.with(tf, ForwardPass.training(tf)), words);
        }
    }
}
