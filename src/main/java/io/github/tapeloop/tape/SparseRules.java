package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Sparse tensors and dense ones: coordinates [n, rank], values [n] and a shape [rank]; only values have gradients. */
final class SparseRules {

    private SparseRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("SparseTensorDenseMatMul", SparseRules::product);
        rules.put("SparseMatMul", SparseRules::denseProduct);
        rules.put("SparseTensorDenseAdd", SparseRules::add);
        rules.put("SparseReduceSum", SparseRules::sum);
        rules.put("SparseToDense", SparseRules::toDense);
        rules.put("SparseDenseCwiseAdd", SparseRules::cwiseAdd);
        rules.put("SparseDenseCwiseMul", SparseRules::cwiseMul);
        rules.put("SparseDenseCwiseDiv", SparseRules::cwiseDiv);
    }

    /** With A sparse: dB = Aᴴ dY, and each value of A gets the product of a row of dY and one of B. */
    private static <T extends TType> void product(Ops tf, OpGradient op) {
        boolean adjointA = op.flag("adjoint_a");
        boolean adjointB = op.flag("adjoint_b");
        Operand<TNumber> coordinates = op.input(0);
        op.propagate(1, () -> {
            Operand<TNumber> rows = column(tf, coordinates, adjointA ? 1 : 0);
            Operand<TNumber> columns = column(tf, coordinates, adjointA ? 0 : 1);
            Formula<T> dy = op.<T>dy().gather(rows);
            Formula<T> b = (adjointB ? op.<T>in(3).adjoint() : op.<T>in(3)).gather(columns);
            Formula<T> products = adjointA ? dy.conj().times(b) : dy.times(b.conj());
            return products.sum(-1).reshape(-1);
        });
        op.propagate(3, () -> {
            OperationBuilder builder = RawOps.builder(
                    tf, "SparseTensorDenseMatMul", coordinates, op.input(1), op.input(2), op.gradient(0));
            Formula<T> db = Formula.of(
                    tf, builder.setAttr("adjoint_a", !adjointA).build().output(0));
            return adjointB ? db.adjoint() : db;
        });
    }

    private static <I extends TNumber> Operand<I> column(Ops tf, Operand<I> coordinates, int index) {
        return tf.gather(coordinates, tf.constant(index), tf.constant(1));
    }

    /** Dense matrices with many zeros: in float32, whatever their own types. */
    private static void denseProduct(Ops tf, OpGradient op) {
        boolean ta = op.flag("transpose_a");
        boolean tb = op.flag("transpose_b");
        Operand<TNumber> dy = op.gradient(0);
        Operand<TNumber> a = RawOps.cast(tf, op.input(0), dy.asOutput().dataType());
        Operand<TNumber> b = RawOps.cast(tf, op.input(1), dy.asOutput().dataType());
        op.propagate(0, () -> like(tf, ta ? times(tf, b, tb, dy, true) : times(tf, dy, false, b, !tb), op.input(0)));
        op.propagate(1, () -> like(tf, tb ? times(tf, dy, true, a, ta) : times(tf, a, !ta, dy, false), op.input(1)));
    }

    private static Operand<TNumber> times(
            Ops tf, Operand<TNumber> a, boolean transposeA, Operand<TNumber> b, boolean transposeB) {
        return tf.linalg.matMul(a, b, MatMul.transposeA(transposeA), MatMul.transposeB(transposeB));
    }

    private static Operand<?> like(Ops tf, Operand<?> gradient, Operand<?> input) {
        return RawOps.cast(tf, gradient, input.asOutput().dataType());
    }

    private static <T extends TType> void add(Ops tf, OpGradient op) {
        op.propagate(1, () -> op.<T>dy().gatherNd(op.input(0)));
        op.propagate(3, () -> op.gradient(0));
    }

    /** Each value gets the gradient of the sum it is in: at its coordinates, with 0 where summed over. */
    private static <T extends TType> void sum(Ops tf, OpGradient op) {
        op.propagate(1, () -> {
            Operand<TInt64> shape = op.input(2);
            Operand<TInt32> rank = tf.size(shape);
            Operand<TInt32> axes = tf.reshape(Shapes.axis(tf, op.<TNumber>input(3), rank), tf.constant(new int[] {-1}));
            Operand<TInt32> all = Shapes.range(tf, tf.constant(0), rank);
            Operand<TInt64> ones = tf.onesLike(tf.gather(shape, axes, tf.constant(0)));
            Operand<TInt64> kept = tf.dynamicStitch(List.of(all, axes), List.of(shape, ones));
            Operand<TInt64> coordinates = tf.math.floorMod(op.<TInt64>input(0), kept);
            return op.<T>dy().reshape(kept).gatherNd(coordinates);
        });
    }

    /** The coordinates may be a number, or a vector of numbers, and the values one number for all. */
    private static <T extends TType> void toDense(Ops tf, OpGradient op) {
        Operand<TNumber> given = op.input(0);
        Operand<TNumber> coordinates =
                switch (Shapes.rank(given)) {
                    case 0 -> tf.reshape(given, tf.constant(new int[] {1, 1}));
                    case 1 -> tf.expandDims(given, tf.constant(1));
                    default -> given;
                };
        Formula<T> dy = op.dy();
        Formula<T> taken = dy.gatherNd(coordinates);
        op.propagate(2, () -> {
            Formula<T> values = Shapes.rank(op.input(2)) == 0 ? taken.total() : taken;
            return values.reshape(Shapes.of(tf, op.input(2)));
        });
        op.propagate(3, () -> dy.total().minus(taken.total()));
    }

    private static <T extends TType> void cwiseAdd(Ops tf, OpGradient op) {
        Stretched<T> dense = Stretched.of(tf, op);
        op.propagate(1, () -> op.gradient(0));
        op.propagate(3, () -> dense.gradient(op.dy()));
    }

    private static <T extends TType> void cwiseMul(Ops tf, OpGradient op) {
        Stretched<T> dense = Stretched.of(tf, op);
        op.propagate(1, () -> op.<T>dy().times(dense.values().conj()));
        op.propagate(3, () -> dense.gradient(op.<T>dy().times(op.<T>in(1).conj())));
    }

    private static <T extends TType> void cwiseDiv(Ops tf, OpGradient op) {
        Stretched<T> dense = Stretched.of(tf, op);
        op.propagate(1, () -> op.<T>dy().over(dense.values().conj()));
        op.propagate(3, () -> {
            Formula<T> slope = op.<T>out(0).over(dense.values()).conj().negated();
            return dense.gradient(op.<T>dy().times(slope));
        });
    }

    /** The dense operand, broadcast to the sparse one: at coordinates taken modulo its own shape. */
    private record Stretched<T extends TType>(
            Ops tf, Formula<T> dense, Operand<TInt64> shape, Operand<TInt64> coordinates) {

        static <T extends TType> Stretched<T> of(Ops tf, OpGradient op) {
            Operand<TInt64> coordinates = op.input(0);
            Operand<TInt32> own = Shapes.of(tf, op.input(3));
            Operand<TInt32> missing = tf.math.sub(tf.size(op.input(2)), tf.size(own));
            Operand<TInt32> ones = tf.fill(Shapes.vector(tf, missing), tf.constant(1));
            Operand<TInt64> shape = Tensors.cast(tf, Shapes.join(tf, ones, own), TInt64.class);
            return new Stretched<>(tf, op.in(3), shape, tf.math.floorMod(coordinates, shape));
        }

        Formula<T> values() {
            return dense.reshape(shape).gatherNd(coordinates);
        }

        Formula<T> gradient(Operand<T> ofValues) {
            return Formula.of(tf, tf.scatterNd(coordinates, ofValues, shape)).reshape(Shapes.of(tf, dense));
        }
    }
}
