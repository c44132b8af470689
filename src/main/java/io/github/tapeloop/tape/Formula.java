package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * An operand with arithmetic, so that a rule reads like its formula: {@code x.squared().negated().apply("Exp")} is
 * exp(-x²). Every step is an op made with the {@code Ops} it came from. Constants take the operand's type, real or complex.
 */
final class Formula<T extends TType> implements Operand<T> {

    private final Ops tf;
    private final Output<T> output;

    private Formula(Ops tf, Output<T> output) {
        this.tf = tf;
        this.output = output;
    }

    static <T extends TType> Formula<T> of(Ops tf, Operand<T> operand) {
        return operand instanceof Formula<T> formula ? formula : new Formula<>(tf, operand.asOutput());
    }

    @Override
    public Output<T> asOutput() {
        return output;
    }

    @Override
    public Operation op() {
        return output.op();
    }

    private Formula<T> binary(String type, Operand<T> other) {
        return of(tf, RawOps.binary(tf, type, this, other));
    }

    /** Another op of one input and one output of the same type. */
    Formula<T> apply(String type) {
        return of(tf, RawOps.unary(tf, type, this));
    }

    Formula<T> plus(Operand<T> other) {
        return binary("AddV2", other);
    }

    Formula<T> plus(double constant) {
        return plus(constant(constant));
    }

    Formula<T> minus(Operand<T> other) {
        return binary("Sub", other);
    }

    Formula<T> minus(double constant) {
        return minus(constant(constant));
    }

    /** {@code constant - this}. */
    Formula<T> from(double constant) {
        return of(tf, constant(constant)).minus(this);
    }

    Formula<T> times(Operand<T> other) {
        return binary("Mul", other);
    }

    Formula<T> times(double constant) {
        return times(constant(constant));
    }

    Formula<T> over(Operand<T> other) {
        return binary("RealDiv", other);
    }

    /** The quotient, and 0 where the divisor is 0. */
    Formula<T> overOrZero(Operand<T> other) {
        return binary("DivNoNan", other);
    }

    Formula<T> negated() {
        return apply("Neg");
    }

    Formula<T> squared() {
        return apply("Square");
    }

    Formula<T> exp() {
        return apply("Exp");
    }

    /** This where a condition holds, and something else where not; the three broadcast. */
    Formula<T> where(Operand<?> condition, Operand<T> otherwise) {
        return of(tf, RawOps.make(tf, "SelectV2", condition, this, otherwise));
    }

    /** This where a condition holds, and a constant where not. */
    Formula<T> where(Operand<?> condition, double otherwise) {
        return where(condition, constant(otherwise));
    }

    /** 1 where a condition holds, and 0 where not. */
    Formula<T> ifTrue(Operand<?> condition) {
        return of(tf, RawOps.cast(tf, condition, output.dataType()));
    }

    Operand<?> is(String comparison, Operand<T> other) {
        return RawOps.make(tf, comparison, this, other);
    }

    Operand<?> is(String comparison, double constant) {
        return is(comparison, constant(constant));
    }

    /** The complex conjugate; of a real number, itself. */
    Formula<T> conj() {
        return of(tf, RawOps.conj(tf, this));
    }

    /** The real part, in the same type; of a real number, itself. */
    Formula<T> real() {
        return RawOps.isComplex(this) ? plus(conj()).times(0.5) : this;
    }

    /** The product of matrices, the last two dimensions; those before broadcast. */
    Formula<T> matmul(Operand<T> other) {
        return product(false, other, false);
    }

    /** This times the conjugate transpose of another. */
    Formula<T> matmulAdjoint(Operand<T> other) {
        return product(false, other, true);
    }

    /** The conjugate transpose of this times another. */
    Formula<T> adjointMatmul(Operand<T> other) {
        return product(true, other, false);
    }

    private Formula<T> product(boolean adjoint, Operand<T> other, boolean adjointOther) {
        return of(
                tf,
                tf.scope()
                        .opBuilder("BatchMatMulV2", "BatchMatMulV2")
                        .addInput(output)
                        .addInput(other.asOutput())
                        .setAttr("adj_x", adjoint)
                        .setAttr("adj_y", adjointOther)
                        .build()
                        .output(0));
    }

    /** The conjugate transpose of matrices. */
    Formula<T> adjoint() {
        int rank = Shapes.rank(this);
        int[] order = new int[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = i;
        }
        order[rank - 2] = rank - 1;
        order[rank - 1] = rank - 2;
        String type = RawOps.isComplex(this) ? "ConjugateTranspose" : "Transpose";
        return of(tf, RawOps.make(tf, type, this, tf.constant(order)));
    }

    /** Only the diagonals from {@code lower} below to {@code upper} above the main one; all, where negative. */
    Formula<T> band(long lower, long upper) {
        return of(tf, RawOps.make(tf, "MatrixBandPart", this, tf.constant(lower), tf.constant(upper)));
    }

    /** The main diagonals of matrices as vectors. */
    Formula<T> diagonal() {
        return apply("MatrixDiagPart");
    }

    /** Vectors as the main diagonals of matrices. */
    Formula<T> asDiagonal() {
        return apply("MatrixDiag");
    }

    /** The same matrices with other main diagonals. */
    Formula<T> withDiagonal(Operand<T> diagonal) {
        return binary("MatrixSetDiag", diagonal);
    }

    Formula<T> zeros() {
        return of(tf, tf.zerosLike(this));
    }

    Formula<T> ones() {
        return of(tf, tf.onesLike(this));
    }

    /** Sums over axes, which stay with size 1. */
    Formula<T> sum(int... axes) {
        return of(tf, tf.sum(this, tf.constant(axes), Sum.keepDims(true)));
    }

    /** The sum of all elements, a scalar. */
    Formula<T> total() {
        return of(tf, tf.sum(tf.reshape(this, tf.constant(new int[] {-1})), tf.constant(0)));
    }

    Formula<T> expandDims(int axis) {
        return of(tf, tf.expandDims(this, tf.constant(axis)));
    }

    Formula<T> reshape(Operand<? extends TNumber> shape) {
        return of(tf, tf.reshape(this, shape));
    }

    Formula<T> reshape(long... shape) {
        return of(tf, tf.reshape(this, tf.constant(shape)));
    }

    /** Elements by their indices along the first axis. */
    Formula<T> gather(Operand<? extends TNumber> indices) {
        return of(tf, tf.gather(this, indices, tf.constant(0)));
    }

    /** Elements, or slices, by their coordinates. */
    Formula<T> gatherNd(Operand<? extends TNumber> indices) {
        return of(tf, RawOps.make(tf, "GatherNd", this, indices));
    }

    /** A scalar of this operand's type. */
    Operand<T> constant(double value) {
        return RawOps.constant(tf, value, this);
    }

    /** Sums a gradient down to what was broadcast. */
    Formula<T> reducedTo(Operand<?> input) {
        return of(tf, Broadcasting.reduceTo(tf, this, input));
    }

    DataType dataType() {
        return output.dataType();
    }

    Shape knownShape() {
        return Tensors.shape(output);
    }
}
