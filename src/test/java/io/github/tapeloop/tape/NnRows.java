package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.back;
import static io.github.tapeloop.tape.GradientRow.given;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.plain;
import static io.github.tapeloop.tape.GradientRow.row;
import static io.github.tapeloop.tape.GradientRow.single;

import java.util.List;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;

/** Layers of networks: activations over classes, losses, convolutions, pooling, normalisation, images. */
final class NnRows {

    private static final long[] ONES = {1, 1, 1, 1};
    private static final long[] AROUND = {0, 0, 1, 1, 0, 1, 0, 0};
    private static final long[] POOL = {1, 2, 2, 1};
    private static final long[] POOL3D = {1, 2, 2, 2, 1};

    /** The op assumes that the labels of an example sum to one. */
    private static final GradientRow.Input PROBABILITIES = given(Shape.of(2, 3), 0.2, 0.5, 0.3, 0.7, 0.1, 0.2);

    private NnRows() {}

    static List<GradientRow> all() {
        return List.of(
                plain("Softmax", in(2, 3)).andTwice(),
                plain("LogSoftmax", in(2, 3)).andTwice(),
                row("SoftmaxCrossEntropyWithLogits", in(2, 3), PROBABILITIES, (tf, x) -> op(
                                tf, "SoftmaxCrossEntropyWithLogits")
                        .in(x)),
                row("SoftmaxCrossEntropyWithLogits", in(2, 3), in(2, 3), (tf, x) -> op(
                                        tf, "SoftmaxCrossEntropyWithLogits")
                                .in(x.get(0), op(tf, "Softmax").in(x.get(1)).out(0)))
                        .andTwice(),
                row("SoftmaxCrossEntropyWithLogits", in(2, 3), (tf, x) -> op(tf, "SoftmaxCrossEntropyWithLogits")
                                .in(x.get(0), tf.constant(new double[][] {{0.2, 0.5, 0.3}})))
                        .andTwice(),
                row("SparseSoftmaxCrossEntropyWithLogits", in(3, 4), (tf, x) -> op(
                                        tf, "SparseSoftmaxCrossEntropyWithLogits")
                                .in(x.get(0), ints(tf, 2, 0, 3)))
                        .andTwice(),
                plain("BiasAdd", in(2, 2, 3), in(3)).andTwice(),
                row("BiasAdd", in(2, 3, 2, 2), in(3), (tf, x) -> op(tf, "BiasAdd")
                                .in(x)
                                .set(b -> b.setAttr("data_format", "NCHW")))
                        .andTwice(),
                plain("Softmax", in(4)).andTwice(),
                plain("LogSoftmax", in(2, 2, 3)).andTwice(),
                plain("BiasAddGrad", in(2, 3)).andTwice(),
                row("ReluGrad", in(6), (tf, x) -> op(tf, "ReluGrad")
                                .in(x.get(0), tf.constant(new double[] {1, -1, 2, 0.5, -3, 4})))
                        .andTwice(),
                row("LeakyReluGrad", in(4), (tf, x) -> op(tf, "LeakyReluGrad")
                                .in(x.get(0), tf.constant(new double[] {1, -1, 2, -3})))
                        .andTwice(),
                convolution("Conv2D", in(1, 4, 4, 2), in(2, 2, 2, 3)),
                stretched("Conv2D", in(2, 2, 2, 3)),
                stretched("DepthwiseConv2dNative", in(2, 2, 2, 1)),
                convolution("DepthwiseConv2dNative", in(1, 4, 4, 2), in(2, 2, 2, 2)),
                row("Conv2DBackpropInput", in(2, 2, 2, 3), in(1, 3, 3, 3), (tf, x) -> op(tf, "Conv2DBackpropInput")
                        .in(ints(tf, 1, 4, 4, 2), x.get(0), x.get(1))
                        .set(b -> strided(b, "VALID"))),
                pool("AvgPool", POOL, in(1, 4, 4, 2)),
                pool("MaxPool", POOL, in(1, 4, 4, 2)),
                row("MaxPool", in(1, 5, 5, 1), (tf, x) -> op(tf, "MaxPool")
                        .in(x)
                        .set(b -> b.setAttr("ksize", new long[] {1, 3, 2, 1})
                                .setAttr("strides", new long[] {1, 2, 1, 1})
                                .setAttr("padding", "EXPLICIT")
                                .setAttr("explicit_paddings", AROUND))),
                row("AvgPool", in(1, 5, 5, 1), (tf, x) -> op(tf, "AvgPool")
                        .in(x)
                        .set(b -> b.setAttr("ksize", new long[] {1, 3, 2, 1})
                                .setAttr("strides", new long[] {1, 2, 1, 1})
                                .setAttr("padding", "SAME"))),
                row("MaxPoolV2", in(1, 4, 4, 2), (tf, x) -> op(tf, "MaxPoolV2")
                        .in(x.get(0), ints(tf, 1, 2, 2, 1), ints(tf, 1, 2, 2, 1))
                        .set(b -> b.setAttr("padding", "VALID"))),
                fractional("FractionalAvgPool"),
                fractional("FractionalMaxPool"));
    }

