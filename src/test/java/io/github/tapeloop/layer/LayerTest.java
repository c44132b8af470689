package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

class LayerTest {

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(3).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private double[] read(Operand<?> operand) {
        return session.read(Tensors.cast(tf, operand, TFloat64.class), tensor -> {
            List<Double> values = new ArrayList<>();
            tensor.scalars().forEach(scalar -> values.add(scalar.getDouble()));
            return values.stream().mapToDouble(Double::doubleValue).toArray();
        });
    }

    @Test
    void denseIsAMatrixProductABiasAndAnActivation() {
        Dense dense = new Dense(2, Activations.RELU)
                .kernel(w -> w.initializer((ops, shape, type, seed) -> ops.constant(new float[][] {{1, 2}, {3, 4}})))
                .bias(w -> w.initializer((ops, shape, type, seed) -> ops.constant(new float[] {10, -100})));
        Operand<TFloat32> y = dense.call(ForwardPass.inference(tf), tf.constant(new float[][] {{5, 6}}));
        assertArrayEquals(new double[] {5 + 18 + 10, 0}, read(y));
    }

    @Test
    void denseRefusesWhatItCannotTake() {
        Model model = Sequential.of(new Dense(2));
        ForwardPass pass = ForwardPass.inference(tf);
        Operand<TFloat32> vector = tf.constant(new float[] {1, 2});
        assertRefused(
                IllegalArgumentException.class,
                () -> model.call(pass, vector),
                "sequential/dense",
                "float32 [2]",
                "add the batch dimension");
        model.call(pass, tf.constant(new float[][] {{1, 2, 3}}));
        assertRefused(
                IllegalArgumentException.class,
                () -> model.call(pass, tf.constant(new float[][] {{1, 2}})),
                "sequential/dense",
                "[3, 2]",
                "[2, 2]");
        assertRefused(IllegalArgumentException.class, () -> new Dense(0), "units of at least 1");
    }

    @Test
    void aConvolutionSumsWhatIsUnderItsWindow() {
        Conv2D convolution = new Conv2D(1, 2).kernel(w -> w.initializer(Initializer.ones()));
        Operand<TFloat32> image = tf.constant(new float[][][][] {{{{1}, {2}, {3}}, {{4}, {5}, {6}}}});
        assertArrayEquals(new double[] {12, 16}, read(convolution.call(ForwardPass.inference(tf), image)));
        assertArrayEquals(new double[] {5}, read(new MaxPool2D(2).call(ForwardPass.inference(tf), image)));
    }

    @Test
    void windowsRefuseWhatTheyCannotTake() {
        Operand<TFloat32> withoutChannels = tf.constant(new float[1][4][4]);
        ForwardPass pass = ForwardPass.inference(tf);
        assertRefused(
                IllegalArgumentException.class,
                () -> new Conv2D(1, 2).call(pass, withoutChannels),
                "conv2d",
                "[1, 4, 4]",
                "Reshape");
        assertRefused(IllegalArgumentException.class, () -> new Conv2D(0, 1), "filters", "at least 1");
        assertRefused(IllegalArgumentException.class, () -> new MaxPool2D(0), "poolSize", "0");
        assertRefused(
                IllegalArgumentException.class,
                () -> new Reshape(5).call(pass, tf.constant(new float[1][4])),
                "[5]",
                "[4]");
        assertRefused(IllegalArgumentException.class, () -> new Reshape(-1, -1), "one of them -1");
    }

    @Test
    void optionsComeBeforeTheFirstCall() {
        Dense dense = new Dense(2);
        dense.call(ForwardPass.inference(tf), tf.constant(new float[][] {{1}}));
        assertRefused(IllegalStateException.class, () -> dense.useBias(false), "useBias");
        assertRefused(
                IllegalStateException.class, () -> dense.kernel(w -> w.initializer(Initializer.zeros())), "kernel");
    }

    @Test
    void twoLayersOfAClassStartWithWeightsOfTheirOwn() {
        Operand<TFloat32> x = tf.constant(new float[][] {{1, 2, 3}});
        Dense first = new Dense(2);
        Dense second = new Dense(2);
        Model third = Sequential.of(new Dense(2));
        Model fourth = Sequential.of(new Dense(2));
        List<List<Double>> outputs = new ArrayList<>();
        for (Layer layer : List.of(first, second, third, fourth)) {
            outputs.add(Arrays.stream(read(layer.call(ForwardPass.inference(tf), x)))
                    .boxed()
                    .toList());
        }
        assertEquals(4, Set.copyOf(outputs).size(), outputs::toString);
        try (TapeSession again =
                TapeSession.builder().threads(1, 1).seed(session.seed()).build()) {
            List<List<Double>> repeated = new ArrayList<>();
            for (Layer layer :
                    List.of(new Dense(2), new Dense(2), Sequential.of(new Dense(2)), Sequential.of(new Dense(2)))) {
                Operand<TFloat32> y =
                        layer.call(ForwardPass.inference(again.tf()), again.tf().constant(new float[][] {{1, 2, 3}}));
                repeated.add(again.read(
                        y, tensor -> List.of((double) tensor.getFloat(0, 0), (double) tensor.getFloat(0, 1))));
            }
            assertEquals(outputs, repeated);
        }
    }

