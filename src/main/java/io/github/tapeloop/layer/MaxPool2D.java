package io.github.tapeloop.layer;

import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The largest value under a window that moves over an image. As in Keras, it moves by its own size and the padding is
 * {@link Padding#VALID} unless set.
 */
public final class MaxPool2D extends Layer {

    private final int poolSize;
    private int strides;
    private Padding padding = Padding.VALID;

    /**
     * Creates a layer.
     *
     * @param poolSize height and width of the window, at least 1
     */
    public MaxPool2D(int poolSize) {
        this.poolSize = Windows.requirePositive("MaxPool2D", "poolSize", poolSize);
        this.strides = poolSize;
    }

    /**
     * How far the window moves; its own size unless set.
     *
     * @param step at least 1
     * @return this
     */
    public MaxPool2D strides(int step) {
        this.strides = Windows.requirePositive("MaxPool2D", "strides", step);
        return this;
    }

    /**
     * What the window does at the edges.
     *
     * @param kind valid or same
     * @return this
     */
    public MaxPool2D padding(Padding kind) {
        this.padding = Objects.requireNonNull(kind, "kind");
        return this;
    }

    /**
     * Pools.
     *
     * @param pass makes ops
     * @param x float32 [batch, height, width, channels]
     * @return float32 [batch, height, width, channels], height and width by strides and padding
     * @throws IllegalArgumentException if x has other than 4 dimensions
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this);
        Windows.requireImage(this, x);
        return tf.scope()
                .opBuilder("MaxPool", "MaxPool")
                .addInput(x.asOutput())
                .setAttr("ksize", Windows.overImage(poolSize))
                .setAttr("strides", Windows.overImage(strides))
                .setAttr("padding", padding.name())
                .build()
                .output(0);
    }
}
