package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * A layer that makes one output of several inputs. As in Keras, the output has a mask if all inputs have one: a step is
 * data where it is in any of them.
 *
 * <pre>{@code
 * final class Residual extends Layer {
 *     private final Dense dense = layer(new Dense(64, RELU));
 *     private final Add add = layer(new Add());
 *     @Override public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
 *         return add.call(pass, x, dense.call(pass, x));
 *     }
 * }
 * }</pre>
 */
public abstract class Merge extends Layer {

    /** Creates a layer. */
    protected Merge() {}

    /**
     * Merges.
     *
     * @param tf makes ops
     * @param inputs at least one, all of the same rank and type
     * @return the output
     */
    protected abstract Operand<TFloat32> merge(Ops tf, List<Operand<TFloat32>> inputs);

    @Override
    protected InputType inputType() {
        return InputType.NUMBERS;
    }

    /** How many inputs there must be, or 0 for any number. */
    int arity() {
        return 0;
    }

    /**
     * Merges inputs.
     *
     * @param pass makes ops
     * @param inputs float32 [batch, …], at least one, of the same rank
     * @return the output
     * @throws IllegalArgumentException if there are too few inputs, or their ranks or types differ
     */
    @Override
    public final Operand<TFloat32> call(ForwardPass pass, List<? extends Operand<TFloat32>> inputs) {
        if (inputs.isEmpty() || (arity() > 0 && inputs.size() != arity())) {
            throw new IllegalArgumentException(described() + " expects "
                    + (arity() > 0 ? arity() + " inputs" : "at least one input") + ", got " + inputs.size());
        }
        Operand<TFloat32> first = inputs.get(0);
        boolean masked = false;
        for (Operand<TFloat32> input : inputs) {
            requireTaken(input);
            if (Tensors.rank(input) != Tensors.rank(first) || input.type() != first.type()) {
                throw new IllegalArgumentException(described() + " expects inputs of one type and number of dimensions,"
                        + " got " + inputs.stream().map(Tensors::describe).toList()
                        + ": cast or reshape them before");
            }
            masked |= pass.mask(input).isPresent();
        }
        Ops tf = pass.tf(this);
        if (!masked) {
            return moved(pass, tf, List.copyOf(inputs));
        }
        MergedMasks masks = MergedMasks.of(pass, tf, List.copyOf(inputs));
        Operand<TBool> mask = mask(masks);
        Operand<TFloat32> y = moves() ? moved(pass, tf, masks.inputs()) : mergeMasked(masks, mask);
        if (mask != null) {
            pass.setMask(y, mask);
        }
        return y;
    }

    /** Whether numbers come out as they went in. */
    boolean moves() {
        return false;
    }

    private Operand<TFloat32> moved(ForwardPass pass, Ops tf, List<Operand<TFloat32>> inputs) {
        return moves() ? pass.moved(inputs, moved -> merge(tf, moved)) : merge(tf, inputs);
    }

    /** The mask of the output of inputs of which some have one, or null. */
    Operand<TBool> mask(MergedMasks masks) {
        return masks.any();
    }

    /**
     * Merges inputs of which some have a mask.
     *
     * @param mask that of the output, or null
     */
    Operand<TFloat32> mergeMasked(MergedMasks masks, Operand<TBool> mask) {
        return merge(masks.tf(), masks.inputs());
    }

    /** Merges with a number in place of what is masked, which leaves it to the others; zeros where all are masked. */
    final Operand<TFloat32> mergeFilled(MergedMasks masks, Operand<TBool> mask, double neutral) {
        return Masks.zeroed(masks.tf(), merge(masks.tf(), masks.filled(neutral)), mask);
    }

    /**
     * Merges inputs.
     *
     * @param pass makes ops
     * @param first float32 [batch, …]
     * @param second float32 of the same rank
     * @param more others
     * @return the output
     * @throws IllegalArgumentException if there are too many inputs, or their ranks or types differ
     */
    @SafeVarargs
    @SuppressWarnings("varargs") // The array is only read.
    public final Operand<TFloat32> call(
            ForwardPass pass, Operand<TFloat32> first, Operand<TFloat32> second, Operand<TFloat32>... more) {
        List<Operand<TFloat32>> inputs = new ArrayList<>(List.of(first, second));
        inputs.addAll(List.of(more));
        return call(pass, inputs);
    }

    /**
     * Merges one input.
     *
     * @param pass makes ops
     * @param x float32 [batch, …]
     * @return the output
     * @throws IllegalArgumentException if the layer needs two inputs
     */
    @Override
    public final Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return call(pass, List.of(x));
    }

    final String described() {
        return "Layer '" + path() + "' (" + getClass().getSimpleName() + ")";
    }
}
