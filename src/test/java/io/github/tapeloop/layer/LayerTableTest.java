package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.assertClose;
import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.gradient;
import static io.github.tapeloop.FiniteDifferences.numbers;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** A row a layer: shapes, types and names of its weights, and its gradients by central differences. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayerTableTest {

    /** @param weights names and shapes, in order */
    private record Row(String name, Supplier<Layer> layer, Shape in, Shape out, List<String> weights) {
        @Override
        public String toString() {
            return name + " " + in;
        }
    }

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(3).build();
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

    static Stream<Row> rows() {
        List<String> denseWeights = List.of("dense/kernel [4, 3]", "dense/bias [3]");
        Shape matrix = Shape.of(5, 4);
        Shape cube = Shape.of(2, 5, 4);
        return Stream.of(
                new Row("linear", () -> new Dense(3), matrix, Shape.of(5, 3), denseWeights),
                new Row("relu", () -> new Dense(3, Activations.RELU), matrix, Shape.of(5, 3), denseWeights),
                new Row("sigmoid", () -> new Dense(3, Activations.SIGMOID), matrix, Shape.of(5, 3), denseWeights),
                new Row("tanh", () -> new Dense(3, Activations.TANH), matrix, Shape.of(5, 3), denseWeights),
                new Row("softmax", () -> new Dense(3, Activations.SOFTMAX), matrix, Shape.of(5, 3), denseWeights),
                new Row(
                        "without bias",
                        () -> new Dense(3).useBias(false),
                        matrix,
                        Shape.of(5, 3),
                        List.of("dense/kernel [4, 3]")),
                new Row("rank 3", () -> new Dense(3, Activations.TANH), cube, Shape.of(2, 5, 3), denseWeights),
                new Row("rank 4", () -> new Dense(3), Shape.of(2, 1, 2, 4), Shape.of(2, 1, 2, 3), denseWeights),
                new Row("flatten", Flatten::new, cube, Shape.of(2, 20), List.of()),
                new Row("flatten a vector", Flatten::new, Shape.of(2), Shape.of(2, 1), List.of()),
                new Row("reshape", () -> new Reshape(3, -1), Shape.of(2, 12), Shape.of(2, 3, 4), List.of()),
                new Row(
                        "convolution",
                        () -> new Conv2D(3, 2, Activations.TANH),
                        Shape.of(2, 4, 5, 2),
                        Shape.of(2, 3, 4, 3),
                        List.of("conv2d/kernel [2, 2, 2, 3]", "conv2d/bias [3]")),
                new Row(
                        "convolution with strides",
                        () -> new Conv2D(3, 2).strides(2),
                        Shape.of(1, 5, 4, 2),
                        Shape.of(1, 2, 2, 3),
                        List.of("conv2d/kernel [2, 2, 2, 3]", "conv2d/bias [3]")),
                new Row(
                        "padded convolution",
                        () -> new Conv2D(3, 2).padding(Padding.SAME).useBias(false),
                        Shape.of(1, 3, 3, 2),
                        Shape.of(1, 3, 3, 3),
                        List.of("conv2d/kernel [2, 2, 2, 3]")),
                new Row("pool", () -> new MaxPool2D(2), Shape.of(2, 4, 5, 2), Shape.of(2, 2, 2, 2), List.of()),
                new Row(
                        "padded pool",
                        () -> new MaxPool2D(3).strides(1).padding(Padding.SAME),
                        Shape.of(1, 3, 3, 1),
                        Shape.of(1, 3, 3, 1),
                        List.of()),
                new Row("activation", () -> new Activation(Activations.SOFTMAX), cube, cube, List.of()),
                new Row("lambda", () -> new Activation((ops, x) -> ops.math.square(x)), matrix, matrix, List.of()),
                new Row("dropout", () -> new Dropout(0.4), cube, cube, List.of()),
                new Row("penalty", () -> new ActivityRegularization(0.1, 0.2), matrix, matrix, List.of()),
                new Row(
                        "sequence",
                        () -> Sequential.of(new Flatten(), new Dense(3, Activations.TANH), new Dropout(0.4)),
                        cube,
                        Shape.of(2, 3),
                        List.of("sequential/dense/kernel [20, 3]", "sequential/dense/bias [3]")));
    }

    private static List<String> described(Layer layer) {
        return Stream.of(layer.variables())
                .flatMap(all -> all.names().stream()
                        .map(name -> name + " " + all.get(name).shape()))
                .toList();
    }

    private Operand<TFloat32> loss(Layer layer, Row row, Operand<TFloat32> x) {
        ForwardPass pass = ForwardPass.training(tf, 1, () -> tf.constant(0L));
        Operand<TFloat32> y = layer.call(pass, x);
        assertEquals(row.out(), Tensors.shape(y));
        assertEquals(Tensors.dataType(x), Tensors.dataType(y));
        Operand<TFloat32> factors = constant(tf, row.out(), numbers(row.out().size()), x.type());
        Operand<TFloat32> product = tf.reshape(tf.math.mul(y, factors), tf.constant(new int[] {-1}));
        return pass.totalLoss(tf.sum(product, tf.constant(0)));
    }

    private double lossOf(Layer layer, Row row, double[] input) {
        try (TensorScope scope = session.scope()) {
            return session.scalar(loss(layer, row, constant(tf, row.in(), input, TFloat64.class)));
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void shapesTypesAndWeightsAreAsDescribed(Row row) {
        for (Class<? extends TNumber> type : List.of(TFloat32.class, TFloat64.class)) {
            Layer layer = row.layer().get();
            assertEquals(List.of(), described(layer), "before the first call");
            loss(layer, row, constant(tf, row.in(), numbers(row.in().size()), type));
            assertEquals(row.weights(), described(layer));
            for (Variable<?> weight : layer.variables()) {
                assertEquals(type, weight.type());
            }
            assertEquals(layer.variables().names(), layer.trainableVariables().names());
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void gradientsAgreeWithCentralDifferences(Row row) {
        Layer layer = row.layer().get();
        double[] input = numbers(row.in().size());
        lossOf(layer, row, input);
        spread(layer);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            Operand<TFloat32> x = constant(tf, row.in(), input, TFloat64.class);
            tape.watch(x);
            Operand<TFloat32> loss = loss(layer, row, x);
            double[] ofInput = values(session, tape.gradient(loss, x).orElseThrow());
            assertClose(gradient(input, moved -> lossOf(layer, row, moved)), ofInput, 1e-6, row + " input");
            Gradients gradients = tape.gradients(loss, layer.trainableVariables());
            for (Variable<?> weight : layer.variables()) {
                double[] ofWeight = values(session, gradients.of(weight).orElseThrow());
                double[] start = values(session, weight.read(tf));
                double[] slopes = gradient(start, moved -> {
                    set(weight, moved);
                    return lossOf(layer, row, input);
                });
                set(weight, start);
                assertClose(slopes, ofWeight, 1e-6, row + " " + weight.name());
            }
        }
    }

    /** Gives all weights values off zero, where a bias of zeros would hide mistakes. */
    private void spread(Layer layer) {
        for (Variable<?> weight : layer.variables()) {
            set(weight, numbers(weight.shape().size()));
        }
    }

    @SuppressWarnings("unchecked") // The layers here compute in float64.
    private void set(Variable<?> weight, double[] elements) {
        Operand<?> value = constant(tf, weight.shape(), elements, TFloat64.class);
        ((Variable<TFloat64>) weight).assign(tf, (Operand<TFloat64>) value);
    }
}
