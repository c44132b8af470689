package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.bridge.NativeMemory;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.List;
import java.util.Locale;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** Mistakes of users' layers, initializers and losses that TensorFlow would report late, or never. */
class LayerMistakesTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    /** A name that is none in a graph. */
    private static final class My$Net extends Model {
        private final Dense dense = layer(new Dense(2));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return dense.call(pass, x);
        }
    }

    private static final class Named extends Model {
        Named(String name) {
            layer(name, new Dense(1));
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return x;
        }
    }

    @AfterEach
    void close() {
        session.close();
    }

    @SuppressWarnings("unchecked") // The placeholder is float32.
    private Shape traced(Layer layer, Shape shape, Operand<TFloat32> x) {
        var spec = new TracedFunction.Spec(DataType.DT_FLOAT, shape);
        try (TracedFunction function = TracedFunction.trace(
                session,
                "traced",
                List.of(spec),
                (ops, inputs) -> List.of(layer.call(ForwardPass.inference(ops), (Operand<TFloat32>) inputs.get(0))))) {
            return Tensors.shape(function.call(List.of(x)).get(0));
        }
    }

    @Test
    void anInputOfAnotherTypeOrSizeSaysWhatToDo() {
        Dense dense = new Dense(2);
        dense.call(
                ForwardPass.inference(tf),
                FiniteDifferences.constant(tf, Shape.of(1, 3), new double[3], TFloat64.class));
        assertEquals(
                "Layer 'dense' was built for another input: its kernel is float64 [3, 2], but this input asks for float32 [3,"
                        + " 2]: cast the data to float64 where they are made, so that all are of one type",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> dense.call(ForwardPass.inference(tf), tf.constant(new float[1][3])))
                        .getMessage());
        String sizes = assertThrows(
                        IllegalArgumentException.class,
                        () -> dense.call(
                                ForwardPass.inference(tf),
                                FiniteDifferences.constant(tf, Shape.of(1, 4), new double[4], TFloat64.class)))
                .getMessage();
        assertTrue(sizes.contains("[3, 2]") && sizes.contains("[4, 2]: it keeps the sizes of its first input"), sizes);
    }

    /** Linux gives a process more memory than there is, and ends it when it is written. */
    @Test
    void aWeightThatMemoryDoesNotHoldIsNamedWithItsSizeBeforeItIsMade() {
        Dense dense = new Dense(2_000_000_000);
        String message = assertThrows(
                        IllegalArgumentException.class,
                        () -> dense.call(ForwardPass.inference(tf), tf.constant(new float[1][40_000])))
                .getMessage();
        assertTrue(
                message.contains(
                        "Weight 'dense/kernel', float32 [40000, 2000000000] would take 320000.0 GB, and there are"),
                message);
    }

    /** All memory of the machine but what is less than any process takes. */
    @Test
    void memoryThatTheProcessHasTakenIsNotLeft() {
        long rows = (Pointer.totalPhysicalBytes() - (1 << 24)) / Float.BYTES / 4;
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> NativeMemory.requireRoom("It", Shape.of(rows, 4), Float.BYTES));
        assertTrue(e.getMessage().contains("GB of memory left"), e.getMessage());
        NativeMemory.requireRoom("It", Shape.of(1 << 20, 4), Float.BYTES);
    }

    @Test
    void aWeightWhoseInitializerFailsIsNamedWithItsSize() {
        Initializer failing =
                (ops, shape, type, seed) -> ops.reshape(ops.constant(new float[] {1}), ops.constant(shape.asArray()));
        Dense dense = new Dense(4).kernel(spec -> spec.initializer(failing));
        String message = assertThrows(
                        OpException.class, () -> dense.call(ForwardPass.inference(tf), tf.constant(new float[1][3])))
                .getMessage();
        assertTrue(message.contains("It was to make weight 'dense/kernel', float32 [3, 4], 48 bytes"), message);
    }

    @Test
    void dataThatHaveNoMeanAreNamedByTheirFeature() {
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            String message = assertThrows(IllegalArgumentException.class, () -> new Normalization()
                            .adapt(tf, List.of(tf.constant(new float[][] {{1, value}, {2, 3}}))))
                    .getMessage();
            assertTrue(message.contains("'normalization'") && message.contains("feature 1"), message);
        }
    }

    @Test
    void anInitializerThatGivesAnotherShapeOrTypeIsNamed() {
        List<Initializer> wrong = List.of(
                (ops, shape, type, seed) -> ops.constant(new float[] {1, 2}),
                (ops, shape, type, seed) -> ops.constant(1f),
                (ops, shape, type, seed) -> FiniteDifferences.constant(ops, shape, new double[6], TFloat64.class));
        for (Initializer initializer : wrong) {
            Model model = Sequential.of(new Dense(2).kernel(w -> w.initializer(initializer)));
            IllegalArgumentException error = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.call(ForwardPass.inference(tf), tf.constant(new float[1][3])));
            assertTrue(error.getMessage().contains("'sequential/dense/kernel'"), error.getMessage());
            assertTrue(error.getMessage().contains("TFloat32 [3, 2]"), error.getMessage());
            assertEquals(0, model.variables().size());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "my layer", "a/b", "a:0", "größe"})
    void aNameThatNoOpCanHaveIsRefused(String name) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> new Named(name));
        assertTrue(error.getMessage().contains("'" + name + "'"), error.getMessage());
    }

    @Test
    void aClassNameThatNoOpCanHaveIsAdapted() {
        Model model = new My$Net();
        assertEquals(Shape.of(4, 2), traced(model, Shape.of(-1, 3), tf.constant(new float[4][3])));
        assertEquals(
                List.of("my_net/dense/kernel", "my_net/dense/bias"),
                model.variables().names());
    }

    @Test
    void anAddedLossMustBeAScalar() {
        ForwardPass pass = ForwardPass.training(tf);
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> pass.addLoss(tf.constant(new float[] {1, 2})));
        assertTrue(error.getMessage().contains("float32 [2]"), error.getMessage());
        assertEquals(List.of(), pass.losses());
    }

    @Test
    void flattenNeedsToKnowTheSizeOfAnExample() {
        Operand<TFloat32> x = tf.constant(new float[2][2][3]);
        assertEquals(Shape.of(2, 6), traced(new Flatten(), Shape.of(-1, 2, 3), x));
        for (Shape unknown : List.of(Shape.of(-1, -1, 3), Shape.of(-1, -1, -1))) {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> traced(new Flatten(), unknown, x));
            assertTrue(error.getMessage().contains("'flatten' (Flatten)"), error.getMessage());
        }
    }

    @Test
    void theSummaryDoesNotDependOnTheLocale() {
        Model model = Sequential.of(new Dense(1_000));
        model.call(ForwardPass.inference(tf), tf.constant(new float[1][9]));
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            assertTrue(model.summary().contains("total 10,000, trainable 10,000"), model.summary());
        } finally {
            Locale.setDefault(before);
        }
    }
}
