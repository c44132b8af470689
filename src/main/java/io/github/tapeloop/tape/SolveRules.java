package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * Systems of linear equations, inverses and determinants. Formulas after Giles 2008, Collected matrix derivative results
 * for forward and reverse mode algorithmic differentiation; ᴴ is the conjugate transpose.
 */
final class SolveRules {

    private SolveRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("MatrixInverse", SolveRules::inverse);
        rules.put("MatrixDeterminant", SolveRules::determinant);
        rules.put("LogMatrixDeterminant", SolveRules::logDeterminant);
        rules.put("MatrixSolve", SolveRules::solve);
        rules.put("MatrixTriangularSolve", SolveRules::triangular);
        rules.put("BandedTriangularSolve", SolveRules::banded);
        rules.put("MatrixSolveLs", SolveRules::leastSquares);
        rules.put("Cross", SolveRules::cross);
    }

    /** -Yᴴ dY Yᴴ; if the op inverts the adjoint, -Y dYᴴ Y. */
    private static <T extends TType> void inverse(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> y = op.out(0);
            Formula<T> dy = op.dy();
            Formula<T> product =
                    op.flag("adjoint") ? y.matmul(dy.adjointMatmul(y)) : y.adjointMatmul(dy.matmulAdjoint(y));
            return product.negated();
        });
    }

    /** dy (det A)‾ A⁻ᴴ. */
    private static <T extends TType> void determinant(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> scale = op.<T>dy().times(op.<T>out(0).conj());
            return asMatrix(scale).times(inverseAdjoint(tf, op.input(0)));
        });
    }

    /**
     * With respect to log|det A|: dy A⁻ᴴ. The sign of a real matrix is constant; that of a complex one turns with the
     * imaginary part of the logarithm.
     */
    private static <T extends TType> void logDeterminant(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> scale = op.dy(1);
            if (RawOps.isComplex(scale)) {
                scale = scale.real();
                Formula<T> turn = op.<T>dy(0).times(op.<T>out(0).conj());
                scale = scale.plus(turn.minus(turn.conj()).times(0.5));
            }
            return asMatrix(scale).times(inverseAdjoint(tf, op.input(0)));
        });
    }

    private static <T extends TType> Formula<T> asMatrix(Formula<T> scalars) {
        return scalars.expandDims(-1).expandDims(-1);
    }

    private static <T extends TType> Operand<T> inverseAdjoint(Ops tf, Operand<T> matrix) {
        return RawOps.builder(tf, "MatrixInverse", matrix)
                .setAttr("adjoint", true)
                .build()
                .output(0);
    }

    /** dB = A⁻ᴴ dX, dA = -dB Xᴴ; if A is taken adjoint, dA = -X dBᴴ. */
    private static <T extends TType> void solve(Ops tf, OpGradient op) {
        boolean adjoint = op.flag("adjoint");
        Formula<T> db = Formula.of(tf, solve(tf, op.<T>input(0), op.<T>dy(), !adjoint));
        op.propagate(0, () -> ofMatrix(op.out(0), db, adjoint));
        op.propagate(1, () -> db);
    }

    private static <T extends TType> Formula<T> ofMatrix(Formula<T> x, Formula<T> db, boolean adjoint) {
        return (adjoint ? x.matmulAdjoint(db) : db.matmulAdjoint(x)).negated();
    }

    static <T extends TType> Operand<T> solve(Ops tf, Operand<T> matrix, Operand<T> rhs, boolean adjoint) {
        return RawOps.builder(tf, "MatrixSolve", matrix, rhs)
                .setAttr("adjoint", adjoint)
                .build()
                .output(0);
    }

    /** As {@link #solve}; what the op does not read of the matrix has no gradient, and batches broadcast. */
    private static <T extends TType> void triangular(Ops tf, OpGradient op) {
        boolean adjoint = op.flag("adjoint");
        boolean lower = op.attribute("lower", Boolean.class).orElse(true);
        Formula<T> db = triangular(tf, op.in(0), op.dy(), lower, !adjoint);
        op.propagate(0, () -> {
            Formula<T> full = ofMatrix(op.out(0), db, adjoint);
            return (lower ? full.band(-1, 0) : full.band(0, -1)).reducedTo(op.input(0));
        });
        op.propagate(1, () -> db.reducedTo(op.input(1)));
    }

    static <T extends TType> Formula<T> triangular(
            Ops tf, Operand<T> matrix, Operand<T> rhs, boolean lower, boolean adjoint) {
        OperationBuilder builder = RawOps.builder(tf, "MatrixTriangularSolve", matrix, rhs)
                .setAttr("lower", lower)
                .setAttr("adjoint", adjoint);
        return Formula.of(tf, builder.build().output(0));
    }

    /** As {@link #triangular}, where the matrix is given by its diagonals, the rows of the input. */
    private static <T extends TType> void banded(Ops tf, OpGradient op) {
        boolean adjoint = op.flag("adjoint");
        boolean lower = op.attribute("lower", Boolean.class).orElse(true);
        OperationBuilder builder = RawOps.builder(tf, "BandedTriangularSolve", op.input(0), op.gradient(0))
                .setAttr("lower", lower)
                .setAttr("adjoint", !adjoint);
        Formula<T> db = Formula.of(tf, builder.build().output(0));
        op.propagate(0, () -> {
            Operand<TInt32> shape = Shapes.of(tf, op.input(0));
            int rank = Shapes.rank(op.input(0));
            var last = tf.math.sub(
                    tf.slice(shape, tf.constant(new int[] {rank - 2}), tf.constant(new int[] {1})), tf.constant(1));
            var zero = tf.constant(new int[] {0});
            var band = lower ? Shapes.join(tf, tf.math.neg(last), zero) : Shapes.join(tf, zero, last);
            Formula<T> full = ofMatrix(op.out(0), db, adjoint);
            Operand<T> diagonals = RawOps.builder(tf, "MatrixDiagPartV3", full, band, full.constant(0))
                    .setAttr("align", "LEFT_RIGHT")
                    .build()
                    .output(0);
            return Broadcasting.reduceTo(tf, diagonals, op.input(0));
        });
        op.propagate(1, () -> db.reducedTo(op.input(1)));
    }

    /**
     * Tall: X = G⁻¹ Aᴴ B with G = Aᴴ A + λ, so with Z = G⁻¹ dX: dB = A Z and dA = (B - A X) Zᴴ - A Z Xᴴ. Wide:
     * X = Aᴴ W with W = H⁻¹ B, H = A Aᴴ + λ, so with Z = H⁻¹ A dX: dB = Z and dA = W (dX - Aᴴ Z)ᴴ - Z Xᴴ.
     */
    private static <T extends TType> void leastSquares(Ops tf, OpGradient op) {
        Formula<T> a = op.in(0);
        Formula<T> b = op.in(1);
        Formula<T> x = op.out(0);
        Formula<T> dx = op.dy();
        boolean tall = isTall(a.knownShape(), op);
        Formula<T> gram = tall ? a.adjointMatmul(a) : a.matmulAdjoint(a);
        boolean regularised = op.attribute("fast", Boolean.class).orElse(true);
        if (regularised) {
            Operand<T> lambda = RawOps.cast(tf, op.input(2), a.dataType());
            gram = gram.withDiagonal(gram.diagonal().plus(lambda));
        }
        Formula<T> z = Formula.of(tf, solve(tf, gram, tall ? dx : a.matmul(dx), false));
        Formula<T> matrix = gram;
        op.propagate(0, () -> {
            if (tall) {
                return b.minus(a.matmul(x)).matmulAdjoint(z).minus(a.matmul(z).matmulAdjoint(x));
            }
            Formula<T> w = Formula.of(tf, solve(tf, matrix, b, false));
            return w.matmulAdjoint(dx.minus(a.adjointMatmul(z))).minus(z.matmulAdjoint(x));
        });
        op.propagate(1, () -> tall ? a.matmul(z) : z);
    }

    private static boolean isTall(Shape shape, OpGradient op) {
        int rank = Shapes.rank(op.input(0));
        long rows = shape.get(rank - 2);
        long columns = shape.get(rank - 1);
        if (rows < 0 || columns < 0) {
            throw new GradientException(
                    "it needs to know how many rows and columns the matrix has, got " + Tensors.describe(op.input(0)));
        }
        return rows >= columns;
    }

    /** a × b: b × dy and dy × a. */
    private static <T extends TType> void cross(Ops tf, OpGradient op) {
        op.propagate(0, () -> RawOps.binary(tf, "Cross", op.<T>input(1), op.<T>gradient(0)));
        op.propagate(1, () -> RawOps.binary(tf, "Cross", op.<T>gradient(0), op.<T>input(0)));
    }
}
