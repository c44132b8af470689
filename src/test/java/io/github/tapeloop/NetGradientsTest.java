package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.layer.Activation;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.GlobalAveragePool1D;
import io.github.tapeloop.layer.Gru;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.Lstm;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Padding;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.parts.PartRun;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.train.BatchMatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/** The gradients of whole nets against those of PyTorch. */
class NetGradientsTest {

    private static final Oracle ORACLE = Oracle.load("nets.txt");

    private static Model cnn() {
        return Sequential.of(
                new Conv2D(4, 3, Activations.RELU).padding(Padding.SAME),
                new MaxPool2D(2),
                new Conv2D(5, 3, Activations.TANH),
                new Conv2D(3, 2, Activations.RELU).padding(Padding.SAME),
                new Flatten(),
                new Dense(3));
    }

    private static Model batchNorm() {
        return Sequential.of(
                new Dense(6).useBias(false),
                new BatchNormalization(),
                new Activation(Activations.RELU),
                new Dense(4),
                new BatchNormalization(),
                new Activation(Activations.TANH),
                new Dense(3));
    }

    /** A block of a transformer with one head. */
    private static final class Attention extends Model {
        private final Dense query = layer(new Dense(4));
        private final Dense key = layer(new Dense(4));
        private final Dense value = layer(new Dense(4));
        private final LayerNormalization norm = layer(new LayerNormalization());
        private final Dense wide = layer(new Dense(8, Activations.GELU));
        private final Dense narrow = layer(new Dense(4));
        private final GlobalAveragePool1D mean = layer(new GlobalAveragePool1D());
        private final Dense logits = layer(new Dense(3));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TFloat32> scores =
                    tf.train.batchMatMul(query.call(pass, x), key.call(pass, x), x.type(), BatchMatMul.adjY(true));
            Operand<TFloat32> half = tf.dtypes.cast(tf.constant(0.5f), x.type());
            Operand<TFloat32> weights = tf.nn.softmax(tf.math.mul(scores, half));
            Operand<TFloat32> seen = tf.train.batchMatMul(weights, value.call(pass, x), x.type());
            Operand<TFloat32> h = norm.call(pass, tf.math.add(x, seen));
            h = tf.math.add(h, narrow.call(pass, wide.call(pass, h)));
            return logits.call(pass, mean.call(pass, h));
        }
    }

    private static Model gru() {
        return Sequential.of(new Embedding(9, 4), new Gru(5).returnSequences(true), new Gru(4), new Dense(3));
    }

    private static Model lstm() {
        return Sequential.of(new Lstm(5).returnSequences(true), new Lstm(4), new Dense(3));
    }

    static Stream<Arguments> nets() {
        return Stream.of(true, false)
                .flatMap(compiled -> Stream.of(true, false).map(float64 -> new PartRun(compiled, float64)))
                .flatMap(run -> Stream.of("cnn", "batch_norm", "attention", "gru", "lstm")
                        .map(net -> Arguments.of(net, run)));
    }

    private static Model model(String net) {
        return switch (net) {
            case "cnn" -> cnn();
            case "batch_norm" -> batchNorm();
            case "gru" -> gru();
            case "lstm" -> lstm();
            default -> new Attention();
        };
    }

    @ParameterizedTest
    @MethodSource("nets")
    void lossAndGradientsAreThoseOfPyTorch(String net, PartRun run) {
        Model model = model(net);
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Operand<TFloat32> x = run.constant(tf, ORACLE.shape(net + "/x"), ORACLE.values(net + "/x"));
            Operand<TInt64> labels = tf.dtypes.cast(tf.constant(ORACLE.values(net + "/labels")), TInt64.class);
            model.call(ForwardPass.inference(tf), x);
            int weights = 0;
            for (Variable<?> weight : model.trainableVariables()) {
                String name = net + "/" + weights++ + "/weight";
                assertEquals(ORACLE.shape(name), weight.shape(), weight.name());
                float32(weight).assign(tf, run.constant(tf, weight.shape(), ORACLE.values(name)));
            }
            List<double[]> values = run.run(session, List.of(x, labels), (ops, given) -> {
                try (GradientTape tape = GradientTape.open(ops)) {
                    Operand<TFloat32> prediction = model.call(ForwardPass.training(ops), typed(given.get(0)));
                    Operand<TFloat32> loss = SparseCategoricalCrossentropy.fromLogits()
                            .call(ops, NetGradientsTest.<TInt64>typed(given.get(1)), prediction);
                    Gradients gradients = tape.gradients(loss, model.trainableVariables());
                    List<Operand<?>> results = new ArrayList<>(List.of(loss));
                    model.trainableVariables()
                            .forEach(weight ->
                                    results.add(gradients.of(float32(weight)).orElseThrow()));
                    return results;
                }
            });
            assertClose(ORACLE.values(net + "/loss"), values.get(0), run, "loss");
            for (int i = 0; i < weights; i++) {
                assertClose(ORACLE.values(net + "/" + i + "/gradient"), values.get(i + 1), run, "gradient " + i);
            }
        }
    }

    /** Relative to the largest element of a gradient: others are differences of numbers of its size. */
    private static void assertClose(double[] expected, double[] actual, PartRun run, String what) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        // Some gradients are 0 but for rounding: a bias before batch normalization, that of the keys.
        double scale = largest < 1e-14 ? 0.05 : largest;
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], (run.float64() ? 1e-10 : 1e-5) * scale, what + " [" + i + "]");
        }
    }

    @SuppressWarnings("unchecked") // float64 flows through TFloat32 signatures.
    private static Variable<TFloat32> float32(Variable<?> variable) {
        return (Variable<TFloat32>) variable;
    }

    @SuppressWarnings("unchecked") // The types are those of the inputs.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
    }
}
