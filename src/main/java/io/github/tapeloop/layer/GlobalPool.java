package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** A layer that makes one number of each channel. */
abstract class GlobalPool<L extends GlobalPool<L>> extends Layer {

    private final String opType;
    private final boolean series;
    private boolean keepDims;

    GlobalPool(String opType, boolean series) {
        this.opType = opType;
        this.series = series;
    }

    /**
     * Whether the output keeps the axes that were pooled, with size 1; false unless set.
     *
     * @param keep true for [batch, 1, 1, channels], or [batch, 1, channels] of series
     * @return this
     */
    @SuppressWarnings("unchecked") // L is the layer's own type.
    public L keepDims(boolean keep) {
        requireUnused("keepDims");
        this.keepDims = keep;
        return (L) this;
    }

    /**
     * Pools. The output has no mask.
     *
     * @param pass makes ops
     * @param x float32 [batch, height, width, channels] for a layer over images, [batch, steps, channels] for one over series
     * @return float32 [batch, channels]
     * @throws IllegalArgumentException if x has another rank
     */
    @Override
    public final Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        Images.require(this, x, series);
        return pool(pass, tf, x, Tensors.constant(tf, series ? new int[] {1} : new int[] {1, 2}));
    }

    /** Pools along some axes. */
    Operand<TFloat32> pool(ForwardPass pass, Ops tf, Operand<TFloat32> x, Operand<TInt32> axes) {
        return tf.scope()
                .opBuilder(opType, opType)
                .addInput(x.asOutput())
                .addInput(axes.asOutput())
                .setAttr("keep_dims", keepDims)
                .build()
                .output(0);
    }

    final boolean keepsDims() {
        return keepDims;
    }
}
