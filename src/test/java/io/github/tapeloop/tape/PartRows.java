package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.longs;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.List;
import java.util.stream.Stream;
import org.tensorflow.OperationBuilder;

/** Slices, paddings and concatenations, with int32 and with int64. */
final class PartRows {

    private static final int[][] PADDING = {{1, 0}, {0, 2}};
    private static final long[][] LONG_PADDING = {{1, 0}, {0, 2}};

    private PartRows() {}

    static List<GradientRow> all() {
        return Stream.of(
                        row("ConcatV2", in(2, 3), in(2, 1), (tf, x) -> op(tf, "ConcatV2")
                                .list(x)
                                .in(tf.constant(-1))),
                        row("ConcatV2", in(2, 3), in(1, 3), in(0, 3), (tf, x) -> op(tf, "ConcatV2")
                                .list(x)
                                .in(tf.constant(-2L))),
                        row("Slice", in(3, 4), (tf, x) -> op(tf, "Slice")
                                .in(x.get(0), ints(tf, 1, 0), ints(tf, -1, 3))),
                        row("Slice", in(3, 4), (tf, x) -> op(tf, "Slice")
                                .in(x.get(0), longs(tf, 1, 0), longs(tf, 2, 3))),
                        row("StridedSlice", in(4, 3), (tf, x) -> op(tf, "StridedSlice")
                                .in(x.get(0), ints(tf, 0, 2), ints(tf, 4, -4), ints(tf, 2, -1))
                                .set(b -> b.setAttr("end_mask", 2L))),
                        row("StridedSlice", in(4, 3), (tf, x) -> op(tf, "StridedSlice")
                                .in(x.get(0), longs(tf, 1, 0), longs(tf, 2, Long.MAX_VALUE), longs(tf, 1, 2))
                                .set(b -> b.setAttr("shrink_axis_mask", 1L))),
                        row("StridedSlice", in(4, 3, 2), (tf, x) -> op(tf, "StridedSlice")
                                .in(x.get(0), ints(tf, 0, 0, 1), ints(tf, 0, 0, 2), ints(tf, 1, 1, 1))
                                .set(PartRows::allMasks)),
                        row("StridedSliceGrad", in(2, 2), (tf, x) -> op(tf, "StridedSliceGrad")
                                .in(ints(tf, 4, 3), ints(tf, 0, 1), ints(tf, 4, 3), ints(tf, 2, 1), x.get(0))),
                        row("Pad", in(2, 2), (tf, x) -> op(tf, "Pad").in(x.get(0), tf.constant(PADDING))),
                        row("Pad", in(2, 2), (tf, x) -> op(tf, "Pad").in(x.get(0), tf.constant(LONG_PADDING))),
                        row("PadV2", in(2, 2), in(), (tf, x) -> op(tf, "PadV2")
                                .in(x.get(0), tf.constant(PADDING), x.get(1))),
                        row("PadV2", in(2, 2), in(), (tf, x) -> op(tf, "PadV2")
                                .in(x.get(0), tf.constant(LONG_PADDING), x.get(1))))
                .map(GradientRow::andTwice)
                .toList();
    }

    /** {@code x[..., newaxis, 1]}. */
    private static void allMasks(OperationBuilder builder) {
        builder.setAttr("ellipsis_mask", 1L).setAttr("new_axis_mask", 2L).setAttr("shrink_axis_mask", 4L);
    }
}
