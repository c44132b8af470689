package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/** Gathers, with repeated indices and along any axis, and stitches. */
final class IndexRows {

    private IndexRows() {}

    static List<GradientRow> all() {
        return Stream.of(
                        gather(in(3, 2), tf -> ints(tf, 2, 0, 2)),
                        gather(in(3, 2), tf -> tf.constant(new int[][] {{2, 0}, {2, 1}})),
                        gather(in(3, 2), tf -> tf.constant(1L)),
                        gather(in(3), tf -> tf.constant(1)),
                        gatherV2(in(3, 2), 0, 0, tf -> ints(tf, 2, 0, 2)),
                        gatherV2(in(3, 2), -2, 0, tf -> tf.constant(1L)),
                        gatherV2(in(2, 3), -1, 0, tf -> ints(tf, 1, 1)),
                        gatherV2(in(2, 3, 2), 1, 0, tf -> tf.constant(new int[][] {{1, 1}, {0, 0}})),
                        gatherV2(in(2, 3, 2), 1, 1, tf -> tf.constant(new int[][] {{1, 1, 0}, {2, 0, 2}})),
                        gatherV2(in(2, 3, 2), -1, 1, tf -> tf.constant(new long[][] {{1, 1}, {0, 0}})),
                        gatherV2(in(2, 3, 2), 2, 1, tf -> ints(tf, 1, 0)),
                        gatherV2(in(2, 2, 3), 2, -1, tf -> tf.constant(new int[][][] {{{1}, {2}}, {{0}, {0}}})),
                        stitch("DynamicStitch", tf -> ints(tf, 0, 2), tf -> ints(tf, 1), in(2, 2), in(1, 2)),
                        stitch("ParallelDynamicStitch", tf -> ints(tf, 0, 2), tf -> ints(tf, 1), in(2, 2), in(1, 2)),
                        stitch("DynamicStitch", tf -> ints(tf, 0, 1, 1), tf -> ints(tf, 0, 2), in(3, 2), in(2, 2)),
                        stitch(
                                "DynamicStitch",
                                tf -> tf.constant(new int[][] {{0, 2}, {1, 4}}),
                                tf -> tf.constant(3),
                                in(2, 2),
                                in()))
                .map(GradientRow::andTwice)
                .toList();
    }

    private static GradientRow gather(GradientRow.Input values, Function<Ops, Operand<?>> indices) {
        return row("Gather", values, (tf, x) -> op(tf, "Gather").in(x.get(0), indices.apply(tf)));
    }

    private static GradientRow gatherV2(
            GradientRow.Input values, int axis, long batchDimensions, Function<Ops, Operand<?>> indices) {
        return row("GatherV2", values, (tf, x) -> op(tf, "GatherV2")
                .in(x.get(0), indices.apply(tf), tf.constant((long) axis))
                .set(b -> b.setAttr("batch_dims", batchDimensions)));
    }

    private static GradientRow stitch(
            String type,
            Function<Ops, Operand<?>> first,
            Function<Ops, Operand<?>> second,
            GradientRow.Input a,
            GradientRow.Input b) {
        return row(type, a, b, (tf, x) -> op(tf, type)
                .list(List.of(first.apply(tf), second.apply(tf)))
                .list(x));
    }
}
