package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/** Gradients of whole networks against PyTorch's, frozen in gradients.txt with their script. */
class GradientOracleTest {

    private static final Oracle ORACLE = Oracle.load("gradients.txt");

    @ParameterizedTest
    @CsvSource({"float64, 1e-10", "float32, 2e-5"})
    void aPerceptronOfThreeLayersHasPyTorchsGradients(String type, double tolerance) {
        if (type.equals("float64")) {
            perceptron(TFloat64.class, tolerance);
        } else {
            perceptron(TFloat32.class, tolerance);
        }
    }

    private <T extends TNumber> void perceptron(Class<T> type, double tolerance) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(session.tf())) {
            Ops tf = session.tf();
            Map<String, Operand<T>> in = new HashMap<>();
            List<String> names = List.of("x", "kernel1", "bias1", "kernel2", "bias2", "kernel3", "bias3");
            names.forEach(name -> in.put(name, figure(tf, "mlp." + name, type)));
            in.values().forEach(tape::watch);
            Operand<TInt32> labels = Tensors.cast(tf, figure(tf, "mlp.labels", TFloat64.class), TInt32.class);

            Operand<T> h = tf.nn.relu(dense(tf, in.get("x"), in.get("kernel1"), in.get("bias1")));
            h = tf.math.tanh(dense(tf, h, in.get("kernel2"), in.get("bias2")));
            Operand<T> logits = dense(tf, h, in.get("kernel3"), in.get("bias3"));
            Operand<T> losses = tf.scope()
                    .opBuilder("SparseSoftmaxCrossEntropyWithLogits", "loss")
                    .addInput(logits.asOutput())
                    .addInput(labels.asOutput())
                    .build()
                    .output(0);
            Operand<T> loss = tf.math.mean(losses, tf.constant(0));

            assertFigure(session, "mlp.logits", logits, tolerance);
            assertFigure(session, "mlp.loss", loss, tolerance);
            List<Operand<T>> sources = names.stream().map(in::get).toList();
            List<Optional<Operand<?>>> gradients = tape.gradients(List.of(loss), List.of(), sources);
            for (int i = 0; i < names.size(); i++) {
                assertFigure(
                        session, "mlp.grad." + names.get(i), gradients.get(i).orElseThrow(), tolerance);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"float64, 1e-10", "float32, 5e-5"})
    void aGradientPenaltyHasPyTorchsSecondDerivatives(String type, double tolerance) {
        if (type.equals("float64")) {
            penalty(TFloat64.class, tolerance);
        } else {
            penalty(TFloat32.class, tolerance);
        }
    }

    /** h = x·W, f = Σ h³ tanh h, g = df/dx, p = Σ g². */
    private <T extends TNumber> void penalty(Class<T> type, double tolerance) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope();
                GradientTape outer = GradientTape.open(session.tf());
                GradientTape inner = GradientTape.open(session.tf())) {
            Ops tf = session.tf();
            Operand<T> x = figure(tf, "d2.x", type);
            Operand<T> w = figure(tf, "d2.W", type);
            for (GradientTape tape : List.of(outer, inner)) {
                tape.watch(x);
                tape.watch(w);
            }
            Operand<T> h = tf.linalg.matMul(x, w);
            Operand<T> cube = tf.math.mul(h, tf.math.square(h));
            Operand<T> f = sum(tf, tf.math.mul(cube, tf.math.tanh(h)));
            List<Optional<Operand<?>>> first = inner.gradients(List.of(f), List.of(), List.of(x, w));
            @SuppressWarnings("unchecked") // A gradient has its source's type.
            Operand<T> g = (Operand<T>) first.get(0).orElseThrow();
            Operand<T> p = sum(tf, tf.math.square(g));
            List<Optional<Operand<?>>> second = outer.gradients(List.of(p), List.of(), List.of(x, w));

            assertFigure(session, "d2.f", f, tolerance);
            assertFigure(session, "d2.df_dx", g, tolerance);
            assertFigure(session, "d2.df_dW", first.get(1).orElseThrow(), tolerance);
            assertFigure(session, "d2.p", p, tolerance);
            assertFigure(session, "d2.dp_dx", second.get(0).orElseThrow(), tolerance);
            assertFigure(session, "d2.dp_dW", second.get(1).orElseThrow(), tolerance);
        }
    }

    private static <T extends TNumber> Operand<T> dense(Ops tf, Operand<T> x, Operand<T> kernel, Operand<T> bias) {
        return tf.nn.biasAdd(tf.linalg.matMul(x, kernel), bias);
    }

    private static <T extends TNumber> Operand<T> sum(Ops tf, Operand<T> x) {
        return tf.sum(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(0));
    }

    private static <T extends TNumber> Operand<T> figure(Ops tf, String name, Class<T> type) {
        return Tensors.cast(tf, tf.constant(ORACLE.shape(name), DataBuffers.of(ORACLE.values(name))), type);
    }

    private static void assertFigure(TapeSession session, String name, Operand<?> computed, double tolerance) {
        double[] expected = ORACLE.values(name);
        double[] actual = session.read(Tensors.cast(session.tf(), computed, TFloat64.class), tensor -> {
            List<Double> values = new ArrayList<>();
            tensor.scalars().forEach(scalar -> values.add(scalar.getDouble()));
            return values.stream().mapToDouble(Double::doubleValue).toArray();
        });
        assertEquals(expected.length, actual.length, name);
        double scale = 0;
        for (double value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance * scale, name + " element " + i);
        }
    }
}
