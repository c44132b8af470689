package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.given;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.longs;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.plain;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/** Scans, segments, updates of some elements, and selections by rank. */
final class SelectionRows {

    private SelectionRows() {}

    static List<GradientRow> all() {
        List<GradientRow> rows = new ArrayList<>();
        rows.addAll(scans());
        rows.addAll(segments());
        rows.addAll(sparseSegments());
        rows.addAll(updates());
        rows.addAll(ranks());
        rows.addAll(copies());
        return rows;
    }

    private static List<GradientRow> scans() {
        List<GradientRow> rows = new ArrayList<>();
        GradientRow.Input zeros = given(Shape.of(2, 5), 1.5, 0, 0.5, 0, 2, 0.7, 1.2, 0, -1.1, 0.4);
        for (boolean exclusive : new boolean[] {true, false}) {
            for (boolean reverse : new boolean[] {true, false}) {
                GradientRow.Body products = (tf, x) -> op(tf, "Cumprod")
                        .in(x.get(0), tf.constant(-1))
                        .set(b -> b.setAttr("exclusive", exclusive).setAttr("reverse", reverse));
                rows.add(row("Cumprod", in(2, 4), products).andTwice());
                rows.add(row("Cumprod", zeros, products).andTwice());
                rows.add(row("Cumprod", in(2, 7), products).andTwice());
                rows.add(row("Cumprod", in(2, 1), products).andTwice());
            }
        }
        rows.add(row("Cumprod", in(3, 2), (tf, x) -> op(tf, "Cumprod").in(x.get(0), tf.constant(0L)))
                .andTwice());
        for (boolean reverse : new boolean[] {true, false}) {
            rows.add(row("CumulativeLogsumexp", in(2, 4), (tf, x) -> op(tf, "CumulativeLogsumexp")
                            .in(x.get(0), tf.constant(-1))
                            .set(b -> b.setAttr("reverse", reverse)))
                    .andTwice());
            rows.add(row("CumulativeLogsumexp", in(3, 2), (tf, x) -> op(tf, "Slice") // All but the first: -∞.
                    .in(op(tf, "CumulativeLogsumexp")
                            .in(x.get(0), tf.constant(0))
                            .set(b -> b.setAttr("exclusive", true).setAttr("reverse", reverse))
                            .out(0))
                    .in(ints(tf, reverse ? 0 : 1, 0), ints(tf, 2, 2))));
        }
        return rows;
    }

    private static List<GradientRow> segments() {
        List<GradientRow> rows = new ArrayList<>();
        for (String type : List.of("SegmentMean", "SegmentMax", "SegmentMin", "SegmentProd")) {
            rows.add(row(type, in(4, 2), (tf, x) -> op(tf, type).in(x.get(0), ints(tf, 0, 0, 2, 2)))
                    .andTwice());
            rows.add(row(type, in(4), (tf, x) -> op(tf, type).in(x.get(0), longs(tf, 0, 1, 1, 1)))
                    .andTwice());
        }
        rows.add(row("UnsortedSegmentProd", in(2, 3), (tf, x) -> op(tf, "UnsortedSegmentProd")
                        .in(x.get(0), tf.constant(new int[][] {{1, 0, 1}, {0, 0, 1}}), tf.constant(2)))
                .andTwice());
        rows.add(row("UnsortedSegmentProd", in(4, 2), (tf, x) -> op(tf, "UnsortedSegmentProd")
                        .in(x.get(0), longs(tf, 1, -1, 1, 0), tf.constant(3L)))
                .andTwice());
        GradientRow.Input zeros = given(Shape.of(8), 1.5, 0, 0.5, 0, 2, 0, 0, 0.7);
        rows.add(row("SegmentProd", zeros, (tf, x) -> op(tf, "SegmentProd")
                        .in(x.get(0), ints(tf, 0, 0, 0, 1, 1, 1, 2, 2)))
                .andTwice());
        rows.add(row("UnsortedSegmentProd", zeros, (tf, x) -> op(tf, "UnsortedSegmentProd")
                        .in(x.get(0), ints(tf, 1, 1, 0, 0, -1, 0, -1, 0), tf.constant(2)))
                .andTwice());
        return rows;
    }

    private static List<GradientRow> sparseSegments() {
        List<GradientRow> rows = new ArrayList<>();
        for (String type : List.of("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN")) {
            rows.add(row(type, in(4, 2), (tf, x) -> op(tf, type)
                            .in(x.get(0), ints(tf, 3, 0, 3, 1), ints(tf, 0, 0, 2, 2)))
                    .andTwice());
            rows.add(row(type + "WithNumSegments", in(4, 2), (tf, x) -> op(tf, type + "WithNumSegments")
                            .in(x.get(0), longs(tf, 3, 0, 2), longs(tf, 0, 0, 1), tf.constant(3)))
                    .andTwice());
        }
        return rows;
    }

