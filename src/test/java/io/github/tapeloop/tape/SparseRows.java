package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.back;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.longs;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.row;
import static io.github.tapeloop.tape.GradientRow.single;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;

/** Sparse tensors, alone and with dense ones. */
final class SparseRows {

    private SparseRows() {}

    static List<GradientRow> all() {
        List<GradientRow> rows = new ArrayList<>();
        rows.addAll(products());
        rows.addAll(withDense());
        rows.addAll(sums());
        rows.addAll(moved());
        rows.addAll(pairs());
        return rows;
    }

    /** Four elements of a table of three rows and four columns. */
    private static Operand<TInt64> coordinates(Ops tf) {
        return tf.constant(new long[][] {{0, 1}, {0, 3}, {2, 0}, {2, 1}});
    }

    private static Operand<TInt64> shape(Ops tf) {
        return longs(tf, 3, 4);
    }

    private static List<GradientRow> products() {
        List<GradientRow> rows = new ArrayList<>();
        for (boolean a : new boolean[] {true, false}) {
            for (boolean b : new boolean[] {true, false}) {
                int inner = a ? 3 : 4;
                rows.add(row("SparseTensorDenseMatMul", in(4), b ? in(2, inner) : in(inner, 2), (tf, x) -> op(
                                        tf, "SparseTensorDenseMatMul")
                                .in(coordinates(tf), x.get(0), shape(tf), x.get(1))
                                .set(o -> o.setAttr("adjoint_a", a).setAttr("adjoint_b", b)))
                        .andTwice());
                rows.add(row(
                                "SparseMatMul",
                                a ? in(3, 2) : in(2, 3),
                                b ? in(4, 3) : in(3, 4),
                                (tf, x) -> back(
                                        tf,
                                        op(tf, "SparseMatMul")
                                                .in(single(tf, x.get(0)), single(tf, x.get(1)))
                                                .set(o -> o.setAttr("transpose_a", a)
                                                        .setAttr("transpose_b", b))
                                                .out(0)))
                        .inFloat32());
            }
        }
        return rows;
    }

    private static List<GradientRow> withDense() {
        List<GradientRow> rows = new ArrayList<>();
        rows.add(row("SparseTensorDenseAdd", in(4), in(3, 4), (tf, x) -> op(tf, "SparseTensorDenseAdd")
                        .in(coordinates(tf), x.get(0), shape(tf), x.get(1)))
                .andTwice());
        for (String type : List.of("SparseDenseCwiseAdd", "SparseDenseCwiseMul", "SparseDenseCwiseDiv")) {
            for (GradientRow.Input dense : List.of(in(0.5, 2, 3, 4), in(0.5, 2, 4), in(0.5, 2, 3, 1), in(0.5, 2))) {
                rows.add(row(type, in(4), dense, (tf, x) -> op(tf, type)
                                .in(coordinates(tf), x.get(0), shape(tf), x.get(1)))
                        .andTwice());
            }
        }
        rows.add(row("SparseToDense", in(4), in(), (tf, x) -> op(tf, "SparseToDense")
                        .in(coordinates(tf), shape(tf), x.get(0), x.get(1)))
                .andTwice());
        rows.add(row("SparseToDense", in(2), in(), (tf, x) -> op(tf, "SparseToDense")
                        .in(ints(tf, 0, 2), ints(tf, 4), x.get(0), x.get(1)))
                .andTwice());
        rows.add(row("SparseToDense", in(), in(), (tf, x) -> op(tf, "SparseToDense")
                        .in(ints(tf, 0, 2), ints(tf, 4), x.get(0), x.get(1)))
                .andTwice());
        rows.add(row("SparseToDense", in(), in(), (tf, x) -> op(tf, "SparseToDense")
                        .in(tf.constant(1), ints(tf, 4), x.get(0), x.get(1)))
                .andTwice());
        return rows;
    }

    private static List<GradientRow> sums() {
        List<GradientRow> rows = new ArrayList<>();
        for (int[] axes : new int[][] {{0}, {-1}, {0, 1}, {}}) {
            for (boolean keep : new boolean[] {true, false}) {
                rows.add(row("SparseReduceSum", in(4), (tf, x) -> op(tf, "SparseReduceSum")
                                .in(coordinates(tf), x.get(0), shape(tf), tf.constant(axes))
                                .set(b -> b.setAttr("keep_dims", keep)))
                        .andTwice());
            }
        }
        return rows;
    }

    private static List<GradientRow> moved() {
        return List.of(
                row("SparseReorder", in(4), (tf, x) -> op(tf, "SparseReorder")
                                .in(tf.constant(new long[][] {{2, 1}, {0, 3}, {2, 0}, {0, 1}}))
                                .in(x.get(0), shape(tf)))
                        .andTwice(),
                row("SparseSlice", in(4), (tf, x) -> op(tf, "SparseSlice")
                                .in(coordinates(tf), x.get(0), shape(tf), longs(tf, 0, 1), longs(tf, 3, 2)))
                        .andTwice(),
                row("SparseFillEmptyRows", in(4), in(), (tf, x) -> op(tf, "SparseFillEmptyRows")
                                .in(coordinates(tf), x.get(0), shape(tf), x.get(1)))
                        .andTwice(),
                row("SparseSoftmax", in(4), (tf, x) -> op(tf, "SparseSoftmax").in(coordinates(tf), x.get(0), shape(tf)))
                        .andTwice(),
                row("SparseSoftmax", in(4), (tf, x) -> op(tf, "SparseSoftmax")
                                .in(tf.constant(new long[][] {{0, 1, 1}, {1, 0, 0}, {1, 0, 2}, {1, 1, 1}}))
                                .in(x.get(0), longs(tf, 2, 2, 3)))
                        .andTwice());
    }

    private static List<GradientRow> pairs() {
        List<GradientRow> rows = new ArrayList<>();
        for (double threshold : new double[] {0, 0.9}) {
            rows.add(row("SparseAdd", in(4), in(3), (tf, x) -> op(tf, "SparseAdd")
                            .in(coordinates(tf), x.get(0), shape(tf))
                            .in(tf.constant(new long[][] {{0, 0}, {0, 3}, {2, 1}}), x.get(1), shape(tf))
                            .in(tf.constant(threshold)))
                    .andTwice());
        }
        for (String type : List.of("SparseSparseMaximum", "SparseSparseMinimum")) {
            rows.add(row(type, in(4), in(3), (tf, x) -> op(tf, type)
                            .in(coordinates(tf), x.get(0), shape(tf))
                            .in(tf.constant(new long[][] {{0, 0}, {0, 3}, {2, 1}}), x.get(1), shape(tf)))
                    .andTwice());
        }
        return rows;
    }
}
