package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.DtypePolicy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The inputs of a model as they were before a mixed precision rounded them, for the first layers, which may want all digits.
 * What only moves numbers (a reshape, a border) is done to both, so that its output is known as it was, too.
 */
final class ExactInputs {

    private final Ops tf;
    private final DtypePolicy precision;
    /** By what was made of them; empty in full precision. */
    private final Map<Output<?>, Operand<TFloat32>> exact = new HashMap<>();

    ExactInputs(Ops tf, DtypePolicy precision) {
        this.tf = tf;
        this.precision = precision;
    }

    /** An operand as it was, if it is an input of the model; else itself. */
    Operand<TFloat32> of(Operand<TFloat32> x) {
        return exact.isEmpty() ? x : exact.getOrDefault(x.asOutput(), x);
    }

    /** An operand in the type to compute in, which is remembered as it is. */
    Operand<TFloat32> rounded(Operand<?> x) {
        Operand<TFloat32> computed = precision.compute(tf, x);
        if (computed != x) {
            remember(computed, ForwardPass.input(x));
        }
        return computed;
    }

    void remember(Operand<TFloat32> rounded, Operand<TFloat32> asItWas) {
        exact.put(rounded.asOutput(), asItWas);
    }

    /** What a layer makes that only moves numbers. */
    Operand<TFloat32> moved(Operand<TFloat32> x, UnaryOperator<Operand<TFloat32>> move) {
        Operand<TFloat32> before = of(x);
        return before == x ? move.apply(x) : rounded(move.apply(before));
    }

    /** The same of several inputs. */
    Operand<TFloat32> moved(List<Operand<TFloat32>> inputs, Function<List<Operand<TFloat32>>, Operand<TFloat32>> move) {
        List<Operand<TFloat32>> before = inputs.stream().map(this::of).toList();
        return before.equals(inputs) || before.stream().anyMatch(x -> DtypePolicy.isHalf(x.type()))
                ? move.apply(inputs)
                : rounded(move.apply(before));
    }
}
