package io.github.tapeloop.parts;

import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Add;
import io.github.tapeloop.layer.Average;
import io.github.tapeloop.layer.Concatenate;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dot;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Maximum;
import io.github.tapeloop.layer.Minimum;
import io.github.tapeloop.layer.Multiply;
import io.github.tapeloop.layer.PReLU;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.layer.Subtract;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Dense layers with regularizers, embeddings and merging layers. */
final class LayerRows {

    private LayerRows() {}

    static List<PartRow> rows() {
        return Stream.of(layers(), regularizers(), merges())
                .flatMap(List::stream)
                .toList();
    }

    /** A layer against layers.py. */
    static PartRow layer(
            String part, String variant, String keras, String defaults, String figures, Supplier<Layer> layer) {
        return new PartRow(
                PartRow.Kind.LAYER,
                part,
                variant,
                "layers." + keras,
                defaults,
                "PyTorch",
                new LayerCase(figures, layer, true, false)::check);
    }

    private static List<PartRow> layers() {
        return List.of(
                layer(
                        "Dense",
                        "",
                        "Dense",
                        "activation=None, use_bias=True, kernel_initializer=glorot_uniform, bias_initializer=zeros",
                        "dense",
                        () -> new Dense(3)),
                layer(
                        "Dense",
                        "activityRegularizer l2(0.1)",
                        "Dense",
                        "",
                        "dense_activity",
                        () -> tanh().activityRegularizer(Regularizer.l2(0.1))),
                new PartRow(
                        PartRow.Kind.LAYER,
                        "Embedding",
                        "",
                        "layers.Embedding",
                        "embeddings_initializer=uniform, mask_zero=False",
                        "PyTorch",
                        new LayerCase("embedding", () -> new Embedding(7, 5), true, true)::check),
                layer("PReLU", "", "PReLU", "alpha_initializer=zeros, shared_axes=None", "prelu", PReLU::new),
                layer("PReLU", "sharedAxes 1, 2", "PReLU", "", "prelu_shared", () -> new PReLU(1, 2)));
    }

    private static Dense tanh() {
        return new Dense(3, Activations.TANH);
    }

    private static PartRow regularizer(
            String factory, String variant, String keras, String defaults, String figures, Supplier<Layer> layer) {
        return new PartRow(
                PartRow.Kind.REGULARIZER,
                "Regularizer." + factory,
                variant,
                "regularizers." + keras,
                defaults,
                "PyTorch",
                new LayerCase(figures, layer, true, false)::check);
    }

    private static List<PartRow> regularizers() {
        return List.of(
                regularizer("l1", "", "L1", "l1=0.01", "dense_l1", () -> tanh().kernel(
                                w -> w.regularizer(Regularizer.l1()))),
                regularizer("l2", "", "L2", "l2=0.01", "dense_l2", () -> tanh().kernel(
                                w -> w.regularizer(Regularizer.l2()))),
                regularizer("l1l2", "l1 0.2, l2 0.3", "L1L2", "l1=0, l2=0", "dense_l1l2", () -> tanh().kernel(
                                w -> w.regularizer(Regularizer.l1l2(0.2, 0.3)))
                        .bias(w -> w.regularizer(Regularizer.l2(0.4)))),
                regularizer(
                        "orthogonal",
                        "",
                        "OrthogonalRegularizer",
                        "factor=0.01, mode=rows",
                        "dense_orthogonal",
                        () -> tanh().kernel(w -> w.regularizer(Regularizer.orthogonal()))),
                regularizer(
                        "orthogonal",
                        "factor 0.5, columns",
                        "OrthogonalRegularizer",
                        "",
                        "dense_orthogonal_columns",
                        () -> tanh().kernel(
                                        w -> w.regularizer(Regularizer.orthogonal(0.5, Regularizer.Mode.COLUMNS)))));
    }

    private static List<PartRow> merges() {
        return List.of(
                layer("Add", "", "Add", "", "add", Add::new),
                layer("Add", "broadcast", "Add", "", "add_broadcast", Add::new),
                layer("Subtract", "", "Subtract", "", "subtract", Subtract::new),
                layer("Multiply", "", "Multiply", "", "multiply", Multiply::new),
                layer("Average", "", "Average", "", "average", Average::new),
                layer("Maximum", "", "Maximum", "", "maximum", Maximum::new),
                layer("Minimum", "", "Minimum", "", "minimum", Minimum::new),
                layer("Concatenate", "", "Concatenate", "axis=-1", "concatenate", Concatenate::new),
                layer("Concatenate", "axis 1", "Concatenate", "", "concatenate_axis1", () -> new Concatenate(1)),
                layer("Dot", "", "Dot", "normalize=False", "dot", () -> new Dot(1)),
                layer("Dot", "normalize", "Dot", "", "dot_cosine", () -> new Dot(1).normalize(true)),
                layer("Dot", "axes 1, 2", "Dot", "", "dot_rank3", () -> new Dot(1, 2)));
    }
}
