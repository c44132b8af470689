package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.tape.Recompute;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The first layers of a model in a mixed precision, on numbers that half precision rounds or does not hold. */
class FirstLayersTest {

    /** Years, and numbers about 70,000. */
    private static final float[][] X = {{2001, 70010}, {2003, 69990}, {2007, 70000}};

    private static Normalization normalization() {
        return new Normalization().statistics(new double[] {2002, 70000}, new double[] {4, 100});
    }

    private static Layer repeated(Layer layer) {
        return new Layer() {
            private final Layer inner = layer("inner", layer);

            @Override
            public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
                return pass.repeatable(inner::call, x, Recompute::call);
            }
        };
    }

    private static Stream<Supplier<Layer>> layers() {
        return Stream.of(
                () -> normalization(),
                () -> new Rescaling(1e-3, -70),
                () -> new UnitNormalization(0),
                () -> new LayerNormalization(),
                () -> new RmsNormalization(),
                () -> new BatchNormalization(),
                () -> Sequential.of(new Reshape(2, 1), new Flatten(), normalization()),
                () -> Sequential.of(new Reshape(1, 2), new Permute(2, 1), new Flatten(), normalization()),
                () -> Sequential.of(
                        new Reshape(1, 2), new ZeroPadding1D(), new Cropping1D(), new Flatten(), normalization()),
                () -> Sequential.of(new Reshape(2, 1), new GlobalAveragePool1D(), new Rescaling(1e-3, -36)),
                () -> Sequential.of(new Reshape(2, 1), new AveragePool1D(2), new Flatten(), new Rescaling(1e-3)),
                () -> Sequential.of(new Reshape(1, 2), new TimeDistributed(normalization()), new Flatten()),
                () -> Sequential.of(new Reshape(1, 2), new Masking(-1), new Flatten(), normalization()),
                () -> Sequential.of(new Concatenate(), normalization()),
                () -> repeated(normalization()));
    }

    static Stream<Arguments> runs() {
        return layers().flatMap(layer -> Stream.of(DtypePolicy.MIXED_FLOAT16, DtypePolicy.MIXED_BFLOAT16)
                .map(precision -> Arguments.of(named(layer.get()), precision, layer)));
    }

    private static String named(Layer layer) {
        return layer.layers().isEmpty()
                ? layer.toString()
                : layer.layers().keySet().toString();
    }

    private static Operand<TFloat32> y(Ops tf, Layer layer, DtypePolicy precision, Operand<?> x) {
        return ForwardPass.training(tf, 1, () -> tf.constant(0L)).in(precision).call(layer, x);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("runs")
    void theFirstLayersReadTheInputAsItCame(String name, DtypePolicy precision, Supplier<Layer> layer) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.constant(X);
            Layer full = layer.get();
            Layer mixed = layer.get();
            double[] expected = session.doubles(y(tf, full, DtypePolicy.FULL, x));
            double most = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
            double digits = precision == DtypePolicy.MIXED_FLOAT16 ? 1e-3 : 8e-3;
            assertArrayEquals(expected, session.doubles(y(tf, mixed, precision, x)), digits * most);
            try (TracedFunction function = TracedFunction.trace(
                    session, "first", List.of(Spec.of(x)), (ops, in) -> List.of(y(ops, mixed, precision, in.get(0))))) {
                assertArrayEquals(
                        expected,
                        session.doubles(typed(function.call(List.of(x)).get(0))),
                        digits * most);
            }
        }
    }

    @SuppressWarnings("unchecked") // Models put out float32.
    private static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    @Test
    void idsThatComeAsFloatsAreNotRounded() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            Embedding layer = new Embedding(3000, 2);
            Operand<TFloat32> ids = tf.constant(new float[][] {{2049, 2999}});
            double[] full = session.doubles(y(tf, layer, DtypePolicy.FULL, ids));
            for (DtypePolicy precision : DtypePolicy.values()) {
                assertArrayEquals(full, session.doubles(y(tf, layer, precision, ids)), 1e-3);
            }
        }
    }

    @Test
    void aNumberThatIsRoundedToTheMaskValueIsNotMasked() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.constant(new float[][][] {{{-1.0001f}, {-1}, {2}}});
            ForwardPass pass = ForwardPass.inference(tf).in(DtypePolicy.MIXED_BFLOAT16);
            Operand<TFloat32> y = pass.call(new Masking(-1), x);
            assertEquals(
                    List.of(true, false, true),
                    Stream.of(session.booleans(pass.mask(y).orElseThrow()))
                            .flatMap(mask -> Stream.of(mask[0], mask[1], mask[2]))
                            .toList());
        }
    }

    @Test
    void eachInputOfAModelWithSeveralIsReadAsItCame() {
        MultiModel model = new MultiModel() {
            private final Concatenate concatenate = layer(new Concatenate());
            private final Normalization normalization = layer(normalization());

            @Override
            public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
                return Map.of(
                        "y", normalization.call(pass, concatenate.call(pass, inputs.get("year"), inputs.get("price"))));
            }
        };
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            Map<String, Operand<TFloat32>> inputs = new LinkedHashMap<>();
            inputs.put("year", tf.constant(new float[][] {{2001}, {2003}}));
            inputs.put("price", tf.constant(new float[][] {{70010}, {69990}}));
            ForwardPass pass = ForwardPass.inference(tf).in(DtypePolicy.MIXED_FLOAT16);
            double[] y = session.doubles(pass.call(model, inputs).get("y"));
            assertArrayEquals(new double[] {-0.5, 1, 0.5, -1}, y, 1e-3);
        }
    }
}
