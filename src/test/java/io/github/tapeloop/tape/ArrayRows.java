package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.plain;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/** Shapes, parts, indices and copies. */
final class ArrayRows {

    private ArrayRows() {}

    static List<GradientRow> all() {
        return List.of(
                row("Reshape", in(2, 3), (tf, x) -> op(tf, "Reshape").in(x.get(0), ints(tf, 3, -1)))
                        .andTwice(),
                row("ExpandDims", in(2, 3), (tf, x) -> op(tf, "ExpandDims").in(x.get(0), tf.constant(-1))),
                row("Squeeze", in(2, 1, 3), (tf, x) -> op(tf, "Squeeze").in(x)),
                row("EnsureShape", in(2, 3), (tf, x) -> op(tf, "EnsureShape")
                        .in(x)
                        .set(b -> b.setAttr("shape", Shape.of(-1, 3)))),
                row("Transpose", in(2, 3), (tf, x) -> op(tf, "Transpose").in(x.get(0), ints(tf, 1, 0)))
                        .andTwice(),
                row("BroadcastTo", in(2, 1), (tf, x) -> op(tf, "BroadcastTo").in(x.get(0), ints(tf, 4, 2, 3))),
                row("Fill", in(), (tf, x) -> op(tf, "Fill").in(ints(tf, 2, 3), x.get(0))),
                row("Tile", in(2, 3), (tf, x) -> op(tf, "Tile").in(x.get(0), ints(tf, 2, 1)))
                        .andTwice(),
                row("Cast", in(4), (tf, x) -> op(tf, "Cast")
                        .in(op(tf, "Cast")
                                .in(x)
                                .set(b -> b.setAttr("DstT", DataType.DT_COMPLEX128))
                                .out(0))
                        .set(b -> b.setAttr("DstT", DataType.DT_DOUBLE))),
                row("ConcatV2", in(2, 3), in(2, 1), (tf, x) -> op(tf, "ConcatV2")
                                .list(x)
                                .in(tf.constant(-1)))
                        .andTwice(),
                row("Pack", in(2), in(2), in(2), (tf, x) -> op(tf, "Pack")
                        .list(x)
                        .set(b -> b.setAttr("axis", -1L))),
                row("Unpack", in(2, 3), (tf, x) -> op(tf, "Unpack").in(x).set(b -> b.setAttr("num", 3L)
                        .setAttr("axis", 1L))),
                row("Split", in(2, 4), (tf, x) -> op(tf, "Split")
                        .in(tf.constant(1), x.get(0))
                        .set(b -> b.setAttr("num_split", 2L))),
                row("SplitV", in(5, 2), (tf, x) -> op(tf, "SplitV")
                        .in(x.get(0), ints(tf, 1, 4), tf.constant(0))
                        .set(b -> b.setAttr("num_split", 2L))),
                row("Slice", in(3, 4), (tf, x) -> op(tf, "Slice").in(x.get(0), ints(tf, 1, 0), ints(tf, 2, 3)))
                        .andTwice(),
                row("StridedSlice", in(4, 3), (tf, x) -> op(tf, "StridedSlice")
                        .in(x.get(0), ints(tf, 0, 2), ints(tf, 4, -4), ints(tf, 2, -1))
                        .set(b -> b.setAttr("end_mask", 2L))),
                row("Pad", in(2, 2), (tf, x) -> op(tf, "Pad").in(x.get(0), tf.constant(PADDING)))
                        .andTwice(),
                row("PadV2", in(2, 2), in(), (tf, x) -> op(tf, "PadV2").in(x.get(0), tf.constant(PADDING), x.get(1))),
                mirrorPad("MirrorPad", in(3, 3)),
                mirrorPad("MirrorPadGrad", in(5, 5)),
                row("ReverseV2", in(2, 3), (tf, x) -> op(tf, "ReverseV2").in(x.get(0), ints(tf, -1))),
                row("ReverseSequence", in(2, 4), (tf, x) -> op(tf, "ReverseSequence")
                        .in(x.get(0), ints(tf, 2, 3))
                        .set(b -> b.setAttr("seq_dim", 1L).setAttr("batch_dim", 0L))),
                row("Roll", in(2, 3), (tf, x) -> op(tf, "Roll").in(x.get(0), ints(tf, 1), ints(tf, 1))),
                row("Gather", in(3, 2), (tf, x) -> op(tf, "Gather").in(x.get(0), ints(tf, 2, 0, 2))),
                row("GatherV2", in(3, 2), (tf, x) -> op(tf, "GatherV2").in(x.get(0), ints(tf, 2, 0, 2), tf.constant(0)))
                        .andTwice(),
                row("GatherV2", in(2, 3), (tf, x) -> op(tf, "GatherV2").in(x.get(0), ints(tf, 1, 1), tf.constant(-1))),
                row("GatherNd", in(3, 2), (tf, x) -> op(tf, "GatherNd")
                        .in(x.get(0), tf.constant(new int[][] {{2, 1}, {0, 0}, {2, 1}}))),
                row("ScatterNd", in(3, 2), (tf, x) -> op(tf, "ScatterNd")
                        .in(tf.constant(new int[][] {{1}, {3}, {1}}), x.get(0), ints(tf, 4, 2))),
                row("ScatterNdNonAliasingAdd", in(4, 2), in(2, 2), (tf, x) -> op(tf, "ScatterNdNonAliasingAdd")
                        .in(x.get(0), tf.constant(new int[][] {{1}, {3}}), x.get(1))),
                row("DynamicPartition", in(4, 2), (tf, x) -> op(tf, "DynamicPartition")
                        .in(x.get(0), ints(tf, 1, 0, 1, 1))
                        .set(b -> b.setAttr("num_partitions", 2L))),
                dynamicStitch("DynamicStitch"),
                dynamicStitch("ParallelDynamicStitch"),
                row("Select", in(2, 3), in(2, 3), (tf, x) -> op(tf, "Select")
                        .in(tf.constant(new boolean[] {true, false}), x.get(0), x.get(1))),
                row("SelectV2", in(2, 3), in(3), (tf, x) -> op(tf, "SelectV2")
                                .in(tf.constant(new boolean[] {true, false, true}), x.get(0), x.get(1)))
                        .andTwice(),
                plain("Diag", in(3)),
                plain("DiagPart", in(3, 3)),
                plain("MatrixDiag", in(2, 3)),
                row("MatrixBandPart", in(3, 3), (tf, x) -> op(tf, "MatrixBandPart")
                        .in(x.get(0), tf.constant(1L), tf.constant(0L))),
                row("BatchToSpace", in(4, 1, 2, 1), (tf, x) -> op(tf, "BatchToSpace")
                        .in(x.get(0), tf.constant(new int[][] {{0, 0}, {1, 0}}))
                        .set(b -> b.setAttr("block_size", 2L))),
                row("BatchToSpaceND", in(4, 1, 2, 1), (tf, x) -> op(tf, "BatchToSpaceND")
                        .in(x.get(0), ints(tf, 2, 2), tf.constant(new int[][] {{0, 0}, {0, 1}}))),
                row("SpaceToBatch", in(1, 2, 3, 1), (tf, x) -> op(tf, "SpaceToBatch")
                        .in(x.get(0), tf.constant(new int[][] {{0, 0}, {1, 0}}))
                        .set(b -> b.setAttr("block_size", 2L))),
                row("SpaceToBatchND", in(1, 2, 3, 1), (tf, x) -> op(tf, "SpaceToBatchND")
                        .in(x.get(0), ints(tf, 2, 2), tf.constant(new int[][] {{0, 0}, {0, 1}}))),
                blocks("DepthToSpace", in(1, 1, 2, 4)),
                blocks("SpaceToDepth", in(1, 2, 4, 1)));
    }

    private static final int[][] PADDING = {{1, 0}, {0, 2}};

    private static GradientRow mirrorPad(String type, GradientRow.Input input) {
        return row(type, input, (tf, x) -> op(tf, type)
                .in(x.get(0), tf.constant(new int[][] {{1, 1}, {0, 2}}))
                .set(b -> b.setAttr("mode", "REFLECT")));
    }

    private static GradientRow dynamicStitch(String type) {
        return row(type, in(2, 2), in(1, 2), (tf, x) -> op(tf, type)
                .list(List.of(ints(tf, 0, 2), ints(tf, 1)))
                .list(x));
    }

    private static GradientRow blocks(String type, GradientRow.Input input) {
        return row(type, input, (tf, x) -> op(tf, type).in(x).set(b -> b.setAttr("block_size", 2L)));
    }
}
