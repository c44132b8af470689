package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.back;
import static io.github.tapeloop.tape.GradientRow.given;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.longs;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.row;
import static io.github.tapeloop.tape.GradientRow.single;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** Convolutions in two and three dimensions, pooling, their gradient ops, and the gradient op of batch normalisation. */
final class WindowRows {

    private static final long[] ONES = {1, 1, 1, 1};
    private static final long[] TWOS = {1, 2, 2, 1};
    private static final long[] AROUND = {0, 0, 1, 1, 0, 1, 0, 0};

    private WindowRows() {}

    static List<GradientRow> all() {
        List<GradientRow> rows = new ArrayList<>();
        for (String type : List.of("Conv2D", "DepthwiseConv2dNative")) {
            rows.addAll(convolutions(type));
        }
        rows.addAll(dilatedConvolutions());
        rows.addAll(convolutions3D());
        rows.addAll(narrow());
        rows.addAll(averages());
        rows.addAll(largest());
        rows.addAll(dilations());
        rows.add(rangeGradient(-1, in()));
        rows.add(rangeGradient(1, in(3)));
        for (boolean training : new boolean[] {true, false}) {
            rows.add(normalization("", training).inFloat32());
            rows.add(normalization("V2", training).inFloat32());
            rows.add(normalization("V3", training).inFloat32());
        }
        return rows;
    }

    /** The convolution twice, and its two gradient ops; with explicit paddings and strides of 2. */
    private static List<GradientRow> convolutions(String type) {
        boolean deep = type.equals("DepthwiseConv2dNative");
        GradientRow.Input kernel = deep ? in(2, 2, 2, 2) : in(2, 2, 2, 3);
        int channels = deep ? 4 : 3;
        GradientRow.Input image = in(1, 4, 4, 2);
        return List.of(
                row(type, image, kernel, (tf, x) -> same(op(tf, type).in(x))).andTwice(),
                row(type, image, kernel, (tf, x) -> explicit(op(tf, type).in(x)))
                        .andTwice(),
                row(
                                type + "BackpropInput",
                                kernel,
                                in(1, 4, 4, channels),
                                (tf, x) -> same(
                                        op(tf, type + "BackpropInput").in(ints(tf, 1, 4, 4, 2), x.get(0), x.get(1))))
                        .andTwice(),
                row(
                                type + "BackpropFilter",
                                image,
                                in(1, 4, 4, channels),
                                (tf, x) -> same(op(tf, type + "BackpropFilter")
                                        .in(x.get(0), ints(tf, 2, 2, 2, deep ? 2 : 3), x.get(1))))
                        .andTwice(),
                row(
                                type + "BackpropFilter",
                                image,
                                in(1, 3, 2, channels),
                                (tf, x) -> explicit(op(tf, type + "BackpropFilter")
                                        .in(x.get(0), ints(tf, 2, 2, 2, deep ? 2 : 3), x.get(1))))
                        .andTwice());
    }

    private static GradientRow.Op same(GradientRow.Op op) {
        return op.set(b -> b.setAttr("strides", ONES).setAttr("padding", "SAME"));
    }

    private static GradientRow.Op explicit(GradientRow.Op op) {
        return op.set(
                b -> b.setAttr("strides", TWOS).setAttr("padding", "EXPLICIT").setAttr("explicit_paddings", AROUND));
    }

    /** The op's own backward kernels take no gaps in float64. */
    private static List<GradientRow> dilatedConvolutions() {
        GradientRow.Input kernel = in(2, 2, 2, 3);
        return List.of(
                row("Conv2D", in(1, 4, 5, 2), kernel, (tf, x) -> same(op(tf, "Conv2D")
                                        .in(x))
                                .set(b -> b.setAttr("dilations", new long[] {1, 2, 3, 1})))
                        .andTwice(),
                row("Conv2D", in(1, 4, 4, 2), kernel, (tf, x) -> explicit(
                                        op(tf, "Conv2D").in(x))
                                .set(b -> b.setAttr("dilations", TWOS)))
                        .andTwice());
    }

