package io.github.tapeloop.parts;

import static io.github.tapeloop.parts.LayerRows.layer;

import io.github.tapeloop.layer.Activation;
import io.github.tapeloop.layer.ActivationFunction;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.ActivityRegularization;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Reshape;
import java.util.List;

/** Activation functions over an axis, and layers without weights of their own. */
final class AxisRows {

    private AxisRows() {}

    static List<PartRow> rows() {
        return List.of(
                row("SOFTMAX", "", "softmax", "axis=-1", "softmax", Activations.SOFTMAX),
                row("softmax", "axis 1", "softmax", "", "softmax_axis1", Activations.softmax(1)),
                row("LOG_SOFTMAX", "", "log_softmax", "axis=-1", "log_softmax", Activations.LOG_SOFTMAX),
                row("logSoftmax", "axis -2", "log_softmax", "", "log_softmax_axis1", Activations.logSoftmax(-2)),
                row("GLU", "", "glu", "axis=-1", "glu", Activations.GLU),
                row("glu", "axis 1", "glu", "", "glu_axis1", Activations.glu(1)),
                layer("Activation", "", "Activation", "", "softmax", () -> new Activation(Activations.SOFTMAX)),
                layer(
                        "Lambda",
                        "",
                        "Lambda",
                        "",
                        "square",
                        () -> new Lambda((pass, x) -> pass.tf().math.square(x))),
                layer(
                        "ActivityRegularization",
                        "l1 0.1, l2 0.2",
                        "ActivityRegularization",
                        "",
                        "activity",
                        () -> new ActivityRegularization(0.1, 0.2)),
                layer("Flatten", "", "Flatten", "", "flatten", Flatten::new),
                layer("Reshape", "3, -1", "Reshape", "", "reshape", () -> new Reshape(3, -1)));
    }

    private static PartRow row(
            String name, String variant, String keras, String defaults, String figures, ActivationFunction function) {
        return new PartRow(
                PartRow.Kind.ACTIVATION,
                "Activations." + name,
                variant,
                "activations." + keras,
                defaults,
                "PyTorch",
                new LayerCase(figures, () -> new Activation(function), true, false)::check);
    }
}
