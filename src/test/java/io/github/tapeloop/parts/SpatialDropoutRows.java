package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.SpatialDropout1D;
import io.github.tapeloop.layer.SpatialDropout2D;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Dropout of whole channels: each is zero or scaled, everywhere alike. */
final class SpatialDropoutRows {

    private static final int EXAMPLES = 20;
    private static final int PLACES = 6;
    private static final int CHANNELS = 50;

    private SpatialDropoutRows() {}

    static List<PartRow> rows() {
        return List.of(
                row("SpatialDropout1D", new SpatialDropout1D(0.2), Shape.of(EXAMPLES, PLACES, CHANNELS)),
                row("SpatialDropout2D", new SpatialDropout2D(0.2), Shape.of(EXAMPLES, 2, PLACES / 2, CHANNELS)));
    }

    private static PartRow row(String part, Layer layer, Shape shape) {
        return new PartRow(
                PartRow.Kind.LAYER, part, "0.2", "layers." + part, "", "closed form", run -> check(layer, shape, run));
    }

    private static void check(Layer layer, Shape shape, PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            Operand<TFloat32> x = run.constant(
                    session.tf(),
                    shape,
                    IntStream.range(0, (int) shape.size())
                            .mapToDouble(i -> i + 1)
                            .toArray());
            assertSame(x, layer.call(ForwardPass.inference(session.tf()), x));
            TracedFunction.Body body = (tf, in) -> train(tf, layer, typed(in.get(0)));
            List<double[]> known = run.run(session, List.of(x), body);
            check(known, run);
            if (run.compiled()) {
                List<TracedFunction.Spec> open = List.of(new TracedFunction.Spec(
                        Tensors.dataType(x), shape.tail().prepend(Shape.UNKNOWN_SIZE)));
                try (TracedFunction function = TracedFunction.trace(session, "open", open, body)) {
                    double[] y = PartRun.read(session, function.call(List.of(x)).get(0));
                    assertArrayEquals(known.get(0), y, "an open batch has the same mask");
                }
            }
        }
    }

    private static void check(List<double[]> results, PartRun run) {
        double[] y = results.get(0);
        double[] slopes = results.get(1);
        int dropped = 0;
        for (int example = 0; example < EXAMPLES; example++) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                double factor = slopes[example * PLACES * CHANNELS + channel];
                assertTrue(factor == 0 || Math.abs(factor - 1.25) < 1e-6, "factor " + factor);
                dropped += factor == 0 ? 1 : 0;
                for (int place = 0; place < PLACES; place++) {
                    int at = (example * PLACES + place) * CHANNELS + channel;
                    assertEquals(factor, slopes[at]);
                    assertEquals(factor * (at + 1), y[at], (run.float64() ? 1e-14 : 1e-6) * (at + 1));
                }
            }
        }
        int all = EXAMPLES * CHANNELS;
        assertEquals(0.2, dropped / (double) all, 5 * Math.sqrt(0.2 * 0.8 / all));
    }

    /** The output and its slopes. */
    private static List<Operand<?>> train(Ops tf, Layer layer, Operand<TFloat32> x) {
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat32> y = layer.call(ForwardPass.training(tf, 5, () -> tf.constant(3L)), x);
            int[] axes = IntStream.range(0, Tensors.rank(y)).toArray();
            return Arrays.asList(
                    y, tape.gradient(tf.sum(y, tf.constant(axes)), x).orElseThrow());
        }
    }

    @SuppressWarnings("unchecked") // The input of the row.
    private static Operand<TFloat32> typed(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }
}
