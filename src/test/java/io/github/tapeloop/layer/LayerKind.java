package io.github.tapeloop.layer;

import io.github.tapeloop.settings.Setters;
import java.lang.reflect.Method;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/**
 * A layer ready to be called, for tests of what holds for each of them.
 *
 * @param make makes a new one
 * @param small the shape of an example that it takes
 * @param large the shape of an example of 4,096 elements that it takes
 */
public record LayerKind(Supplier<? extends Layer> make, Shape small, Shape large) {

    private static final Shape FLAT = Shape.of(6);
    private static final Shape LARGE_FLAT = Shape.of(4096);
    private static final Shape SERIES = Shape.of(6, 2);
    private static final Shape LARGE_SERIES = Shape.of(4096, 1);
    private static final Shape SHORT_SERIES = Shape.of(2, 2048);
    private static final Shape IMAGE = Shape.of(9, 9, 2);
    private static final Shape LARGE_IMAGE = Shape.of(64, 64, 1);

    private static LayerKind flat(Supplier<? extends Layer> make) {
        return new LayerKind(make, FLAT, LARGE_FLAT);
    }

    private static LayerKind series(Supplier<? extends Layer> make) {
        return new LayerKind(make, SERIES, LARGE_SERIES);
    }

    /** A layer that takes each step by itself, with as few of them as can be. */
    private static LayerKind steps(Supplier<? extends Layer> make) {
        return new LayerKind(make, SERIES, SHORT_SERIES);
    }

    private static LayerKind image(Supplier<? extends Layer> make) {
        return new LayerKind(make, IMAGE, LARGE_IMAGE);
    }

    /** All of them: each public layer at least once. */
    public static Stream<LayerKind> all() {
        return Stream.of(
                        core(),
                        normalizations(),
                        shapes(),
                        merges(),
                        convolutions(),
                        windowsAndPools(),
                        sequences(),
                        blocks())
                .flatMap(List::stream);
    }

    private static List<LayerKind> core() {
        return List.of(
                flat(() -> new Dense(3).activityRegularizer(Regularizer.l2(0))),
                series(() -> new Dense(3)),
                flat(() -> new Embedding(40, 4)),
                series(() -> new Dense(3).enableLora(2)),
                flat(() -> new Embedding(40, 4).enableLora(2, 3)),
                flat(() -> new PReLU()),
                flat(() -> new Activation(Activations.SOFTMAX)),
                flat(() -> new Activation(Activations.LOG_SOFTMAX)),
                flat(() -> new ActivityRegularization(0.1, 0.1)),
                flat(() -> new Dropout(0.5)),
                flat(() -> new AlphaDropout(0.5)),
                flat(() -> new GaussianDropout(0.5)),
                flat(() -> new GaussianNoise(1)),
                series(() -> new SpatialDropout1D(0.5)),
                image(() -> new SpatialDropout2D(0.5)),
                series(() -> new Masking()),
                flat(() -> new Lambda((pass, x) -> x)),
                flat(() -> new Rescaling(2, 3)));
    }

    private static List<LayerKind> normalizations() {
        return List.of(
                flat(() -> new BatchNormalization()),
                image(() -> new BatchNormalization()),
                image(() -> new BatchNormalization().axis(1)),
                flat(() -> new LayerNormalization()),
                series(() -> new LayerNormalization(1, 2)),
                flat(() -> new GroupNormalization(2)),
                image(() -> new GroupNormalization(1)),
                flat(() -> new RmsNormalization()),
                flat(() -> new UnitNormalization()),
                flat(() -> new Normalization()));
    }

    private static List<LayerKind> shapes() {
        return List.of(
                image(() -> new Flatten()),
                flat(() -> new Reshape(-1, 2)),
                series(() -> new Permute(2, 1)),
                series(() -> new Cropping1D(1)),
                image(() -> new Cropping2D(1)),
                series(() -> new ZeroPadding1D(1)),
                image(() -> new ZeroPadding2D(1)),
                series(() -> new UpSampling1D(2)),
                image(() -> new UpSampling2D(2)),
                image(() -> new UpSampling2D(2).interpolation(Resizing.Interpolation.BILINEAR)),
                image(() -> new Resizing(4, 4)));
    }

    private static List<LayerKind> merges() {
        return List.of(
                flat(() -> new Add()),
                flat(() -> new Subtract()),
                flat(() -> new Multiply()),
                flat(() -> new Average()),
                flat(() -> new Maximum()),
                flat(() -> new Minimum()),
                flat(() -> new Concatenate()),
                flat(() -> new Dot(1).normalize(true)));
    }