    private static List<GradientRow> convolutions3D() {
        GradientRow.Input image = in(1, 2, 3, 3, 1);
        GradientRow.Input kernel = in(1, 2, 2, 1, 2);
        GradientRow.Input result = in(1, 2, 2, 2, 2);
        return List.of(
                row("Conv3D", image, kernel, (tf, x) -> valid(op(tf, "Conv3D").in(x)))
                        .andTwice(),
                row(
                                "Conv3DBackpropInputV2",
                                kernel,
                                result,
                                (tf, x) -> valid(op(tf, "Conv3DBackpropInputV2")
                                        .in(ints(tf, 1, 2, 3, 3, 1), x.get(0), x.get(1))))
                        .andTwice(),
                row(
                                "Conv3DBackpropFilterV2",
                                image,
                                result,
                                (tf, x) -> valid(op(tf, "Conv3DBackpropFilterV2")
                                        .in(x.get(0), ints(tf, 1, 2, 2, 1, 2), x.get(1))))
                        .andTwice());
    }

    /** Windows of one element along a dimension, that leave out more than one between two places. */
    private static List<GradientRow> narrow() {
        GradientRow.Input image = in(2, 6, 5, 2);
        long[] threes = {1, 3, 3, 1};
        long[] unequal = {1, 4, 2, 1};
        long[] dilated = {1, 3, 1, 1};
        long[] deep = {1, 3, 3, 3, 1};
        List<GradientRow> rows = new ArrayList<>();
        for (String padding : List.of("SAME", "VALID")) {
            rows.add(row(
                            "Conv2D",
                            image,
                            in(1, 1, 2, 3),
                            (tf, x) -> moved(op(tf, "Conv2D").in(x), padding, threes))
                    .andTwice());
            rows.add(row("Conv2D", image, in(1, 1, 2, 3), (tf, x) -> moved(
                            op(tf, "Conv2D").in(x), padding, threes)
                    .set(b -> b.setAttr("dilations", threes))));
            rows.add(row("Conv2D", image, in(1, 2, 2, 3), (tf, x) -> moved(
                                    op(tf, "Conv2D").in(x), padding, unequal)
                            .set(b -> b.setAttr("dilations", dilated)))
                    .andTwice());
            rows.add(row(
                    "DepthwiseConv2dNative",
                    image,
                    in(1, 1, 2, 2),
                    (tf, x) -> moved(op(tf, "DepthwiseConv2dNative").in(x), padding, threes)));
            rows.add(row(
                    "Conv2DBackpropInput",
                    in(1, 1, 2, 3),
                    in(2, 2, 2, 3),
                    (tf, x) -> moved(
                            op(tf, "Conv2DBackpropInput").in(ints(tf, 2, 6, 5, 2), x.get(0), x.get(1)),
                            padding,
                            threes)));
            rows.add(row(
                    "Conv2DBackpropFilter",
                    image,
                    in(2, 2, 2, 3),
                    (tf, x) -> moved(
                            op(tf, "Conv2DBackpropFilter").in(x.get(0), ints(tf, 1, 1, 2, 3), x.get(1)),
                            padding,
                            threes)));
            rows.add(row(
                            "Conv3D",
                            in(1, 5, 4, 7, 1),
                            in(1, 1, 1, 1, 2),
                            (tf, x) -> moved(op(tf, "Conv3D").in(x), padding, deep))
                    .andTwice());
            rows.add(row(
                    "Conv3D",
                    in(1, 5, 4, 7, 1),
                    in(1, 2, 1, 1, 1),
                    (tf, x) -> moved(op(tf, "Conv3D").in(x), padding, deep)));
        }
        return rows;
    }

    private static GradientRow.Op moved(GradientRow.Op op, String padding, long[] strides) {
        return op.set(b -> b.setAttr("strides", strides).setAttr("padding", padding));
    }

