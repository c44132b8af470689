package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.Activation;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.ActivityRegularization;
import io.github.tapeloop.layer.Add;
import io.github.tapeloop.layer.AlphaDropout;
import io.github.tapeloop.layer.Average;
import io.github.tapeloop.layer.AveragePool1D;
import io.github.tapeloop.layer.AveragePool2D;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Bidirectional;
import io.github.tapeloop.layer.Bidirectional.MergeMode;
import io.github.tapeloop.layer.Concatenate;
import io.github.tapeloop.layer.Conv1D;
import io.github.tapeloop.layer.Conv1DTranspose;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Conv2DTranspose;
import io.github.tapeloop.layer.Cropping1D;
import io.github.tapeloop.layer.Cropping2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.DepthwiseConv1D;
import io.github.tapeloop.layer.DepthwiseConv2D;
import io.github.tapeloop.layer.Dot;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.GaussianDropout;
import io.github.tapeloop.layer.GaussianNoise;
import io.github.tapeloop.layer.GlobalAveragePool1D;
import io.github.tapeloop.layer.GlobalAveragePool2D;
import io.github.tapeloop.layer.GlobalMaxPool1D;
import io.github.tapeloop.layer.GlobalMaxPool2D;
import io.github.tapeloop.layer.GroupNormalization;
import io.github.tapeloop.layer.Gru;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.Lstm;
import io.github.tapeloop.layer.Masking;
import io.github.tapeloop.layer.MaxPool1D;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Maximum;
import io.github.tapeloop.layer.Merge;
import io.github.tapeloop.layer.Minimum;
import io.github.tapeloop.layer.MultiHeadAttention;
import io.github.tapeloop.layer.Multiply;
import io.github.tapeloop.layer.Normalization;
import io.github.tapeloop.layer.PReLU;
import io.github.tapeloop.layer.Padding;
import io.github.tapeloop.layer.Permute;
import io.github.tapeloop.layer.PositionEmbedding;
import io.github.tapeloop.layer.Rescaling;
import io.github.tapeloop.layer.Reshape;
import io.github.tapeloop.layer.Resizing;
import io.github.tapeloop.layer.RmsNormalization;
import io.github.tapeloop.layer.RotaryEmbedding;
import io.github.tapeloop.layer.SeparableConv1D;
import io.github.tapeloop.layer.SeparableConv2D;
import io.github.tapeloop.layer.SimpleRnn;
import io.github.tapeloop.layer.SinePositionEncoding;
import io.github.tapeloop.layer.SpatialDropout1D;
import io.github.tapeloop.layer.SpatialDropout2D;
import io.github.tapeloop.layer.Subtract;
import io.github.tapeloop.layer.TimeDistributed;
import io.github.tapeloop.layer.TransformerDecoder;
import io.github.tapeloop.layer.TransformerEncoder;
import io.github.tapeloop.layer.UnitNormalization;
import io.github.tapeloop.layer.UpSampling1D;
import io.github.tapeloop.layer.UpSampling2D;
import io.github.tapeloop.layer.ZeroPadding1D;
import io.github.tapeloop.layer.ZeroPadding2D;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.tape.Recompute;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** What each layer does with the mask of its input. */
class MaskTableTest {

    /** Two series of three steps. */
    private static final double[] MASK = {1, 1, 0, 1, 0, 0};

    private static final double[] OTHER = {0, 1, 1, 0, 0, 0};
    private static final double[] EITHER = {1, 1, 1, 1, 0, 0};
    private static final Shape SERIES = Shape.of(2, 3, 4);
    private static final Shape IMAGES = Shape.of(2, 3, 4, 2);

    /** @param mask that of the output, null for none */
    private record Row(Layer layer, Shape input, double[] mask) {
        @Override
        public String toString() {
            return layer.getClass().getSimpleName() + " of " + input + (mask == null ? " ends it" : " gives one");
        }
    }

    private static Row series(Layer layer, double[] mask) {
        return new Row(layer, SERIES, mask);
    }

    private static Row images(Layer layer, double[] mask) {
        return new Row(layer, IMAGES, mask);
    }

    static Stream<Row> rows() {
        return Stream.of(through(), consumed(), dropped()).flatMap(List::stream);
    }

