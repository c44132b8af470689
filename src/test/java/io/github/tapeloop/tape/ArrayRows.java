package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.longs;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.plain;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/** Shapes and copies, and elements moved to other places. */
final class ArrayRows {

    private ArrayRows() {}

    static List<GradientRow> all() {
        return List.of(
                row("Reshape", in(2, 3), (tf, x) -> op(tf, "Reshape").in(x.get(0), ints(tf, 3, -1)))
                        .andTwice(),
                row("ExpandDims", in(2, 3), (tf, x) -> op(tf, "ExpandDims").in(x.get(0), tf.constant(-1)))
                        .andTwice(),
                row("Squeeze", in(2, 1, 3), (tf, x) -> op(tf, "Squeeze").in(x)).andTwice(),
                row("EnsureShape", in(2, 3), (tf, x) -> op(tf, "EnsureShape")
                                .in(x)
                                .set(b -> b.setAttr("shape", Shape.of(-1, 3))))
                        .andTwice(),
                row("BroadcastTo", in(), (tf, x) -> op(tf, "BroadcastTo").in(x.get(0), longs(tf, 2, 2)))
                        .andTwice(),
                row("Squeeze", in(1, 2, 1), (tf, x) -> op(tf, "Squeeze")
                                .in(x)
                                .set(b -> b.setAttr("squeeze_dims", new long[] {-1})))
                        .andTwice(),
                row("Transpose", in(2, 3), (tf, x) -> op(tf, "Transpose").in(x.get(0), ints(tf, 1, 0)))
                        .andTwice(),
                row("BroadcastTo", in(2, 1), (tf, x) -> op(tf, "BroadcastTo").in(x.get(0), ints(tf, 4, 2, 3)))
                        .andTwice(),
                row("Fill", in(), (tf, x) -> op(tf, "Fill").in(ints(tf, 2, 3), x.get(0)))
                        .andTwice(),
                row("Tile", in(2, 3), (tf, x) -> op(tf, "Tile").in(x.get(0), ints(tf, 2, 1)))
                        .andTwice(),
                row("Cast", in(4), (tf, x) -> op(tf, "Cast")
                        .in(op(tf, "Cast")
                                .in(x)
                                .set(b -> b.setAttr("DstT", DataType.DT_COMPLEX128))
                                .out(0))
                        .set(b -> b.setAttr("DstT", DataType.DT_DOUBLE))),
                row("Pack", in(2), in(2), in(2), (tf, x) -> op(tf, "Pack")
                                .list(x)
                                .set(b -> b.setAttr("axis", -1L)))
                        .andTwice(),
                row("Unpack", in(2, 3), (tf, x) -> op(tf, "Unpack").in(x).set(b -> b.setAttr("num", 3L)
                                .setAttr("axis", 1L)))
                        .andTwice(),
                row("Split", in(2, 4), (tf, x) -> op(tf, "Split")
                                .in(tf.constant(1), x.get(0))
                                .set(b -> b.setAttr("num_split", 2L)))
                        .andTwice(),
                row("SplitV", in(5, 2), (tf, x) -> op(tf, "SplitV")
                                .in(x.get(0), ints(tf, 1, 4), tf.constant(0))
                                .set(b -> b.setAttr("num_split", 2L)))
                        .andTwice(),
                row("Split", in(2, 4), (tf, x) -> op(tf, "Split")
                                .in(tf.constant(1), x.get(0))
                                .set(b -> b.setAttr("num_split", 1L)))
                        .output(0)
                        .andTwice(),
                row("SplitV", in(5, 2), (tf, x) -> op(tf, "SplitV")
                                .in(x.get(0), longs(tf, 5), tf.constant(-2))
                                .set(b -> b.setAttr("num_split", 1L)))
                        .output(0)
                        .andTwice(),
                mirrorPad("MirrorPad", in(3, 3)).andTwice(),
                mirrorPad("MirrorPadGrad", in(5, 5)).andTwice(),
                row("ReverseV2", in(2, 3), (tf, x) -> op(tf, "ReverseV2").in(x.get(0), ints(tf, -1)))
                        .andTwice(),
                row("ReverseSequence", in(2, 4), (tf, x) -> op(tf, "ReverseSequence")
                                .in(x.get(0), ints(tf, 2, 3))
                                .set(b -> b.setAttr("seq_dim", 1L).setAttr("batch_dim", 0L)))
                        .andTwice(),
                row("Roll", in(2, 3), (tf, x) -> op(tf, "Roll").in(x.get(0), ints(tf, Integer.MIN_VALUE), ints(tf, 1)))
                        .andTwice(),
                row("Roll", in(2, 3), (tf, x) -> op(tf, "Roll").in(x.get(0), ints(tf, 1), ints(tf, 1)))
                        .andTwice(),
                row("GatherNd", in(3, 2), (tf, x) -> op(tf, "GatherNd")
                                .in(x.get(0), tf.constant(new int[][] {{2, 1}, {0, 0}, {2, 1}})))
                        .andTwice(),
                row("ScatterNd", in(3, 2), (tf, x) -> op(tf, "ScatterNd")
                                .in(tf.constant(new int[][] {{1}, {3}, {1}}), x.get(0), ints(tf, 4, 2)))
                        .andTwice(),
                row("ScatterNdNonAliasingAdd", in(4, 2), in(2, 2), (tf, x) -> op(tf, "ScatterNdNonAliasingAdd")
                                .in(x.get(0), tf.constant(new int[][] {{1}, {3}}), x.get(1)))
                        .andTwice(),
                row("DynamicPartition", in(4, 2), (tf, x) -> op(tf, "DynamicPartition")
                                .in(x.get(0), ints(tf, 1, 0, 1, 1))
                                .set(b -> b.setAttr("num_partitions", 2L)))
                        .andTwice(),
                row("Select", in(2, 3), in(2, 3), (tf, x) -> op(tf, "Select")
                                .in(tf.constant(new boolean[] {true, false}), x.get(0), x.get(1)))
                        .andTwice(),
                row("SelectV2", in(2, 3), in(3), (tf, x) -> op(tf, "SelectV2")
                                .in(tf.constant(new boolean[] {true, false, true}), x.get(0), x.get(1)))
                        .andTwice(),
                row("SelectV2", in(), in(2, 1), (tf, x) -> op(tf, "SelectV2")
                                .in(tf.constant(new boolean[][] {{true, false}, {false, false}}), x.get(0), x.get(1)))
                        .andTwice(),
                plain("Diag", in(3)).andTwice(),
                plain("DiagPart", in(3, 3)).andTwice(),
                plain("MatrixDiag", in(2, 3)),
                row("MatrixBandPart", in(3, 3), (tf, x) -> op(tf, "MatrixBandPart")
                                .in(x.get(0), tf.constant(1L), tf.constant(0L)))
                        .andTwice(),
                row("BatchToSpace", in(4, 1, 2, 1), (tf, x) -> op(tf, "BatchToSpace")
                                .in(x.get(0), tf.constant(new int[][] {{0, 0}, {1, 0}}))
                                .set(b -> b.setAttr("block_size", 2L)))
                        .andTwice(),
                row("BatchToSpaceND", in(4, 1, 2, 1), (tf, x) -> op(tf, "BatchToSpaceND")
                                .in(x.get(0), ints(tf, 2, 2), tf.constant(new int[][] {{0, 0}, {0, 1}})))
                        .andTwice(),
                row("SpaceToBatch", in(1, 2, 3, 1), (tf, x) -> op(tf, "SpaceToBatch")
                                .in(x.get(0), tf.constant(new int[][] {{0, 0}, {1, 0}}))
                                .set(b -> b.setAttr("block_size", 2L)))
                        .andTwice(),
                row("SpaceToBatchND", in(1, 2, 3, 1), (tf, x) -> op(tf, "SpaceToBatchND")
                                .in(x.get(0), ints(tf, 2, 2), tf.constant(new int[][] {{0, 0}, {0, 1}})))
                        .andTwice(),
                blocks("DepthToSpace", in(1, 1, 2, 4)).andTwice(),
                blocks("SpaceToDepth", in(1, 2, 4, 1)).andTwice());
    }

    private static GradientRow mirrorPad(String type, GradientRow.Input input) {
        return row(type, input, (tf, x) -> op(tf, type)
                .in(x.get(0), tf.constant(new int[][] {{1, 1}, {0, 2}}))
                .set(b -> b.setAttr("mode", "REFLECT")));
    }

    private static GradientRow blocks(String type, GradientRow.Input input) {
        return row(type, input, (tf, x) -> op(tf, type).in(x).set(b -> b.setAttr("block_size", 2L)));
    }
}
