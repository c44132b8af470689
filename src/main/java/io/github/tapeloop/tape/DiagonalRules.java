package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * Diagonals of matrices, taken out and put in. The ops of the second version align diagonals of different lengths to the
 * left, those of the third as their attribute says.
 */
final class DiagonalRules {

    private DiagonalRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("MatrixDiagPart", DiagonalRules::part);
        rules.put("MatrixSetDiag", DiagonalRules::set);
        for (String version : new String[] {"V2", "V3"}) {
            rules.put("MatrixDiag" + version, (tf, op) -> matrix(tf, op, version));
            rules.put("MatrixDiagPart" + version, (tf, op) -> part(tf, op, version));
            rules.put("MatrixSetDiag" + version, (tf, op) -> set(tf, op, version));
        }
    }

    private static <T extends TType> void part(Ops tf, OpGradient op) {
        op.propagate(0, () -> op.<T>in(0).zeros().withDiagonal(op.<T>dy()));
    }

    private static <T extends TType> void set(Ops tf, OpGradient op) {
        op.propagate(0, () -> op.<T>dy().withDiagonal(op.<T>in(1).zeros()));
        op.propagate(1, () -> op.<T>dy().diagonal());
    }

    /** Diagonals in a matrix otherwise of one value, whose gradient is what the diagonals leave. */
    private static <T extends TType> void matrix(Ops tf, OpGradient op, String version) {
        Formula<T> dy = op.dy();
        Formula<T> diagonals = taken(tf, op, version, dy, op.input(1));
        op.propagate(0, () -> diagonals);
        op.propagate(4, () -> dy.total().minus(diagonals.total()));
    }

    /**
     * Shorter diagonals are filled up with one value, whose gradient is what the matrix leaves. The matrix is made with
     * {@code MatrixDiag}, since {@code MatrixSetDiag} cannot be traced with an open batch.
     */
    private static <T extends TType> void part(Ops tf, OpGradient op, String version) {
        Formula<T> dy = op.dy();
        Formula<T> placed = placed(tf, op, version, dy);
        op.propagate(0, () -> placed);
        op.propagate(2, () -> dy.total().minus(placed.total()));
    }

    private static <T extends TType> void set(Ops tf, OpGradient op, String version) {
        op.propagate(0, () -> placed(tf, op, version, op.dy(), op.<T>in(1).zeros(), op.input(2)));
        op.propagate(1, () -> taken(tf, op, version, op.<T>dy(), op.input(2)));
    }

    private static <T extends TType> Formula<T> placed(Ops tf, OpGradient op, String version, Formula<T> diagonals) {
        Operand<TInt32> shape = Shapes.of(tf, op.input(0));
        int rank = Shapes.rank(op.input(0));
        Operand<TInt32> rows = tf.gather(shape, tf.constant(rank - 2), tf.constant(0));
        Operand<TInt32> columns = tf.gather(shape, tf.constant(rank - 1), tf.constant(0));
        OperationBuilder builder = RawOps.builder(
                tf, "MatrixDiag" + version, diagonals, op.input(1), rows, columns, diagonals.constant(0));
        return Formula.of(tf, RawOps.attributesOf(op, builder, "align").build().output(0));
    }

    private static <T extends TType> Formula<T> taken(
            Ops tf, OpGradient op, String version, Formula<T> matrix, Operand<?> which) {
        OperationBuilder builder = RawOps.builder(tf, "MatrixDiagPart" + version, matrix, which, matrix.constant(0));
        return Formula.of(tf, RawOps.attributesOf(op, builder, "align").build().output(0));
    }

    private static <T extends TType> Formula<T> placed(
            Ops tf, OpGradient op, String version, Operand<T> matrix, Operand<T> diagonals, Operand<?> which) {
        OperationBuilder builder = RawOps.builder(tf, "MatrixSetDiag" + version, matrix, diagonals, which);
        return Formula.of(tf, RawOps.attributesOf(op, builder, "align").build().output(0));
    }
}