    private static List<LayerKind> convolutions() {
        return List.of(
                series(() -> new Conv1D(4, 3)),
                series(() -> new Conv1D(4, 3).padding(Padding.CAUSAL)),
                series(() -> new Conv1D(4, 3).dilationRate(2)),
                image(() -> new Conv2D(4, 3)),
                image(() -> new Conv2D(4, 1).strides(2)),
                image(() -> new Conv2D(4, 3).padding(Padding.SAME).strides(2)),
                new LayerKind(() -> new Conv2D(4, 3).groups(2), IMAGE, Shape.of(32, 64, 2)),
                image(() -> new Conv2D(4, 3).dilationRate(2)),
                series(() -> new Conv1DTranspose(4, 3).strides(2)),
                image(() -> new Conv2DTranspose(4, 3).strides(2)),
                series(() -> new DepthwiseConv1D(3)),
                image(() -> new DepthwiseConv2D(3).depthMultiplier(2).strides(2)),
                series(() -> new SeparableConv1D(4, 3)),
                image(() -> new SeparableConv2D(4, 3)));
    }

    private static List<LayerKind> windowsAndPools() {
        return List.of(
                series(() -> new MaxPool1D(2)),
                image(() -> new MaxPool2D(2)),
                series(() -> new AveragePool1D(2)),
                image(() -> new AveragePool2D(2).padding(Padding.SAME)),
                new LayerKind(() -> new AveragePool2D(9), IMAGE, LARGE_IMAGE),
                series(() -> new GlobalMaxPool1D()),
                image(() -> new GlobalMaxPool2D()),
                series(() -> new GlobalAveragePool1D()),
                image(() -> new GlobalAveragePool2D()));
    }

    private static List<LayerKind> sequences() {
        return List.of(
                steps(() -> new SimpleRnn(3)),
                steps(() -> new Gru(3)),
                steps(() -> new Lstm(3).unitForgetBias(false)),
                steps(() -> new Bidirectional(() -> new Lstm(3).returnSequences(true))),
                steps(() -> new TimeDistributed(new Dense(3))),
                new LayerKind(() -> new MultiHeadAttention(2, 3), SERIES, Shape.of(1024, 4)),
                new LayerKind(() -> new MultiHeadAttention(2, 3).enableLora(2), SERIES, Shape.of(1024, 4)));
    }

    private static List<LayerKind> blocks() {
        return List.of(
                series(() -> new PositionEmbedding(4096)),
                series(() -> new SinePositionEncoding()),
                steps(() -> new RotaryEmbedding()),
                new LayerKind(() -> new TransformerEncoder(4, 2, 3), Shape.of(6, 4), Shape.of(256, 4)),
                new LayerKind(
                        () -> new TransformerDecoder(4, 2, 3).normalizeFirst(true), Shape.of(6, 4), Shape.of(256, 4)));
    }

    /** The first kind of each class. */
    public static Stream<LayerKind> ofEachClass() {
        Map<Class<?>, LayerKind> first = new LinkedHashMap<>();
        all().forEach(kind -> first.putIfAbsent(kind.make().get().getClass(), kind));
        return first.values().stream()
                .sorted(Comparator.comparing(
                        kind -> kind.make().get().getClass().getSimpleName()));
    }

    /** The public methods that set a layer and give it back, what may be called at any time included. */
    public static Stream<Method> setters(Class<?> layer) {
        return Setters.of(layer)
                .filter(method -> Layer.class.isAssignableFrom(method.getReturnType()))
                .filter(method -> method.getParameterCount() > 0)
                .filter(method -> !List.of(method.getParameterTypes()).contains(Layer.class)); // Of a layer inside.
    }

    /** Legal values for setters of layers, by the types of their parameters. */
    public static Map<Class<?>, Object> values() {
        Map<Class<?>, Object> values = new HashMap<>();
        values.put(boolean.class, false);
        values.put(int.class, 1);
        values.put(double.class, 0.5);
        values.put(double[].class, new double[] {1, 1, 1, 1, 1, 1});
        values.put(String[].class, new String[] {"key"});
        values.put(UnaryOperator.class, UnaryOperator.identity());
        values.put(Regularizer.class, Regularizer.l2());
        values.put(ActivationFunction.class, Activations.RELU);
        return values;
    }

    /** The names of all public layers, models apart. */
    static Set<String> names() {
        return Setters.parts(Layer.class)
                .filter(type -> !Model.class.isAssignableFrom(type))
                .map(Class::getSimpleName)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Calls a layer, one of several inputs with the same one twice. */
    public static Operand<TFloat32> call(Layer layer, ForwardPass pass, Operand<TFloat32> x) {
        return layer instanceof Merge merge ? merge.call(pass, x, x) : layer.call(pass, x);
    }

    /** Whether its inputs are whole numbers. */
    public boolean takesIds() {
        return make.get() instanceof Embedding;
    }

    @Override
    public String toString() {
        return make.get().getClass().getSimpleName() + " " + small;
    }
}
