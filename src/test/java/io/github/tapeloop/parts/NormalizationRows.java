package io.github.tapeloop.parts;

import static io.github.tapeloop.parts.LayerRows.layer;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.GroupNormalization;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.Normalization;
import io.github.tapeloop.layer.RmsNormalization;
import io.github.tapeloop.layer.UnitNormalization;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Layers that normalize. */
final class NormalizationRows {

    private static final Oracle FIGURES = Oracle.load("layers.txt");

    private NormalizationRows() {}

    static List<PartRow> rows() {
        return Stream.of(batches(), others()).flatMap(List::stream).toList();
    }

    private static PartRow batch(String variant, String figures, Supplier<Layer> layer) {
        String defaults = variant.isEmpty() ? "axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True" : "";
        return layer("BatchNormalization", variant, "BatchNormalization", defaults, figures, layer);
    }

    private static PartRow inference(String variant, String figures, Supplier<Layer> layer, boolean training) {
        return new PartRow(
                PartRow.Kind.LAYER,
                "BatchNormalization",
                variant,
                "layers.BatchNormalization",
                "",
                "PyTorch",
                new LayerCase(figures, layer, training, false)::check);
    }

    private static List<PartRow> batches() {
        return List.of(
                batch("", "bn_rank4", BatchNormalization::new),
                batch("matrix", "bn_rank2", BatchNormalization::new),
                batch("series", "bn_rank3", BatchNormalization::new),
                batch("axis 1", "bn_axis1", () -> new BatchNormalization().axis(1)),
                batch("momentum 0.5, epsilon 0.1", "bn_options", () -> new BatchNormalization()
                        .momentum(0.5)
                        .epsilon(0.1)),
                batch("no scale, no center", "bn_plain", () -> new BatchNormalization()
                        .scale(false)
                        .center(false)),
                batch("no scale", "bn_no_scale", () -> new BatchNormalization().scale(false)),
                batch("no center", "bn_no_center", () -> new BatchNormalization().center(false)),
                inference("inference", "bn_inference", BatchNormalization::new, false),
                inference(
                        "inference, no scale, no center",
                        "bn_inference_plain",
                        () -> new BatchNormalization().scale(false).center(false),
                        false),
                inference("inference, axis 1", "bn_inference_axis1", () -> new BatchNormalization().axis(1), false),
                new PartRow(
                        PartRow.Kind.LAYER,
                        "BatchNormalization",
                        "three steps, then frozen",
                        "layers.BatchNormalization",
                        "",
                        "PyTorch",
                        NormalizationRows::steps));
    }

    /** Three calls in one function: each finds the averages that the one before left. Frozen, it leaves them alone. */
    private static void steps(PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            Ops eager = session.tf();
            List<Operand<TFloat32>> xs = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                xs.add(run.constant(eager, FIGURES.shape("bn_steps.x" + i), FIGURES.values("bn_steps.x" + i)));
            }
            BatchNormalization layer = new BatchNormalization();
            layer.call(ForwardPass.inference(eager), xs.get(0));
            List<Variable<?>> weights = new ArrayList<>();
            layer.variables().forEach(weights::add);
            assign(run, eager, weights.get(0), "bn_steps.w.gamma");
            assign(run, eager, weights.get(1), "bn_steps.w.beta");
            List<double[]> values = run.run(session, xs, (tf, in) -> {
                List<Operand<?>> results = new ArrayList<>();
                layer.trainable(true);
                for (Operand<?> x : in) {
                    results.add(layer.call(ForwardPass.training(tf), input(x)));
                    results.add(weights.get(2).read(tf));
                    results.add(weights.get(3).read(tf));
                }
                layer.trainable(false);
                results.add(layer.call(ForwardPass.training(tf), input(in.get(2))));
                results.add(weights.get(2).read(tf));
                results.add(weights.get(3).read(tf));
                return results;
            });
            List<String> figures = List.of(
                    "y0",
                    "mean0",
                    "variance0",
                    "y1",
                    "mean1",
                    "variance1",
                    "y2",
                    "mean2",
                    "variance2",
                    "inference",
                    "mean2",
                    "variance2");
            for (int i = 0; i < figures.size(); i++) {
                String figure = "bn_steps." + figures.get(i);
                PartRun.assertClose(FIGURES.values(figure), values.get(i), run.float64() ? 1e-10 : 1e-5, figure);
            }
        }
    }

    @SuppressWarnings("unchecked") // Weights are of the run's type.
    private static void assign(PartRun run, Ops tf, Variable<?> weight, String figure) {
        ((Variable<TFloat32>) weight).assign(tf, run.constant(tf, FIGURES.shape(figure), FIGURES.values(figure)));
    }

    @SuppressWarnings("unchecked") // The inputs of the row.
    private static Operand<TFloat32> input(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    private static List<PartRow> others() {
        String layerDefaults = "axis=-1, epsilon=0.001, center=True, scale=True";
        return List.of(
                layer("LayerNormalization", "", "LayerNormalization", layerDefaults, "ln", LayerNormalization::new),
                layer("LayerNormalization", "series", "LayerNormalization", "", "ln_rank3", LayerNormalization::new),
                layer(
                        "LayerNormalization",
                        "axes 1, 2",
                        "LayerNormalization",
                        "",
                        "ln_axes",
                        () -> new LayerNormalization(1, 2)),
                layer(
                        "LayerNormalization",
                        "axis 1",
                        "LayerNormalization",
                        "",
                        "ln_inner_axis",
                        () -> new LayerNormalization(1)),
                layer(
                        "GroupNormalization",
                        "",
                        "GroupNormalization",
                        "groups=32, axis=-1, epsilon=0.001, center=True, scale=True",
                        "gn",
                        GroupNormalization::new),
                layer(
                        "GroupNormalization",
                        "3 groups",
                        "GroupNormalization",
                        "",
                        "gn_image",
                        () -> new GroupNormalization(3)),
                layer(
                        "GroupNormalization",
                        "a group a channel",
                        "GroupNormalization",
                        "",
                        "gn_channels",
                        () -> new GroupNormalization(-1)),
                layer(
                        "GroupNormalization",
                        "2 groups, axis 1",
                        "GroupNormalization",
                        "",
                        "gn_axis1",
                        () -> new GroupNormalization(2).axis(1)),
                layer(
                        "RmsNormalization",
                        "",
                        "RMSNormalization",
                        "axis=-1, epsilon=1e-6",
                        "rms",
                        RmsNormalization::new),
                layer(
                        "RmsNormalization",
                        "axes 1, 2",
                        "RMSNormalization",
                        "",
                        "rms_axes",
                        () -> new RmsNormalization(1, 2)),
                layer("UnitNormalization", "", "UnitNormalization", "axis=-1", "unit", UnitNormalization::new),
                layer(
                        "UnitNormalization",
                        "axis 1",
                        "UnitNormalization",
                        "",
                        "unit_axis1",
                        () -> new UnitNormalization(1)),
                layer(
                        "Normalization",
                        "",
                        "Normalization",
                        "axis=-1, invert=False",
                        "normalization",
                        Normalization::new),
                layer("Normalization", "invert", "Normalization", "", "normalization_invert", () -> new Normalization()
                        .invert(true)));
    }
}