    private static List<GradientRow> updates() {
        List<GradientRow> rows = new ArrayList<>();
        for (String type : List.of("TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin")) {
            rows.add(row(type, in(4, 2), in(3, 2), (tf, x) -> op(tf, type)
                            .in(x.get(0), tf.constant(new int[][] {{2}, {0}, {2}}), x.get(1)))
                    .andTwice());
        }
        rows.add(row("TensorScatterUpdate", in(4, 2), in(2, 2), (tf, x) -> op(tf, "TensorScatterUpdate")
                        .in(x.get(0), tf.constant(new int[][] {{2}, {0}}), x.get(1)))
                .andTwice());
        rows.add(row("TensorScatterUpdate", in(4, 2), in(4, 2), (tf, x) -> op(tf, "TensorScatterUpdate")
                        .in(x.get(0), tf.constant(new int[][] {{2}, {0}, {2}, {2}}), x.get(1)))
                .andTwice());
        rows.add(row("TensorScatterUpdate", in(3, 2), in(3), (tf, x) -> op(tf, "TensorScatterUpdate")
                        .in(x.get(0), tf.constant(new long[][] {{2, 1}, {2, 1}, {0, 0}}), x.get(1)))
                .andTwice());
        rows.add(row("TensorScatterUpdate", in(3, 2), in(2), (tf, x) -> op(tf, "TensorScatterUpdate")
                        .in(x.get(0), tf.constant(new long[][] {{2, 1}, {0, 0}}), x.get(1)))
                .andTwice());
        rows.add(row(
                        "TensorStridedSliceUpdate",
                        in(4, 3),
                        in(2, 2),
                        (tf, x) -> sliced(
                                op(tf, "TensorStridedSliceUpdate")
                                        .in(x.get(0), ints(tf, 0, 1), ints(tf, 4, 3), ints(tf, 2, 1), x.get(1)),
                                0))
                .andTwice());
        rows.add(row(
                        "TensorStridedSliceUpdate",
                        in(4, 3),
                        in(3),
                        (tf, x) -> sliced(
                                op(tf, "TensorStridedSliceUpdate")
                                        .in(x.get(0), longs(tf, 2, 0), longs(tf, 3, 3), longs(tf, 1, 1), x.get(1)),
                                1))
                .andTwice());
        return rows;
    }

    private static GradientRow.Op sliced(GradientRow.Op op, long shrink) {
        return op.set((OperationBuilder b) -> b.setAttr("shrink_axis_mask", shrink));
    }

    private static List<GradientRow> ranks() {
        return List.of(
                row("TopKV2", in(2, 5), (tf, x) -> op(tf, "TopKV2").in(x.get(0), tf.constant(3)))
                        .andTwice(),
                row("TopKV2", in(4), (tf, x) -> op(tf, "TopKV2").in(x.get(0), tf.constant(2)))
                        .andTwice(),
                row("TopKV2", in(2, 2, 3), (tf, x) -> op(tf, "TopKV2")
                                .in(x.get(0), tf.constant(2))
                                .set(b -> b.setAttr("sorted", false)))
                        .andTwice(),
                row("NthElement", in(2, 5), (tf, x) -> op(tf, "NthElement").in(x.get(0), tf.constant(2)))
                        .andTwice(),
                row("NthElement", in(5), (tf, x) -> op(tf, "NthElement")
                                .in(x.get(0), tf.constant(1))
                                .set(b -> b.setAttr("reverse", true)))
                        .andTwice(),
                row("IsotonicRegression", in(2, 5), (tf, x) -> op(tf, "IsotonicRegression")
                                .in(x.get(0))
                                .set(b -> b.setAttr("output_dtype", DataType.DT_DOUBLE)))
                        .andTwice());
    }

    private static List<GradientRow> copies() {
        return List.of(
                GradientRow.of("IdentityN", List.of(in(2, 3), in(2)), (tf, x) -> op(tf, "IdentityN")
                                .list(x))
                        .andTwice(),
                plain("DebugIdentityV2", in(3)).andTwice(),
                plain("DebugGradientIdentity", in(3)).andTwice(),
                row("CheckNumericsV2", in(3), (tf, x) -> op(tf, "CheckNumericsV2")
                                .in(x)
                                .set(b -> b.setAttr("message", "not a number")))
                        .andTwice(),
                row("PlaceholderWithDefault", in(3), (tf, x) -> op(tf, "PlaceholderWithDefault")
                                .in(x)
                                .set(b -> b.setAttr("shape", Shape.of(3))))
                        .andTwice(),
                row("Print", in(3), (tf, x) -> op(tf, "Print")
                                .in(x.get(0))
                                .list(List.of())
                                .set(b -> b.setAttr("first_n", 0L)))
                        .andTwice(),
                row("ConjugateTranspose", in(2, 3, 4), (tf, x) -> op(tf, "ConjugateTranspose")
                                .in(x.get(0), ints(tf, 1, 2, 0)))
                        .andTwice());
    }
}
