package io.github.tapeloop.tape;

import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * Matrices with three diagonals: row i of A X is superᵢ xᵢ₊₁ + mainᵢ xᵢ + subᵢ xᵢ₋₁. With respect to a diagonal the gradient is
 * the sum over the columns of dyᵢ times the row of X beside, above or below.
 */
final class TridiagonalRules {

    private TridiagonalRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("TridiagonalMatMul", TridiagonalRules::product);
        rules.put("TridiagonalSolve", TridiagonalRules::solve);
    }

    private static <T extends TType> void product(Ops tf, OpGradient op) {
        Formula<T> x = op.<T>in(3).conj();
        Formula<T> dy = op.dy();
        op.propagate(0, () -> dy.times(shifted(tf, x, -2, -1)).sum(-1).adjoint().conj());
        op.propagate(1, () -> dy.times(x).sum(-1).adjoint().conj());
        op.propagate(2, () -> dy.times(shifted(tf, x, -2, 1)).sum(-1).adjoint().conj());
        op.propagate(3, () -> {
            Formula<T> fromAbove = shifted(tf, op.<T>in(0).adjoint().times(dy), -2, 1);
            Formula<T> fromBelow = shifted(tf, op.<T>in(2).adjoint().times(dy), -2, -1);
            return fromAbove.plus(op.<T>in(1).adjoint().times(dy)).plus(fromBelow);
        });
    }

    /** dB = A⁻ᴴ dX, and dA = -dB Xᴴ where A has its diagonals. */
    private static <T extends TType> void solve(Ops tf, OpGradient op) {
        Formula<T> diagonals = op.<T>in(0).conj();
        Formula<T> transposed = rows(
                tf,
                shifted(tf, row(tf, diagonals, 2), -1, -1),
                row(tf, diagonals, 1),
                shifted(tf, row(tf, diagonals, 0), -1, 1));
        OperationBuilder builder = RawOps.builder(tf, "TridiagonalSolve", transposed, op.gradient(0));
        RawOps.attributesOf(op, builder, "partial_pivoting", "perturb_singular");
        Formula<T> db = Formula.of(tf, builder.build().output(0));
        op.propagate(0, () -> {
            Formula<T> x = op.<T>out(0).conj();
            Formula<T> minus = db.negated();
            return rows(
                    tf,
                    minus.times(shifted(tf, x, -2, -1)).sum(-1).adjoint().conj(),
                    minus.times(x).sum(-1).adjoint().conj(),
                    minus.times(shifted(tf, x, -2, 1)).sum(-1).adjoint().conj());
        });
        op.propagate(1, () -> db);
    }

    private static <T extends TType> Formula<T> row(Ops tf, Operand<T> rows, int index) {
        return Formula.of(tf, tf.gather(rows, tf.constant(new int[] {index}), tf.constant(-2)));
    }

    private static <T extends TType> Formula<T> rows(Ops tf, Operand<T> a, Operand<T> b, Operand<T> c) {
        return Formula.of(tf, tf.concat(List.of(a, b, c), tf.constant(-2)));
    }

    /** Everything moved along an axis by one place, to the back or to the front; a zero moves in. */
    private static <T extends TType> Formula<T> shifted(Ops tf, Operand<T> x, int axis, int by) {
        int rank = Shapes.rank(x);
        int[][] paddings = new int[rank][2];
        paddings[rank + axis][by > 0 ? 0 : 1] = 1;
        Operand<TInt32> around = tf.constant(paddings);
        Formula<T> padded = Formula.of(tf, RawOps.make(tf, "Pad", x, around));
        int[] begin = new int[rank];
        begin[rank + axis] = by > 0 ? 0 : 1;
        return Formula.of(tf, tf.slice(padded, tf.constant(begin), Shapes.of(tf, x)));
    }
}