    private static List<Row> through() {
        return List.of(
                series(new Activation(Activations.RELU), MASK),
                series(new ActivityRegularization(0.1, 0.1), MASK),
                series(new AlphaDropout(0.5), MASK),
                series(new BatchNormalization(), MASK),
                series(new Dense(2), MASK),
                series(new Dropout(0.5), MASK),
                series(new GaussianDropout(0.5), MASK),
                series(new GaussianNoise(0.5), MASK),
                series(new GroupNormalization(2), MASK),
                series(new LayerNormalization(), MASK),
                series(new Normalization(), MASK),
                series(new PReLU(), MASK),
                series(new Rescaling(2, 1), MASK),
                series(new RmsNormalization(), MASK),
                series(new SpatialDropout1D(0.5), MASK),
                images(new SpatialDropout2D(0.5), MASK),
                series(new TimeDistributed(new Dense(2)), MASK),
                series(new UnitNormalization(), MASK),
                series(new Add(), MASK),
                series(new Average(), MASK),
                series(new Concatenate(), MASK),
                series(new Maximum(), MASK),
                series(new Minimum(), MASK),
                series(new Multiply(), MASK),
                series(new Lambda((pass, x) -> pass.keepMask(x, pass.tf().math.square(x))), MASK));
    }

    private static List<Row> consumed() {
        return List.of(
                series(new Gru(2).returnSequences(true), MASK),
                series(new Lstm(2).returnSequences(true), MASK),
                series(new SimpleRnn(2).returnSequences(true), MASK),
                series(new SimpleRnn(2).returnSequences(true).goBackwards(true), new double[] {0, 1, 1, 0, 0, 1}),
                series(new Gru(2), null),
                series(new Lstm(2), null),
                series(new SimpleRnn(2), null),
                series(new Bidirectional(() -> new Gru(2).returnSequences(true)), MASK),
                series(new Bidirectional(() -> new Gru(2)), null),
                series(new MultiHeadAttention(1, 2), MASK),
                series(new PositionEmbedding(3), MASK),
                series(new SinePositionEncoding(), MASK),
                series(new RotaryEmbedding(), MASK),
                series(new TransformerEncoder(4, 2, 3), MASK),
                series(new TransformerDecoder(4, 2, 3), MASK),
                series(new GlobalAveragePool1D(), null),
                series(new GlobalAveragePool1D().keepDims(true), null),
                series(new Masking(), new double[] {1, 1, 1, 1, 1, 1}));
    }

    private static List<Row> dropped() {
        return List.of(
                series(new AveragePool1D(2), null),
                images(new AveragePool2D(2), null),
                series(new Conv1D(2, 3).padding(Padding.SAME), null),
                series(new Conv1DTranspose(2, 2), null),
                images(new Conv2D(2, 2), null),
                images(new Conv2DTranspose(2, 2), null),
                series(new Cropping1D(1), null),
                images(new Cropping2D(1), null),
                series(new DepthwiseConv1D(2), null),
                images(new DepthwiseConv2D(2), null),
                series(new Embedding(9, 2), null),
                series(new Flatten(), null),
                images(new GlobalAveragePool2D(), null),
                series(new GlobalMaxPool1D(), null),
                images(new GlobalMaxPool2D(), null),
                series(new Lambda((pass, x) -> pass.tf().math.square(x)), null),
                series(new MaxPool1D(2), null),
                images(new MaxPool2D(2), null),
                series(new Permute(2, 1), null),
                series(new Reshape(4, 3), null),
                images(new Resizing(2, 2), null),
                series(new SeparableConv1D(2, 2), null),
                images(new SeparableConv2D(2, 2), null),
                series(new UpSampling1D(2), null),
                images(new UpSampling2D(2), null),
                series(new ZeroPadding1D(1), null),
                images(new ZeroPadding2D(1), null));
    }

    /** Takes two inputs; the others are in the table. */
    private static final Set<String> OF_TWO = Set.of("Dot", "Subtract");

    @Test
    void everyLayerHasARow() {
        Set<String> rows = rows().map(row -> row.layer().getClass().getSimpleName())
                .collect(Collectors.toCollection(TreeSet::new));
        rows.addAll(OF_TWO);
        assertEquals(Parts.of(PartRow.Kind.LAYER), rows);
    }

    private static TapeSession session() {
        return TapeSession.builder().threads(1, 1).seed(7).build();
    }

