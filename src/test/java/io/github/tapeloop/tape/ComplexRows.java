package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.complexOf;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.parts;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;

/** Ops of complex numbers that have rows of real ones, too: a gradient is the conjugate of the slope, times dy. */
final class ComplexRows {

    private ComplexRows() {}

    static List<GradientRow> all() {
        List<GradientRow> rows = new ArrayList<>();
        rows.addAll(products());
        rows.addAll(sizes());
        rows.add(rows("Mean", tf -> tf.constant(0)));
        rows.add(rows("SegmentMean", tf -> ints(tf, 0, 0, 2)));
        rows.add(GradientRow.of(
                        "Pow",
                        List.of(in(0.3, 2, 3), in(3), in(2, 1), in(2, 1)),
                        (tf, x) -> parts(
                                tf,
                                op(tf, "Pow")
                                        .in(number(tf, x, 0), number(tf, x, 2))
                                        .out(0)))
                .andTwice()
                .within(1e-6));
        for (String type : List.of("Acos", "Atan", "Sign")) {
            rows.add(GradientRow.of(
                            type,
                            List.of(in(0.3, 1.2, 3), in(0.2, 0.9, 3)),
                            (tf, x) ->
                                    parts(tf, op(tf, type).in(number(tf, x, 0)).out(0)))
                    .andTwice()
                    .within(1e-6));
        }
        return rows;
    }

    private static List<GradientRow> products() {
        return List.of(
                matMul(false, false, in(2, 3), in(3, 4)),
                matMul(true, false, in(3, 2), in(3, 4)),
                matMul(false, true, in(2, 3), in(4, 3)),
                matMul(true, true, in(3, 2), in(4, 3)),
                rows("Prod", tf -> tf.constant(1)),
                rows("SegmentProd", tf -> ints(tf, 0, 0, 1)),
                GradientRow.of(
                                "UnsortedSegmentProd",
                                List.of(in(3, 2), in(3, 2)),
                                (tf, x) -> parts(
                                        tf,
                                        op(tf, "UnsortedSegmentProd")
                                                .in(number(tf, x, 0), ints(tf, 0, 1, 0), tf.constant(2))
                                                .out(0)))
                        .andTwice());
    }

    /** Squares of absolute values: real numbers in a complex type. */
    private static List<GradientRow> sizes() {
        return List.of(
                rows("EuclideanNorm", tf -> tf.constant(-1)),
                GradientRow.of(
                                "SquaredDifference",
                                List.of(in(3), in(3), in(2, 1), in(2, 1)),
                                (tf, x) -> parts(
                                        tf,
                                        op(tf, "SquaredDifference")
                                                .in(number(tf, x, 0), number(tf, x, 2))
                                                .out(0)))
                        .andTwice());
    }

    private static GradientRow matMul(
            boolean transposeA, boolean transposeB, GradientRow.Input a, GradientRow.Input b) {
        return GradientRow.of(
                        "MatMul",
                        List.of(a, a, b, b),
                        (tf, x) -> parts(
                                tf,
                                op(tf, "MatMul")
                                        .in(number(tf, x, 0), number(tf, x, 2))
                                        .set(o -> o.setAttr("transpose_a", transposeA)
                                                .setAttr("transpose_b", transposeB))
                                        .out(0)))
                .andTwice();
    }

    /** Where the rows of a matrix go, or which axis is meant. */
    @FunctionalInterface
    private interface Places {
        Operand<TInt32> of(Ops tf);
    }

    /** An op of a matrix and of places. */
    private static GradientRow rows(String type, Places places) {
        return GradientRow.of(
                        type,
                        List.of(in(3, 2), in(3, 2)),
                        (tf, x) -> parts(
                                tf,
                                op(tf, type).in(number(tf, x, 0), places.of(tf)).out(0)))
                .andTwice();
    }

    /** A complex operand of two inputs, from a place on. */
    private static Operand<?> number(Ops tf, List<? extends Operand<?>> x, int first) {
        return complexOf(tf, x.get(first), x.get(first + 1));
    }
}