    /** Ops that compute in float32 only: the inputs go through a cast, and differences are as coarse as that. */
    static List<GradientRow> inFloat32() {
        return List.of(
                row(
                                "LRN",
                                in(1, 2, 2, 4),
                                (tf, x) -> back(
                                        tf,
                                        op(tf, "LRN").in(single(tf, x.get(0))).out(0)))
                        .inFloat32(),
                row("LRN", in(1, 2, 2, 6), (tf, x) -> op(tf, "LRN")
                                .in(single(tf, x.get(0)))
                                .set(b -> b.setAttr("depth_radius", 1L)
                                        .setAttr("bias", 1.5f)
                                        .setAttr("alpha", 0.3f)
                                        .setAttr("beta", 0.7f)))
                        .inFloat32(),
                row(
                                "CropAndResize",
                                in(1, 5, 5, 2),
                                given(Shape.of(2, 4), 0.1, 0.1, 0.8, 0.9, 0.2, 0.3, 0.6, 0.7),
                                (tf, x) -> op(tf, "CropAndResize")
                                        .in(single(tf, x.get(0)), single(tf, x.get(1)), ints(tf, 0, 0), ints(tf, 2, 2)))
                        .inFloat32(),
                row(
                                "FusedBatchNormV3",
                                in(4, 1, 2, 2),
                                in(0.5, 2, 2),
                                in(2),
                                (tf, x) -> back(
                                        tf,
                                        op(tf, "FusedBatchNormV3")
                                                .in(single(tf, x.get(0)), single(tf, x.get(1)), single(tf, x.get(2)))
                                                .in(tf.constant(new float[] {0.1f, 0.2f}))
                                                .in(tf.constant(new float[] {1.1f, 0.7f}))
                                                .set(b -> b.setAttr("is_training", false))
                                                .out(0)))
                        .inFloat32(),
                row(
                                "FusedBatchNormV3",
                                in(4, 1, 2, 2),
                                in(0.5, 2, 2),
                                in(2),
                                (tf, x) -> back(
                                        tf,
                                        op(tf, "FusedBatchNormV3")
                                                .in(single(tf, x.get(0)), single(tf, x.get(1)), single(tf, x.get(2)))
                                                .in(tf.constant(new float[0]), tf.constant(new float[0]))
                                                .out(0)))
                        .inFloat32(),
                row(
                                "CropAndResize",
                                in(1, 4, 4, 1),
                                (tf, x) -> back(
                                        tf,
                                        op(tf, "CropAndResize")
                                                .in(
                                                        single(tf, x.get(0)),
                                                        tf.constant(new float[][] {{0.1f, 0.1f, 0.8f, 0.9f}}),
                                                        ints(tf, 0),
                                                        ints(tf, 2, 2))
                                                .out(0)))
                        .inFloat32(),
                row(
                                "ScaleAndTranslate",
                                in(1, 3, 3, 1),
                                (tf, x) -> back(
                                        tf,
                                        op(tf, "ScaleAndTranslate")
                                                .in(
                                                        single(tf, x.get(0)),
                                                        ints(tf, 4, 4),
                                                        tf.constant(new float[] {1.3f, 1.2f}),
                                                        tf.constant(new float[] {0.1f, 0.2f}))
                                                .out(0)))
                        .inFloat32(),
                row(
                                "Conv2D",
                                in(1, 4, 4, 2),
                                in(2, 2, 2, 3),
                                (tf, x) -> back(
                                        tf,
                                        op(tf, "Conv2D")
                                                .in(single(tf, x.get(0)), single(tf, x.get(1)))
                                                .set(b -> strided(b, "VALID")
                                                        .setAttr("dilations", new long[] {1, 2, 2, 1}))
                                                .out(0)))
                        .inFloat32(),
                pool3D("AvgPool3D"),
                pool3D("MaxPool3D"),
                resize("ResizeBilinear"),
                resize("ResizeBicubic"),
                row("ResizeNearestNeighbor", in(1, 2, 2, 1), (tf, x) -> op(tf, "ResizeNearestNeighbor")
                        .in(x.get(0), ints(tf, 4, 4))));
    }

    private static OperationBuilder strided(OperationBuilder builder, String padding) {
        return builder.setAttr("strides", ONES).setAttr("padding", padding);
    }

    private static GradientRow convolution(String type, GradientRow.Input image, GradientRow.Input kernel) {
        return row(type, image, kernel, (tf, x) -> op(tf, type).in(x).set(b -> strided(b, "SAME")));
    }

    /** Strides of 2 and explicit paddings. */
    private static GradientRow stretched(String type, GradientRow.Input kernel) {
        return row(type, in(1, 5, 5, 2), kernel, (tf, x) -> op(tf, type).in(x).set(b -> b.setAttr(
                        "strides", new long[] {1, 2, 2, 1})
                .setAttr("padding", "EXPLICIT")
                .setAttr("explicit_paddings", AROUND)));
    }

    private static GradientRow pool(String type, long[] window, GradientRow.Input image) {
        return row(type, image, (tf, x) -> op(tf, type)
                .in(x)
                .set(b -> b.setAttr("ksize", window).setAttr("strides", window).setAttr("padding", "VALID")));
    }

    private static GradientRow pool3D(String type) {
        return row(
                        type,
                        in(1, 2, 2, 4, 1),
                        (tf, x) -> back(
                                tf,
                                op(tf, type)
                                        .in(single(tf, x.get(0)))
                                        .set(b -> b.setAttr("ksize", POOL3D)
                                                .setAttr("strides", POOL3D)
                                                .setAttr("padding", "VALID"))
                                        .out(0)))
                .inFloat32();
    }

    private static GradientRow fractional(String type) {
        return row(type, in(1, 4, 4, 1), (tf, x) -> op(tf, type).in(x).set(b -> b.setAttr(
                        "pooling_ratio", new float[] {1, 1.5f, 1.5f, 1})
                .setAttr("deterministic", true)
                .setAttr("seed", 3L)
                .setAttr("seed2", 5L)));
    }

    private static GradientRow resize(String type) {
        return row(
                        type,
                        in(1, 2, 3, 1),
                        (tf, x) -> back(
                                tf,
                                op(tf, type)
                                        .in(single(tf, x.get(0)), ints(tf, 3, 4))
                                        .out(0)))
                .inFloat32();
    }
}