    private static Operand<TFloat32> numbers(Ops tf, Shape shape) {
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 7 + 1;
        }
        return tf.reshape(tf.constant(values), tf.constant(shape.asArray()));
    }

    private static Operand<TBool> mask(Ops tf, double... mask) {
        Operand<TBool> flat = tf.math.greater(tf.constant(mask), tf.constant(0.0));
        return tf.reshape(flat, tf.constant(new int[] {2, 3}));
    }

    private static Operand<TFloat32> masked(ForwardPass pass, Operand<TFloat32> x, double... mask) {
        pass.setMask(x, mask(pass.tf(), mask));
        return x;
    }

    private static double[] read(TapeSession session, Optional<Operand<TBool>> mask) {
        return mask.map(given -> PartRun.read(session, session.tf().dtypes.cast(given, TInt32.class)))
                .orElse(null);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void aMaskIsHandedOnOrEnds(Row row) {
        try (TapeSession session = session();
                TensorScope scope = session.scope()) {
            for (ForwardPass pass : List.of(ForwardPass.training(session.tf()), ForwardPass.inference(session.tf()))) {
                Operand<TFloat32> x = masked(pass, numbers(pass.tf(), row.input()), MASK);
                Operand<TFloat32> y = row.layer().call(pass, x);
                assertArrayEquals(row.mask(), read(session, pass.mask(y)));
                if (rowsThatAsk(row)) {
                    assertEquals(List.of(), pass.droppedMasks());
                }
            }
            ForwardPass none = ForwardPass.training(session.tf());
            Operand<TFloat32> y = row.layer().call(none, numbers(none.tf(), row.input()));
            assertTrue(row.layer() instanceof Masking || none.mask(y).isEmpty());
        }
    }

    private static boolean rowsThatAsk(Row row) {
        return consumed().stream()
                .anyMatch(other -> other.mask() == null && other.toString().equals(row.toString()));
    }

    /** @param second the mask of the second input, or null */
    private record Pair(Merge layer, double[] second, double[] mask) {
        @Override
        public String toString() {
            return layer.getClass().getSimpleName() + (second == null ? " with an input without mask" : "");
        }
    }

    static List<Pair> pairs() {
        List<Pair> pairs = new ArrayList<>();
        for (Merge layer : List.of(
                new Add(),
                new Subtract(),
                new Average(),
                new Multiply(),
                new Maximum(),
                new Minimum(),
                new Concatenate())) {
            pairs.add(new Pair(layer, OTHER, EITHER));
            pairs.add(new Pair(layer, null, null));
        }
        pairs.add(new Pair(new Concatenate(1), OTHER, new double[] {1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0}));
        pairs.add(new Pair(new Concatenate(1), null, new double[] {1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1}));
        pairs.add(new Pair(new Concatenate(0), OTHER, new double[] {1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0}));
        pairs.add(new Pair(new Dot(2, 2), OTHER, null));
        return pairs;
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void mergedSeriesAreDataWhereAnyIs(Pair pair) {
        try (TapeSession session = session();
                TensorScope scope = session.scope()) {
            ForwardPass pass = ForwardPass.inference(session.tf());
            Operand<TFloat32> x = masked(pass, numbers(pass.tf(), SERIES), MASK);
            Operand<TFloat32> other = numbers(pass.tf(), SERIES);
            if (pair.second() != null) {
                masked(pass, other, pair.second());
            }
            assertArrayEquals(pair.mask(), read(session, pass.mask(pair.layer().call(pass, x, other))));
        }
    }

    @Test
    void whatIsMaskedDoesNotDecideAProductOrAMaximum() {
        try (TapeSession session = session();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            ForwardPass pass = ForwardPass.inference(tf);
            Shape shape = Shape.of(2, 3, 1);
            Operand<TFloat32> a =
                    tf.reshape(tf.constant(new float[] {2, 3, 9, -4, 5, 6}), tf.constant(shape.asArray()));
            Operand<TFloat32> b =
                    tf.reshape(tf.constant(new float[] {7, 8, -2, 3, 1, 1}), tf.constant(shape.asArray()));
            masked(pass, a, MASK);
            masked(pass, b, OTHER);
            assertArrayEquals(
                    new double[] {2, 24, -2, -4, 0, 0}, PartRun.read(session, new Multiply().call(pass, a, b)));
            assertArrayEquals(new double[] {2, 8, -2, -4, 0, 0}, PartRun.read(session, new Maximum().call(pass, a, b)));
            assertArrayEquals(new double[] {2, 3, -2, -4, 0, 0}, PartRun.read(session, new Minimum().call(pass, a, b)));
        }
    }

    static List<PartRun> runs() {
        return List.of(
                new PartRun(false, false), new PartRun(false, true), new PartRun(true, false), new PartRun(true, true));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void aMeanOverStepsIsThatOfTheData(PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            Operand<TFloat32> x =
                    run.constant(session.tf(), Shape.of(2, 3, 2), 1, 10, 3, 30, 70, 700, 5, 50, 80, 800, 90, 900);
            List<double[]> values = run.run(session, List.of(x), (tf, in) -> {
                ForwardPass pass = ForwardPass.inference(tf);
                Operand<TFloat32> some = masked(pass, tf.identity(typed(in.get(0))), MASK);
                Operand<TFloat32> first = masked(pass, tf.identity(typed(in.get(0))), 0, 0, 1, 0, 0, 0);
                return List.of(new GlobalAveragePool1D().call(pass, some), new GlobalAveragePool1D().call(pass, first));
            });
            assertArrayEquals(new double[] {2, 20, 5, 50}, values.get(0), 1e-6);
            assertArrayEquals(new double[] {70, 700, 0, 0}, values.get(1), 1e-4);
        }
    }

    @ParameterizedTest
    @MethodSource("runs")
    void batchStatisticsAreThoseOfTheData(PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            Operand<TFloat32> x = run.constant(session.tf(), Shape.of(2, 3, 1), 1, 3, 70, 8, 80, 90);
            BatchNormalization layer = new BatchNormalization().momentum(0);
            layer.call(ForwardPass.inference(session.tf()), x);
            run.run(session, List.of(x), (tf, in) -> {
                ForwardPass pass = ForwardPass.training(tf, 1, () -> tf.constant(0L));
                return List.of(layer.call(pass, masked(pass, typed(in.get(0)), MASK)));
            });
            List<double[]> after = new ArrayList<>();
            layer.variables().forEach(v -> after.add(PartRun.read(session, (Operand<?>) v.read(session.tf()))));
            assertEquals(4, after.get(2)[0], 1e-5); // (1 + 3 + 8) / 3
            assertEquals(26 / 3.0, after.get(3)[0], 1e-4); // (9 + 1 + 16) / 3
        }
    }

    @Test
    void anAttentionHeedsTheMaskOfTheValueAndKeepsThatOfTheQuery() {
        try (TapeSession session = session();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            MultiHeadAttention layer = new MultiHeadAttention(1, 2);
            Operand<TFloat32> query = numbers(tf, SERIES);
            Operand<TFloat32> value = numbers(tf, SERIES);
            Operand<TFloat32> one = tf.reshape(
                    tf.constant(new float[] {0, 0, 1, 0, 1, 1}), tf.constant(new int[] {2, 3, 1})); // Where MASK is 0.
            Operand<TFloat32> changed = tf.math.add(value, tf.math.mul(one, tf.constant(50f)));
            List<double[]> outputs = new ArrayList<>();
            for (Operand<TFloat32> v : List.of(value, changed)) {
                ForwardPass pass = ForwardPass.inference(tf);
                masked(pass, query, OTHER);
                Operand<TFloat32> y = layer.call(pass, query, masked(pass, v, MASK));
                assertArrayEquals(OTHER, read(session, pass.mask(y)));
                outputs.add(PartRun.read(session, y));
            }
            for (int i = 0; i < outputs.get(0).length; i++) {
                boolean looks = OTHER[i / 4] == 1;
                assertEquals(
                        looks, Math.abs(outputs.get(0)[i] - outputs.get(1)[i]) < 1e-5, "what is masked, element " + i);
                // A masked query looks at nothing, and so at all alike.
                assertEquals(looks || i < 12 ? outputs.get(0)[i] : outputs.get(0)[12 + i % 4], outputs.get(0)[i], 1e-5);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(MergeMode.class)
    void aBidirectionalSequenceIsZeroWhereItIsMasked(MergeMode mode) {
        try (TapeSession session = session();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Bidirectional layer = new Bidirectional(() -> new Gru(2).returnSequences(true)).mergeMode(mode);
            ForwardPass pass = ForwardPass.inference(tf);
            Operand<TFloat32> x = masked(pass, numbers(tf, SERIES), MASK);
            double[] y = PartRun.read(session, layer.call(pass, x));
            int out = y.length / MASK.length;
            for (int i = 0; i < y.length; i++) {
                assertEquals(MASK[i / out] == 1, y[i] != 0, "element " + i + " of " + mode);
            }
        }
    }

    @Test
    void aRepeatablePartSeesMasksAndHandsThemOn() {
        try (TapeSession session = session();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            for (Layer block :
                    List.of(new Dense(2), new SimpleRnn(2).returnSequences(true).goBackwards(true), new SimpleRnn(2))) {
                ForwardPass plain = ForwardPass.inference(tf);
                Operand<TFloat32> x = numbers(tf, SERIES);
                Operand<TFloat32> expected = block.call(plain, masked(plain, x, MASK));
                ForwardPass pass = ForwardPass.inference(tf);
                Operand<TFloat32> y = pass.repeatable(block::call, masked(pass, x, MASK), Recompute::call);
                assertArrayEquals(PartRun.read(session, expected), PartRun.read(session, y), block.toString());
                assertArrayEquals(read(session, plain.mask(expected)), read(session, pass.mask(y)), block.toString());
            }
        }
    }

    @Test
    void whatDropsAMaskIsFound() {
        try (TapeSession session = session();
                TensorScope scope = session.scope()) {
            ForwardPass pass = ForwardPass.inference(session.tf());
            Operand<TFloat32> x = masked(pass, numbers(session.tf(), SERIES), MASK);
            Operand<TFloat32> y = new Dense(2).call(pass, x);
            new Flatten().call(pass, y);
            assertEquals(
                    List.of(Tensors.describe(y)),
                    pass.droppedMasks().stream().map(Tensors::describe).toList());
        }
    }

    @SuppressWarnings("unchecked") // The inputs of the tests.
    private static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }
}