    private static GradientRow.Op valid(GradientRow.Op op) {
        return op.set(b -> b.setAttr("strides", new long[] {1, 1, 1, 1, 1}).setAttr("padding", "VALID"));
    }

    private static List<GradientRow> averages() {
        return List.of(
                row(
                                "AvgPool",
                                in(1, 4, 4, 2),
                                (tf, x) -> window(op(tf, "AvgPool").in(x)))
                        .andTwice(),
                row(
                                "AvgPoolGrad",
                                in(1, 2, 2, 2),
                                (tf, x) -> window(op(tf, "AvgPoolGrad").in(ints(tf, 1, 4, 4, 2), x.get(0))))
                        .andTwice(),
                row(
                                "AvgPool3DGrad",
                                in(1, 1, 2, 2, 1),
                                (tf, x) -> back(
                                        tf,
                                        window3D(op(tf, "AvgPool3DGrad")
                                                        .in(ints(tf, 1, 2, 4, 4, 1))
                                                        .in(single(tf, x.get(0))))
                                                .out(0)))
                        .inFloat32()
                        .andTwice());
    }

    private static GradientRow.Op window(GradientRow.Op op) {
        return op.set(b -> b.setAttr("ksize", TWOS).setAttr("strides", TWOS).setAttr("padding", "VALID"));
    }

    private static GradientRow.Op window3D(GradientRow.Op op) {
        long[] size = {1, 2, 2, 2, 1};
        return op.set(b -> b.setAttr("ksize", size).setAttr("strides", size).setAttr("padding", "VALID"));
    }

    private static List<GradientRow> largest() {
        List<GradientRow> rows = new ArrayList<>();
        rows.add(row(
                        "MaxPool",
                        in(1, 4, 4, 2),
                        (tf, x) -> window(op(tf, "MaxPool").in(x)))
                .andTwice());
        rows.add(row(
                        "MaxPoolGrad",
                        in(1, 2, 2, 2),
                        (tf, x) -> window(op(tf, "MaxPoolGrad")
                                .in(image(tf))
                                .in(window(op(tf, "MaxPool").in(image(tf))).out(0), x.get(0))))
                .andTwice());
        rows.add(row(
                        "MaxPoolGradGrad",
                        in(1, 4, 4, 2),
                        (tf, x) -> window(op(tf, "MaxPoolGradGrad")
                                .in(image(tf))
                                .in(window(op(tf, "MaxPool").in(image(tf))).out(0), x.get(0))))
                .andTwice());
        for (String type : List.of("MaxPoolGradV2", "MaxPoolGradGradV2")) {
            GradientRow.Input input = type.equals("MaxPoolGradV2") ? in(1, 2, 2, 2) : in(1, 4, 4, 2);
            rows.add(row(type, input, (tf, x) -> op(tf, type)
                            .in(image(tf))
                            .in(window(op(tf, "MaxPool").in(image(tf))).out(0), x.get(0))
                            .in(ints(tf, 1, 2, 2, 1), ints(tf, 1, 2, 2, 1))
                            .set(b -> b.setAttr("padding", "VALID")))
                    .andTwice());
        }
        for (String type : List.of("MaxPool3DGrad", "MaxPool3DGradGrad")) {
            GradientRow.Input input = type.equals("MaxPool3DGrad") ? in(1, 1, 2, 2, 1) : in(1, 2, 4, 4, 1);
            rows.add(row(type, input, (tf, x) -> back(tf, largest3D(tf, type, x.get(0))))
                    .inFloat32()
                    .andTwice());
        }
        for (boolean batch : new boolean[] {true, false}) {
            rows.add(row("MaxPoolWithArgmax", in(2, 4, 4, 2), (tf, x) -> window(
                                    op(tf, "MaxPoolWithArgmax").in(x))
                            .set(b -> b.setAttr("include_batch_in_index", batch)))
                    .andTwice());
        }
        return rows;
    }

