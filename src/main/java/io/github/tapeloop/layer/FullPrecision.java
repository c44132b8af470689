package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.Tensors;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Computations of a layer in float32 though the pass is of a mixed precision. */
final class FullPrecision {

    private FullPrecision() {}

    /**
     * Computes in float32, or in float64 if x is, from the input of a model as it came if x is that: what a mixed precision has
     * rounded, or made infinite, a normalization cannot put right.
     *
     * @param x of any numeric type; numbers at steps that its mask leaves out are finite to the formula
     * @param formula makes the result from ops that read weights in full precision, and x
     * @return the result in the type of x; of whole numbers, in the type that the pass computes in
     */
    static Operand<TFloat32> compute(
            ForwardPass pass,
            Ops tf,
            Operand<TFloat32> x,
            BiFunction<Ops, Operand<TFloat32>, Operand<TFloat32>> formula) {
        Operand<TFloat32> before = pass.exact(x);
        Operand<TFloat32> data = pass.finite(tf, x, before);
        return before == x
                ? compute(tf, data, formula)
                : pass.rounded(
                        formula.apply(DtypePolicy.FULL.in(tf), data)); // The next layer is still one of the first.
    }

    /**
     * Computes in float32, or in float64 if x is.
     *
     * @param x of any numeric type
     * @param formula makes the result from ops that read weights in full precision, and x
     * @return the result in the type of x; of whole numbers, in the type that the pass computes in
     */
    static Operand<TFloat32> compute(
            Ops tf, Operand<TFloat32> x, BiFunction<Ops, Operand<TFloat32>, Operand<TFloat32>> formula) {
        Ops full = DtypePolicy.FULL.in(tf);
        if (InputType.isWhole(Tensors.dataType(x))) {
            return DtypePolicy.of(tf).compute(tf, formula.apply(full, Tensors.cast(full, x, TFloat32.class)));
        }
        return Tensors.cast(tf, formula.apply(full, DtypePolicy.full(full, x)), x.type());
    }
}