    @Test
    void aLayerKeepsThePathThatItsWeightsCarry() {
        Dense inner = new Dense(2);
        Operand<TFloat32> x = tf.constant(new float[][] {{1, 2}});
        new Dense(1).call(ForwardPass.inference(tf), x);
        inner.call(ForwardPass.inference(tf), x);
        Model model = Sequential.of(inner, new Dense(3));
        model.call(ForwardPass.inference(tf), x);
        assertEquals(
                List.of("dense/kernel", "dense/bias", "sequential/dense_1/kernel", "sequential/dense_1/bias"),
                model.variables().names());
    }

    @Test
    void aRandomBiasOfAnLstmIsDrawnAnewForEachGate() {
        Lstm lstm = new Lstm(2).bias(w -> w.initializer(Initializer.randomNormal(0, 1)));
        lstm.call(ForwardPass.inference(tf), tf.zeros(tf.constant(new int[] {1, 2, 3}), TFloat32.class));
        double[] bias = read(lstm.variables().get("lstm/bias").read(tf));
        assertEquals(8, bias.length);
        assertEquals(1, bias[2]);
        assertEquals(1, bias[3]);
        assertEquals(7, Arrays.stream(bias).distinct().count(), () -> Arrays.toString(bias));
    }

    @Test
    void dropoutDropsItsShareAndScalesTheRest() {
        Operand<TFloat32> ones = tf.onesLike(tf.constant(new float[100][100]));
        double[] y = read(new Dropout(0.3).call(ForwardPass.training(tf), ones));
        long dropped = Arrays.stream(y).filter(value -> value == 0).count();
        assertEquals(0.3, dropped / 1e4, 0.02);
        Arrays.stream(y).filter(value -> value != 0).forEach(value -> assertEquals(1 / 0.7, value, 1e-6));
        assertSame(ones, new Dropout(0.3).call(ForwardPass.inference(tf), ones));
        assertRefused(IllegalArgumentException.class, () -> new Dropout(1), "[0, 1)", "1.0");
        assertRefused(IllegalArgumentException.class, () -> new Dropout(Double.NaN), "[0, 1)");
    }

    @Test
    void randomOpsDependOnSeedStepAndOpOnly() {
        assertEquals(seeds(1, 7), seeds(1, 7));
        assertNotEquals(seeds(1, 7), seeds(1, 8));
        assertNotEquals(seeds(1, 7), seeds(2, 7));
        List<List<Long>> two = seeds(1, 7);
        assertNotEquals(two.get(0), two.get(1));
    }

    private List<List<Long>> seeds(long seed, long step) {
        ForwardPass pass = ForwardPass.training(tf, seed, () -> tf.constant(step));
        List<List<Long>> seeds = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            seeds.add(session.read(pass.randomSeed(), tensor -> List.of(tensor.getLong(0), tensor.getLong(1))));
        }
        return seeds;
    }

    @Test
    void activityRegularizationAddsItsPenalty() {
        ForwardPass pass = ForwardPass.training(tf);
        new ActivityRegularization(0.5, 0.25).call(pass, tf.constant(new float[][] {{1, -2}, {3, 0}}));
        assertEquals(1, pass.losses().size());
        assertEquals((0.5 * 6 + 0.25 * 14) / 2 + 1, session.scalar(pass.totalLoss(tf.constant(1f))), 1e-6);
        new ActivityRegularization(0, 0).call(pass, tf.constant(new float[][] {{1}}));
        assertEquals(1, pass.losses().size());
        assertRefused(IllegalArgumentException.class, () -> new ActivityRegularization(-1, 0), "-1.0");
    }

    private static <E extends Throwable> void assertRefused(Class<E> type, Executable mistake, String... words) {
        E error = assertThrows(type, mistake);
        for (String word : words) {
            assertTrue(error.getMessage().contains(word), "no '" + word + "' in: " + error.getMessage());
        }
    }
}
