package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * Factorisations of matrices. ᴴ is the conjugate transpose, ∘ the product element by element. Where eigenvalues or
 * singular values are equal the gradient of their vectors does not exist; the terms that would be infinite are left out.
 */
final class DecompositionRules {

    private DecompositionRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Cholesky", DecompositionRules::cholesky);
        rules.put("Qr", DecompositionRules::qr);
        rules.put("Svd", DecompositionRules::svd);
        rules.put("SelfAdjointEigV2", DecompositionRules::selfAdjointEig);
        rules.put("Eig", DecompositionRules::eig);
        rules.put("MatrixSquareRoot", DecompositionRules::squareRoot);
    }

    /**
     * L⁻ᴴ Φ(Lᴴ dL) L⁻¹ made symmetric, where Φ takes the lower triangle with half the diagonal. Murray 2016,
     * Differentiation of the Cholesky decomposition, arXiv:1602.07527.
     */
    private static <T extends TType> void cholesky(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> l = op.out(0);
            Formula<T> product = l.adjointMatmul(op.<T>dy());
            Formula<T> phi = product.withDiagonal(product.diagonal().times(0.5)).band(-1, 0);
            Formula<T> left = SolveRules.triangular(tf, l, phi, true, true);
            Formula<T> inner = SolveRules.triangular(tf, l, left.adjoint(), true, true);
            return inner.plus(inner.adjoint()).times(0.5);
        });
    }

    /**
     * Tall and square: (dQ + Q copyltu(R dRᴴ - dQᴴ Q)) R⁻ᴴ, where copyltu mirrors the lower triangle upwards. Wide: the
     * first columns as if square, the others through V = Qᴴ Y. Walter, Lehmann 2010, Algorithmic differentiation of linear
     * algebra functions, arXiv:1001.1654; Roberts, Roberts 2020, QR and LQ decomposition, arXiv:2009.10071.
     */
    private static <T extends TType> void qr(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Shape shape = requireKnown(op, op.input(0));
            long rows = shape.get(shape.numDimensions() - 2);
            long columns = shape.get(shape.numDimensions() - 1);
            if (rows > columns && op.flag("full_matrices")) {
                throw new GradientException(
                        "full matrices of a tall matrix, " + Tensors.describe(op.input(0)) + ", have no gradient");
            }
            Formula<T> q = op.out(0);
            Formula<T> r = op.out(1);
            Formula<T> dq = op.dy(0);
            Formula<T> dr = op.dy(1);
            if (rows >= columns) {
                return qrOfTall(tf, q, r, dq, dr);
            }
            Formula<T> y = columns(tf, op.in(0), rows, columns - rows);
            Formula<T> dv = columns(tf, dr, rows, columns - rows);
            Formula<T> dx =
                    qrOfTall(tf, q, columns(tf, r, 0, rows), dq.plus(y.matmulAdjoint(dv)), columns(tf, dr, 0, rows));
            return tf.concat(List.of(dx, q.matmul(dv)), tf.constant(-1));
        });
    }

    private static <T extends TType> Formula<T> qrOfTall(
            Ops tf, Formula<T> q, Formula<T> r, Formula<T> dq, Formula<T> dr) {
        Formula<T> m = r.matmulAdjoint(dr).minus(dq.adjointMatmul(q));
        Formula<T> lower = m.band(-1, 0);
        Formula<T> strict = lower.minus(m.band(0, 0));
        Formula<T> diagonal = m.band(0, 0);
        Formula<T> real = diagonal.real();
        Formula<T> mirrored = strict.plus(strict.adjoint()).plus(real);
        Formula<T> right = dq.plus(q.matmul(mirrored)); // times R⁻ᴴ, by solving R Zᴴ = (·)ᴴ
        return SolveRules.triangular(tf, r, right.adjoint(), false, false).adjoint();
    }

    private static <T extends TType> Formula<T> columns(Ops tf, Operand<T> matrix, long from, long count) {
        int rank = Shapes.rank(matrix);
        long[] begin = new long[rank];
        long[] size = new long[rank];
        Arrays.fill(size, -1);
        begin[rank - 1] = from;
        size[rank - 1] = count;
        return Formula.of(tf, tf.slice(matrix, tf.constant(begin), tf.constant(size)));
    }

    /**
     * U ((F ∘ (Uᴴ dU - dUᴴ U)) S + S (F ∘ (Vᴴ dV - dVᴴ V)) + dS) Vᴴ and what of dU and dV is orthogonal to U and V, where
     * F is 1 / (sⱼ² - sᵢ²). Townsend 2016, Differentiating the singular value decomposition; for complex matrices Wan,
     * Zhang 2019, Automatic differentiation for complex valued SVD, arXiv:1909.02659.
     */
    private static <T extends TType> void svd(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            boolean hasVectors = op.attribute("compute_uv", Boolean.class).orElse(true);
            boolean hasLeft = hasVectors && op.hasGradient(1);
            boolean hasRight = hasVectors && op.hasGradient(2);
            Shape shape = requireKnown(op, op.input(0));
            if (op.flag("full_matrices")
                    && shape.get(shape.numDimensions() - 2) != shape.get(shape.numDimensions() - 1)
                    && (hasLeft || hasRight)) {
                throw new GradientException("full matrices of " + Tensors.describe(op.input(0))
                        + ", which is not square, have no gradient");
            }
            IntFunction<Operand<T>> parts = hasVectors && !op.flag("full_matrices")
                    ? op::output
                    : RawOps.builder(tf, "Svd", op.input(0)).build()::output;
            DataType type = op.input(0).asOutput().dataType();
            Formula<T> s = Formula.of(tf, RawOps.cast(tf, parts.apply(0), type));
            Formula<T> u = Formula.of(tf, parts.apply(1));
            Formula<T> v = Formula.of(tf, parts.apply(2));
            Formula<T> ds = Formula.of(tf, RawOps.cast(tf, op.gradient(0), type));
            Formula<T> middle = ds.asDiagonal();
            Formula<T> row = s.expandDims(-2);
            Formula<T> column = s.expandDims(-1);
            Formula<T> f = differences(row.squared(), column.squared());
            if (hasLeft) {
                Formula<T> j = f.times(u.adjointMatmul(op.<T>dy(1)));
                middle = middle.plus(j.plus(j.adjoint()).times(row));
                if (RawOps.isComplex(u)) { // The phase of each pair of vectors is given by u, the op's choice.
                    middle = middle.plus(phases(u.adjointMatmul(op.<T>dy(1))).overOrZero(row));
                }
            }
            if (hasRight) {
                Formula<T> k = f.times(v.adjointMatmul(op.<T>dy(2)));
                middle = middle.plus(k.plus(k.adjoint()).times(column));
            }
            Formula<T> dx = u.matmul(middle).matmulAdjoint(v);
            if (hasLeft) {
                Formula<T> outside = op.<T>dy(1).minus(u.matmul(u.adjointMatmul(op.<T>dy(1))));
                dx = dx.plus(outside.overOrZero(row).matmulAdjoint(v));
            }
            if (hasRight) {
                Formula<T> outside = op.<T>dy(2).minus(v.matmul(v.adjointMatmul(op.<T>dy(2))));
                dx = dx.plus(u.matmulAdjoint(outside.overOrZero(row)));
            }
            return dx;
        });
    }

    /** The imaginary part of the diagonal. */
    private static <T extends TType> Formula<T> phases(Formula<T> matrix) {
        Formula<T> diagonal = matrix.band(0, 0);
        return diagonal.minus(diagonal.conj()).times(0.5);
    }

    /** 1 / (a - b), and 0 where they are equal. */
    private static <T extends TType> Formula<T> differences(Formula<T> row, Formula<T> column) {
        Formula<T> difference = row.minus(column);
        return difference.ones().overOrZero(difference);
    }

    /**
     * V (de + F ∘ (Vᴴ dV)) Vᴴ, where F is 1 / (eⱼ - eᵢ). Giles 2008, Collected matrix derivative results, 3.1. The op reads
     * the lower triangle only, so that the upper one's gradient goes there.
     */
    private static <T extends TType> void selfAdjointEig(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            boolean hasVectors = op.attribute("compute_v", Boolean.class).orElse(true);
            IntFunction<Operand<T>> parts = hasVectors
                    ? op::output
                    : RawOps.builder(tf, "SelfAdjointEigV2", op.input(0)).build()::output;
            DataType type = op.input(0).asOutput().dataType();
            Formula<T> e = Formula.of(tf, RawOps.cast(tf, parts.apply(0), type));
            Formula<T> v = Formula.of(tf, parts.apply(1));
            Formula<T> de = Formula.of(tf, RawOps.cast(tf, op.gradient(0), type));
            Formula<T> middle = de.asDiagonal();
            if (hasVectors && op.hasGradient(1)) {
                Formula<T> f = differences(e.expandDims(-2), e.expandDims(-1));
                middle = middle.plus(f.times(v.adjointMatmul(op.<T>dy(1))));
            }
            Formula<T> dx = v.matmul(middle).matmulAdjoint(v);
            Formula<T> both = dx.plus(dx.adjoint()).band(-1, 0);
            return both.withDiagonal(both.diagonal().times(0.5));
        });
    }

    /**
     * V⁻ᴴ (de + (Vᴴ dV - Vᴴ V Re(diag(Vᴴ dV))) / E̅) Vᴴ, where E is eⱼ - eᵢ: the vectors have length 1. Boeddeker et al. 2017,
     * On the computation of complex-valued gradients, arXiv:1701.00392.
     */
    private static <T extends TType> void eig(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            boolean hasVectors = op.attribute("compute_v", Boolean.class).orElse(true);
            IntFunction<Operand<T>> parts = hasVectors ? op::output : eigWithVectors(tf, op)::output;
            Formula<T> e = Formula.of(tf, parts.apply(0));
            Formula<T> v = Formula.of(tf, parts.apply(1));
            Formula<T> middle = op.<T>dy(0).asDiagonal();
            if (hasVectors && op.hasGradient(1)) {
                Formula<T> product = v.adjointMatmul(op.<T>dy(1));
                Formula<T> diagonal = product.diagonal();
                Formula<T> real = diagonal.real();
                Formula<T> turned = product.minus(v.adjointMatmul(v).times(real.expandDims(-2)));
                Formula<T> f = differences(e.expandDims(-2), e.expandDims(-1)).conj();
                middle = middle.plus(turned.times(f));
            }
            Formula<T> right = middle.matmulAdjoint(v);
            Formula<T> dx = Formula.of(tf, SolveRules.solve(tf, v, right, true));
            return RawOps.cast(tf, dx, op.input(0).asOutput().dataType());
        });
    }

    private static Operation eigWithVectors(Ops tf, OpGradient op) {
        OperationBuilder builder = RawOps.builder(tf, "Eig", op.input(0));
        return builder.setAttr("Tout", op.output(0).asOutput().dataType()).build();
    }

    /**
     * The solution X of Sᴴ X + X Sᴴ = dS, which is what S S = A gives; as one linear system of n² equations, whose matrix is
     * Sᴴ ⊗ I + I ⊗ S̅. Higham 2008, Functions of matrices, 6.1.
     */
    private static <T extends TType> void squareRoot(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> s = op.out(0);
            int rank = Shapes.rank(s);
            Operand<TInt32> shape = Shapes.of(tf, s);
            Operand<TInt32> batch = tf.slice(shape, tf.constant(new int[] {0}), tf.constant(new int[] {rank - 2}));
            Operand<TInt32> n = tf.slice(shape, tf.constant(new int[] {rank - 1}), tf.constant(new int[] {1}));
            Operand<TInt32> square = tf.math.mul(n, n);
            Operand<T> one = s.constant(1);
            Formula<T> unit = Formula.of(tf, tf.fill(n, one)).asDiagonal();
            Formula<T> left = s.adjoint()
                    .expandDims(-2)
                    .expandDims(-1)
                    .times(unit.expandDims(1).expandDims(0));
            Formula<T> right = s.conj()
                    .expandDims(-3)
                    .expandDims(-2)
                    .times(unit.expandDims(2).expandDims(1));
            Formula<T> system = left.reshape(Shapes.join(tf, batch, square, square))
                    .plus(right.reshape(Shapes.join(tf, batch, square, square)));
            Formula<T> ds = op.<T>dy().reshape(Shapes.join(tf, batch, square, tf.constant(new int[] {1})));
            return Formula.of(tf, SolveRules.solve(tf, system, ds, false)).reshape(shape);
        });
    }

    private static Shape requireKnown(OpGradient op, Operand<?> matrix) {
        Shape shape = Tensors.shape(matrix);
        int rank = Shapes.rank(matrix);
        if (shape.get(rank - 1) < 0 || shape.get(rank - 2) < 0) {
            throw new GradientException("the gradient of " + op.type()
                    + " needs to know how many rows and columns the matrix has, got " + Tensors.describe(matrix));
        }
        return shape;
    }
}
