package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.given;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.longs;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;

/** Reductions, running sums and segments. */
final class ReductionRows {

    private ReductionRows() {}

    static List<GradientRow> all() {
        List<GradientRow> rows = new ArrayList<>();
        for (String type : List.of("Sum", "Mean", "Max", "Min", "EuclideanNorm")) {
            reductions(type).forEach(row -> rows.add(row.andTwice()));
        }
        rows.addAll(reductions("Prod"));
        rows.add(row("Prod", given(Shape.of(2, 3), 1.5, 0, 0.5, 0, 2, 0), (tf, x) -> op(tf, "Prod")
                .in(x.get(0), tf.constant(1))));
        for (boolean exclusive : new boolean[] {true, false}) {
            rows.add(cumsum(exclusive, true));
            rows.add(cumsum(exclusive, false));
        }
        rows.add(row("SegmentSum", in(4, 2), (tf, x) -> op(tf, "SegmentSum").in(x.get(0), ints(tf, 0, 0, 2, 2)))
                .andTwice());
        for (String type : List.of("UnsortedSegmentSum", "UnsortedSegmentMax", "UnsortedSegmentMin")) {
            rows.add(unsorted(type).andTwice());
            rows.add(row(type, in(4, 2), (tf, x) -> op(tf, type).in(x.get(0), longs(tf, 1, -1, 1, 0), tf.constant(2L)))
                    .andTwice());
        }
        return rows;
    }

    private static List<GradientRow> reductions(String type) {
        return List.of(
                row(type, in(2, 3), (tf, x) -> op(tf, type).in(x.get(0), ints(tf, 0, 1))),
                row(type, in(2, 3, 2), (tf, x) -> op(tf, type).in(x.get(0), ints(tf, -1, 0))),
                row(type, in(2, 3, 2), (tf, x) -> op(tf, type).in(x.get(0), longs(tf, -2))),
                row(type, in(2, 3), (tf, x) -> op(tf, type).in(x.get(0), tf.constant(1L))),
                row(type, in(2, 3), (tf, x) -> op(tf, type).in(x.get(0), ints(tf))),
                row(type, in(), (tf, x) -> op(tf, type).in(x.get(0), ints(tf))),
                row(type, in(2, 3), (tf, x) -> op(tf, type)
                        .in(x.get(0), tf.constant(1))
                        .set(b -> b.setAttr("keep_dims", true))));
    }

    private static GradientRow cumsum(boolean exclusive, boolean reverse) {
        return row("Cumsum", in(2, 4), (tf, x) -> op(tf, "Cumsum")
                        .in(x.get(0), tf.constant(-1))
                        .set(b -> b.setAttr("exclusive", exclusive).setAttr("reverse", reverse)))
                .andTwice();
    }

    private static GradientRow unsorted(String type) {
        return row(type, in(2, 3), (tf, x) -> op(tf, type).in(x.get(0), table(tf), tf.constant(2)));
    }

    private static Operand<?> table(Ops tf) {
        return tf.constant(new int[][] {{1, 0, 1}, {0, 0, 1}});
    }
}
