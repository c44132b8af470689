package io.github.tapeloop.parts;

import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Conv1D;
import io.github.tapeloop.layer.Conv1DTranspose;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Conv2DTranspose;
import io.github.tapeloop.layer.DepthwiseConv1D;
import io.github.tapeloop.layer.DepthwiseConv2D;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Padding;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.layer.SeparableConv1D;
import io.github.tapeloop.layer.SeparableConv2D;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Convolutions. */
final class ConvolutionRows {

    private static final String COMMON = "strides=1, padding=valid, dilation_rate=1, use_bias=True, activation=None, "
            + "%s=glorot_uniform, bias_initializer=zeros";
    private static final String FULL = "groups=1, " + COMMON.formatted("kernel_initializer");
    private static final String TRANSPOSED = COMMON.formatted("kernel_initializer");
    private static final String DEPTHWISE = "depth_multiplier=1, " + COMMON.formatted("depthwise_initializer");
    private static final String SEPARABLE =
            "depth_multiplier=1, " + COMMON.formatted("depthwise_initializer=glorot_uniform, pointwise_initializer");

    private ConvolutionRows() {}

    static List<PartRow> rows() {
        return Stream.of(full(), transposed(), depthwise())
                .flatMap(List::stream)
                .toList();
    }

    private static PartRow row(
            String part, String variant, String defaults, String oracle, Supplier<? extends Layer> layer) {
        return SpatialRows.row(part, variant, defaults, oracle, layer);
    }

    private static List<PartRow> full() {
        return List.of(
                row("Conv2D", "", FULL, "conv2d", () -> new Conv2D(2, 3)),
                row("Conv2D", "2 x 3, strides 2 x 1, same, tanh", FULL, "conv2d_rectangular", () -> new Conv2D(
                                2, 2, 3, Activations.TANH)
                        .strides(2, 1)
                        .padding(Padding.SAME)),
                row("Conv2D", "dilation 2", FULL, "conv2d_dilated", () -> new Conv2D(2, 2).dilationRate(2)),
                row("Conv2D", "3 x 2, dilation 2 x 3, same", FULL, "conv2d_dilated_same", () -> new Conv2D(
                                2, 3, 2, Activations.LINEAR)
                        .dilationRate(2, 3)
                        .padding(Padding.SAME)),
                row("Conv2D", "2 groups, strides 2, same", FULL, "conv2d_groups", () -> new Conv2D(6, 3)
                        .groups(2)
                        .strides(2)
                        .padding(Padding.SAME)),
                row("Conv2D", "4 groups, dilation 2", FULL, "conv2d_groups_dilated", () -> new Conv2D(4, 2)
                        .groups(4)
                        .dilationRate(2)),
                row("Conv2D", "penalties", FULL, "conv2d_penalties", () -> new Conv2D(2, 2)
                        .kernel(w -> w.regularizer(Regularizer.l2(0.1)))
                        .bias(w -> w.regularizer(Regularizer.l1(0.2)))
                        .activityRegularizer(Regularizer.l2(0.3))),
                row("Conv1D", "", FULL, "conv1d", () -> new Conv1D(2, 3)),
                row("Conv1D", "strides 2, same, tanh", FULL, "conv1d_same", () -> new Conv1D(2, 4, Activations.TANH)
                        .strides(2)
                        .padding(Padding.SAME)),
                row("Conv1D", "causal, strides 2", FULL, "conv1d_causal", () -> new Conv1D(2, 3)
                        .padding(Padding.CAUSAL)
                        .strides(2)),
                row("Conv1D", "causal, dilation 3", FULL, "conv1d_causal_dilated", () -> new Conv1D(2, 2)
                        .padding(Padding.CAUSAL)
                        .dilationRate(3)),
                row("Conv1D", "2 groups, no bias", FULL, "conv1d_groups", () -> new Conv1D(2, 2)
                        .groups(2)
                        .useBias(false)));
    }

