package io.github.tapeloop.layer;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * Puts its inputs one after the other along an axis; along the others their sizes are the same. Along an axis of their
 * masks, these are put one after the other, too.
 */
public final class Concatenate extends Merge {

    private final int axis;

    /** Concatenates along the last axis. */
    public Concatenate() {
        this(-1);
    }

    /**
     * Concatenates along an axis.
     *
     * @param axis counted from the back if negative
     */
    public Concatenate(int axis) {
        this.axis = axis;
    }

    @Override
    protected InputType inputType() {
        return InputType.ANY;
    }

    @Override
    protected Operand<TFloat32> merge(Ops tf, List<Operand<TFloat32>> inputs) {
        int along = Dimensions.axes(this, inputs.get(0), axis)[0];
        return inputs.size() == 1 ? inputs.get(0) : tf.concat(inputs, tf.constant(along));
    }

    @Override
    boolean moves() {
        return true;
    }

    @Override
    Operand<TBool> mask(MergedMasks masks) {
        return masks.concatenated(Dimensions.axes(this, masks.inputs().get(0), axis)[0]);
    }
}
