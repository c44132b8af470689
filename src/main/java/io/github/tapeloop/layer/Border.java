package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.index.Index;
import org.tensorflow.ndarray.index.Indices;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A layer that adds or removes edges. */
abstract class Border extends Layer {

    private final String option;
    /** Before and after each axis, batch and channels included. */
    private final int[][] widths;

    /**
     * Creates a layer.
     *
     * @param widths before and after each axis between batch and channels
     */
    Border(String option, int... widths) {
        if (Arrays.stream(widths).anyMatch(width -> width < 0)) {
            throw new IllegalArgumentException(getClass().getSimpleName() + " needs " + option
                    + " of at least 0 at each side, got " + Arrays.toString(widths));
        }
        this.option = option;
        this.widths = new int[widths.length / 2 + 2][2];
        for (int i = 0; i < widths.length; i++) {
            this.widths[1 + i / 2][i % 2] = widths[i];
        }
    }

    @Override
    protected InputType inputType() {
        return InputType.ANY;
    }

    /**
     * Adds or removes the edges.
     *
     * @param pass makes ops
     * @param x float32 [batch, height, width, channels] for a layer over images, [batch, steps, channels] for one over series
     * @return float32 of the same rank
     * @throws IllegalArgumentException if x has another rank, or is too small to be cropped
     */
    @Override
    public final Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Images.require(this, x, widths.length == 3);
        Ops tf = pass.tf(this, x);
        return pass.moved(x, moved -> apply(tf, moved));
    }

    abstract Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x);

    final Operand<TFloat32> pad(Ops tf, Operand<TFloat32> x) {
        return tf.scope()
                .opBuilder("Pad", "Pad")
                .addInput(x.asOutput())
                .addInput(tf.constant(widths).asOutput())
                .build()
                .output(0);
    }

    final Operand<TFloat32> crop(Ops tf, Operand<TFloat32> x) {
        Shape shape = Tensors.shape(x);
        Index[] kept = new Index[widths.length];
        for (int axis = 0; axis < kept.length; axis++) {
            int before = widths[axis][0];
            int after = widths[axis][1];
            long both = (long) before + after;
            if (shape.get(axis) != Shape.UNKNOWN_SIZE && shape.get(axis) <= both && both > 0) {
                throw Images.refusal(this, x, "more than " + both + " along axis " + axis + " for its " + option, "");
            }
            kept[axis] = after == 0 ? Indices.sliceFrom(before) : Indices.slice(before, -after);
        }
        return tf.stridedSlice(x, kept);
    }
}