    private static List<PartRow> transposed() {
        return List.of(
                row("Conv2DTranspose", "", TRANSPOSED, "conv2d_transpose", () -> new Conv2DTranspose(2, 3)),
                row(
                        "Conv2DTranspose",
                        "strides 2, same",
                        TRANSPOSED,
                        "conv2d_transpose_same",
                        () -> new Conv2DTranspose(2, 3).strides(2).padding(Padding.SAME)),
                row(
                        "Conv2DTranspose",
                        "2 x 5, strides 3 x 2",
                        TRANSPOSED,
                        "conv2d_transpose_valid",
                        () -> new Conv2DTranspose(2, 2, 5, Activations.LINEAR).strides(3, 2)),
                row(
                        "Conv2DTranspose",
                        "2 x 1, strides 3, same, no bias",
                        TRANSPOSED,
                        "conv2d_transpose_short",
                        () -> new Conv2DTranspose(2, 2, 1, Activations.LINEAR)
                                .strides(3)
                                .padding(Padding.SAME)
                                .useBias(false)),
                row(
                        "Conv2DTranspose",
                        "2 x 3, dilation 2",
                        TRANSPOSED,
                        "conv2d_transpose_dilated",
                        () -> new Conv2DTranspose(2, 2, 3, Activations.LINEAR).dilationRate(2)),
                row(
                        "Conv2DTranspose",
                        "2 x 3, dilation 3 x 2, same, no bias",
                        TRANSPOSED,
                        "conv2d_transpose_dilated_same",
                        () -> new Conv2DTranspose(2, 2, 3, Activations.LINEAR)
                                .dilationRate(3, 2)
                                .padding(Padding.SAME)
                                .useBias(false)),
                row("Conv1DTranspose", "", TRANSPOSED, "conv1d_transpose", () -> new Conv1DTranspose(2, 3)),
                row(
                        "Conv1DTranspose",
                        "strides 2, same",
                        TRANSPOSED,
                        "conv1d_transpose_same",
                        () -> new Conv1DTranspose(2, 5).strides(2).padding(Padding.SAME)),
                row(
                        "Conv1DTranspose",
                        "dilation 2, same",
                        TRANSPOSED,
                        "conv1d_transpose_dilated",
                        () -> new Conv1DTranspose(2, 2).dilationRate(2).padding(Padding.SAME)));
    }

    private static List<PartRow> depthwise() {
        return List.of(
                row("DepthwiseConv2D", "", DEPTHWISE, "depthwise_conv2d", () -> new DepthwiseConv2D(3)),
                row(
                        "DepthwiseConv2D",
                        "2 x 3, depth 2, strides 2, same, tanh",
                        DEPTHWISE,
                        "depthwise_conv2d_same",
                        () -> new DepthwiseConv2D(2, 3, Activations.TANH)
                                .depthMultiplier(2)
                                .strides(2)
                                .padding(Padding.SAME)),
                row(
                        "DepthwiseConv2D",
                        "depth 2, dilation 2 x 1, same, no bias",
                        DEPTHWISE,
                        "depthwise_conv2d_dilated",
                        () -> new DepthwiseConv2D(2)
                                .depthMultiplier(2)
                                .dilationRate(2, 1)
                                .padding(Padding.SAME)
                                .useBias(false)),
                row("DepthwiseConv1D", "", DEPTHWISE, "depthwise_conv1d", () -> new DepthwiseConv1D(3)),
                row(
                        "DepthwiseConv1D",
                        "depth 2, strides 2, same",
                        DEPTHWISE,
                        "depthwise_conv1d_strides",
                        () -> new DepthwiseConv1D(2)
                                .depthMultiplier(2)
                                .strides(2)
                                .padding(Padding.SAME)),
                row("SeparableConv2D", "", SEPARABLE, "separable_conv2d", () -> new SeparableConv2D(2, 3)),
                row(
                        "SeparableConv2D",
                        "3 x 2, depth 2, strides 2, same, tanh",
                        SEPARABLE,
                        "separable_conv2d_same",
                        () -> new SeparableConv2D(2, 3, 2, Activations.TANH)
                                .depthMultiplier(2)
                                .strides(2)
                                .padding(Padding.SAME)),
                row(
                        "SeparableConv2D",
                        "dilation 2, no bias",
                        SEPARABLE,
                        "separable_conv2d_dilated",
                        () -> new SeparableConv2D(2, 2).dilationRate(2).useBias(false)),
                row("SeparableConv2D", "penalties", SEPARABLE, "separable_conv2d_penalties", () -> new SeparableConv2D(
                                2, 2)
                        .depthwiseKernel(w -> w.regularizer(Regularizer.l2(0.1)))
                        .pointwiseKernel(w -> w.regularizer(Regularizer.l1(0.2)))),
                row("SeparableConv1D", "", SEPARABLE, "separable_conv1d", () -> new SeparableConv1D(2, 3)),
                row(
                        "SeparableConv1D",
                        "depth 2, strides 2, same",
                        SEPARABLE,
                        "separable_conv1d_strides",
                        () -> new SeparableConv1D(2, 2)
                                .depthMultiplier(2)
                                .strides(2)
                                .padding(Padding.SAME)));
    }
}