    private static Operand<?> largest3D(Ops tf, String type, Operand<?> x) {
        Operand<?> image = single(tf, GradientRow.constant(tf, in(1, 2, 4, 4, 1), 5));
        Operand<?> pooled = window3D(op(tf, "MaxPool3D").in(image)).out(0);
        return window3D(op(tf, type).in(image, pooled, single(tf, x))).out(0);
    }

    private static Operand<TFloat64> image(Ops tf) {
        return GradientRow.constant(tf, in(1, 4, 4, 2), 5);
    }

    private static List<GradientRow> dilations() {
        return List.of(
                row("Dilation2D", in(1, 4, 4, 2), in(2, 2, 2), (tf, x) -> op(tf, "Dilation2D")
                        .in(x)
                        .set(b -> b.setAttr("strides", ONES)
                                .setAttr("rates", ONES)
                                .setAttr("padding", "SAME"))),
                row("Dilation2D", in(1, 5, 5, 1), in(2, 2, 1), (tf, x) -> op(tf, "Dilation2D")
                        .in(x)
                        .set(b -> b.setAttr("strides", ONES)
                                .setAttr("rates", TWOS)
                                .setAttr("padding", "VALID"))));
    }

    /** Of quantisation: linear in the gradient it is given, which goes on inside the range. */
    private static GradientRow rangeGradient(long axis, GradientRow.Input range) {
        GradientRow.Input values = in(-2.0, 2.0, 4, 3);
        return row(
                        "QuantizeAndDequantizeV4Grad",
                        in(4, 3),
                        (tf, x) -> flat(
                                tf,
                                op(tf, "QuantizeAndDequantizeV4Grad")
                                        .in(x.get(0), GradientRow.constant(tf, values, 2))
                                        .in(filled(tf, range, -0.8), filled(tf, range, 0.9))
                                        .set(b -> b.setAttr("axis", axis))))
                .andTwice();
    }

    private static Operand<?> filled(Ops tf, GradientRow.Input like, double value) {
        return tf.fill(tf.constant(like.shape().asArray()), tf.constant(value));
    }

    /** Three outputs of different shapes as one. */
    private static GradientRow.Op flat(Ops tf, GradientRow.Op op) {
        List<Operand<?>> flat = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            flat.add(op(tf, "Reshape").in(op.out(i), longs(tf, -1)).out(0));
        }
        return op(tf, "ConcatV2").list(flat).in(tf.constant(0));
    }

    /** In training the op is given the mean and variance that normalisation has saved. */
    private static GradientRow normalization(String version, boolean training) {
        GradientRow.Input variance = given(Shape.of(2), 1.1, 0.7);
        List<GradientRow.Input> inputs = List.of(in(4, 1, 2, 2), in(4, 1, 2, 2), in(0.5, 2, 2), in(2), variance);
        return GradientRow.of("FusedBatchNormGrad" + version, inputs, (tf, x) -> {
            Operand<?> image = single(tf, x.get(1));
            Operand<?> scale = single(tf, x.get(2));
            Operand<?> mean = single(tf, x.get(3));
            Operand<?> spread = single(tf, x.get(4));
            if (training) {
                Operand<?> empty = tf.constant(new float[0]);
                GradientRow.Op forward =
                        op(tf, "FusedBatchNormV3").in(image, scale, single(tf, tf.zerosLike(x.get(2))), empty, empty);
                mean = forward.out(3);
                spread = forward.out(4);
            }
            GradientRow.Op gradient = op(tf, "FusedBatchNormGrad" + version)
                    .in(single(tf, x.get(0)), image, scale, mean, spread)
                    .set(b -> b.setAttr("is_training", training));
            if (version.equals("V3")) {
                gradient.in(tf.constant(new float[0]));
            }
            return back(tf, flat(tf, gradient).out(0));
        });
    }
}
