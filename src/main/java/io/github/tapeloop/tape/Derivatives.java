package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Derivatives of functions, without a tape in sight. A function makes ops from an {@code Ops} and its argument; what it
 * reads besides, variables for instance, counts as constant.
 *
 * <pre>{@code
 * Operand<TFloat64> curvature = Derivatives.hessian(tf, (ops, w) -> loss(ops, w), w);
 * }</pre>
 *
 * <p>All work eager and traced, and tapes around them hear them, so that they can be differentiated in their turn. A
 * derivative is zero where the function does not depend on its argument.
 */
public final class Derivatives {

    private Derivatives() {}

    /**
     * The gradient of a scalar function.
     *
     * @param tf makes ops
     * @param f gives a scalar
     * @param x where, of any shape and a floating point type
     * @param <T> the type of x
     * @return ∂f/∂x, of x's shape and type
     * @throws IllegalArgumentException if f gives no scalar, or x is not of a floating point type
     */
    public static <T extends TType> Operand<T> gradient(
            Ops tf, BiFunction<Ops, Operand<T>, ? extends Operand<?>> f, Operand<T> x) {
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            return tape.gradientOrZeros(scalar(f.apply(tf, x)), x);
        }
    }

    /**
     * The derivatives of all elements of a function with respect to all elements of its argument, by one pass back for
     * each element of the result.
     *
     * @param tf makes ops
     * @param f gives y, of a known shape
     * @param x where, of any shape and a floating point type
     * @param <T> the type of x
     * @return ∂yᵢ/∂xⱼ, [y…, x…], of x's type
     * @throws IllegalArgumentException if the shape of y is not known, or x is not of a floating point type
     */
    public static <T extends TType> Operand<T> jacobian(
            Ops tf, BiFunction<Ops, Operand<T>, ? extends Operand<?>> f, Operand<T> x) {
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<?> y = f.apply(tf, x);
            return tape.jacobian(y, x).orElseGet(() -> zeros(tf, y, x));
        }
    }

    /**
     * The second derivatives of a scalar function, by one pass back for each element of x.
     *
     * @param tf makes ops
     * @param f gives a scalar
     * @param x where, of a known shape and a floating point type
     * @param <T> the type of x
     * @return ∂²f/∂xᵢ∂xⱼ, [x…, x…], of x's type
     * @throws IllegalArgumentException if f gives no scalar, or x's shape is not known or its type not floating point
     */
    public static <T extends TType> Operand<T> hessian(
            Ops tf, BiFunction<Ops, Operand<T>, ? extends Operand<?>> f, Operand<T> x) {
        return jacobian(tf, (ops, at) -> gradient(ops, f, at), x);
    }

    /**
     * The product of the second derivatives of a scalar function with a vector, which costs a few passes, whatever the
     * size of x (Pearlmutter 1994, here by going back over the way back).
     *
     * @param tf makes ops
     * @param f gives a scalar
     * @param x where, of any shape and a floating point type
     * @param v of x's shape and type
     * @param <T> the type of x
     * @return Σⱼ ∂²f/∂xᵢ∂xⱼ vⱼ, of x's shape and type
     * @throws IllegalArgumentException if f gives no scalar, v is not like x, or x is not of a floating point type
     */
    public static <T extends TType> Operand<T> hessianVectorProduct(
            Ops tf, BiFunction<Ops, Operand<T>, ? extends Operand<?>> f, Operand<T> x, Operand<T> v) {
        return vectorJacobianProduct(tf, (ops, at) -> gradient(ops, f, at), x, v);
    }

    /**
     * The product of a vector with the derivatives of a function, by one pass back.
     *
     * @param tf makes ops
     * @param f gives y, of any shape
     * @param x where, of any shape and a floating point type
     * @param v of y's shape and type
     * @param <T> the type of x
     * @return Σᵢ vᵢ ∂yᵢ/∂xⱼ, of x's shape and type
     * @throws IllegalArgumentException if v is not like y, or x is not of a floating point type
     */
    public static <T extends TType> Operand<T> vectorJacobianProduct(
            Ops tf, BiFunction<Ops, Operand<T>, ? extends Operand<?>> f, Operand<T> x, Operand<?> v) {
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<?> y = f.apply(tf, x);
            requireLike("v", v, y);
            return typed(
                    tape.gradients(List.of(y), List.of(v), List.of(x)).get(0).orElseGet(() -> tf.zerosLike(x)));
        }
    }

    private static Operand<?> scalar(Operand<?> y) {
        if (Tensors.rank(y) > 0) {
            throw new IllegalArgumentException("Expected a function that gives a scalar, got " + Tensors.describe(y)
                    + ": reduce it with tf.sum, or use jacobian");
        }
        return y;
    }

    private static void requireLike(String name, Operand<?> given, Operand<?> like) {
        if (given.asOutput().dataType() != like.asOutput().dataType()
                || !Tensors.shape(given).isCompatibleWith(Tensors.shape(like))) {
            throw new IllegalArgumentException("Expected " + name + " of the shape and type of what it multiplies, "
                    + Tensors.describe(like) + ", got " + Tensors.describe(given));
        }
    }

    private static <T extends TType> Operand<T> zeros(Ops tf, Operand<?> y, Operand<T> x) {
        return tf.zeros(Shapes.join(tf, Shapes.of(tf, y), Shapes.of(tf, x)), x.type());
    }

    @SuppressWarnings("unchecked") // A gradient has its source's type.
    private static <T extends TType> Operand<T> typed(Operand<?> gradient) {
        return (Operand<T>) gradient;
    }
}
