package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.assertClose;
import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.numbers;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DenseTest {

    private static final int IN = 4;
    private static final int UNITS = 3;
    private static final double[] KERNEL = numbers(IN * UNITS);
    private static final double[] BIAS = {0.5, -0.25, 2};

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

    private static Initializer giving(double[] elements) {
        return (ops, shape, type, seed) -> constant(ops, shape, elements, type);
    }

    private static Dense dense() {
        return new Dense(UNITS).kernel(w -> w.initializer(giving(KERNEL))).bias(w -> w.initializer(giving(BIAS)));
    }

    private Operand<TFloat32> call(Layer layer, Operand<TFloat32> x) {
        return layer.call(ForwardPass.inference(tf), x);
    }

    static Stream<Shape> shapes() {
        return Stream.of(Shape.of(6, IN), Shape.of(1, IN), Shape.of(2, 3, IN), Shape.of(2, 1, 3, IN));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void everyRowIsMultipliedByTheKernelAndMovedByTheBias(Shape shape) {
        double[] x = numbers(shape.size());
        double[] expected = new double[x.length / IN * UNITS];
        for (int row = 0; row < x.length / IN; row++) {
            for (int unit = 0; unit < UNITS; unit++) {
                double sum = BIAS[unit];
                for (int i = 0; i < IN; i++) {
                    sum += x[row * IN + i] * KERNEL[i * UNITS + unit];
                }
                expected[row * UNITS + unit] = sum;
            }
        }
        double[] exact = values(session, call(dense(), constant(tf, shape, x, TFloat64.class)));
        assertClose(expected, exact, 1e-14, "float64");
        double[] rounded = values(session, call(dense(), constant(tf, shape, x, TFloat32.class)));
        assertClose(expected, rounded, 1e-6, "float32");
    }

    @Test
    void theActivationComesAfterTheBias() {
        Dense layer = new Dense(1, (ops, x) -> ops.math.square(x))
                .kernel(w -> w.initializer(Initializer.constant(2)))
                .bias(w -> w.initializer(Initializer.constant(1)));
        Operand<TFloat32> y = call(layer, tf.constant(new float[][] {{3}}));
        assertEquals(49, values(session, y)[0]);
    }

    @Test
    void withoutBiasZeroStaysZero() {
        Dense layer = dense().useBias(false);
        assertClose(new double[UNITS], values(session, call(layer, tf.constant(new float[1][IN]))), 0, "zeros");
        assertEquals(List.of("dense/kernel"), layer.variables().names());
    }

    @Test
    void theSizeOfTheBatchMayChange() {
        Dense layer = dense();
        call(layer, tf.constant(new float[5][IN]));
        call(layer, tf.constant(new float[2][7][IN]));
        assertEquals(
                0, values(session, call(layer, constant(tf, Shape.of(0, IN), new double[0], TFloat32.class))).length);
        assertEquals(2, layer.variables().size());
    }

    @Test
    void eachOptionAfterTheFirstCallIsRefusedByName() {
        Model model = Sequential.of(new Flatten(), dense());
        call(model, tf.constant(new float[1][IN]));
        Dense built = (Dense) model.layers().get("dense");
        refused(IllegalStateException.class, () -> built.useBias(true), "sequential/dense", "useBias");
        refused(
                IllegalStateException.class,
                () -> built.kernel(w -> w.initializer(Initializer.ones())),
                "sequential/dense",
                "its kernel cannot");
        refused(
                IllegalStateException.class,
                () -> built.bias(w -> w.initializer(Initializer.ones())),
                "sequential/dense",
                "its bias cannot");
    }

    @Test
    void wrongInputsAreRefusedWithThePathOfTheLayer() {
        Model model = Sequential.of(Sequential.of(dense()));
        String path = "sequential/sequential/dense";
        refused(IllegalArgumentException.class, () -> call(model, tf.constant(1f)), path, "float32 []");
        refused(
                IllegalArgumentException.class,
                () -> call(model, tf.constant(new float[IN])),
                path,
                "float32 [4]",
                "add the batch dimension");
        call(model, tf.constant(new float[1][IN]));
        refused(
                IllegalArgumentException.class,
                () -> call(model, tf.constant(new float[1][IN + 1])),
                path,
                "kernel is float32 [4, 3]",
                "float32 [5, 3]");
        refused(
                IllegalArgumentException.class,
                () -> call(model, constant(tf, Shape.of(1, IN), new double[IN], TFloat64.class)),
                path,
                "kernel is float32 [4, 3]",
                "float64 [4, 3]");
        assertEquals(2, model.variables().size());
    }

    @Test
    void badArgumentsAreRefused() {
        refused(IllegalArgumentException.class, () -> new Dense(0), "units of at least 1, got 0");
        refused(IllegalArgumentException.class, () -> new Dense(-3), "got -3");
        refused(NullPointerException.class, () -> new Dense(1, null), "activation");
        refused(NullPointerException.class, () -> new Dense(1).kernel(w -> w.initializer(null)), "initializer");
        refused(NullPointerException.class, () -> new Dense(1).bias(w -> w.initializer(null)), "initializer");
    }

    private static <E extends Throwable> void refused(Class<E> type, Executable mistake, String... words) {
        E error = assertThrows(type, mistake);
        for (String word : words) {
            assertTrue(error.getMessage().contains(word), "no '" + word + "' in: " + error.getMessage());
        }
    }
}
