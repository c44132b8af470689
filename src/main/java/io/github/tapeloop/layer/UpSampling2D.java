package io.github.tapeloop.layer;

import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Makes images larger by whole factors; {@link Resizing.Interpolation#NEAREST} unless set, which repeats rows and columns.
 *
 * <p>Input float32 [batch, height, width, channels] of known height and width, output float32 of the same rank and
 * channels.
 */
public final class UpSampling2D extends Layer {

    private final Extent size;
    private Resizing.Interpolation interpolation = Resizing.Interpolation.NEAREST;

    /** Creates a layer that doubles height and width. */
    public UpSampling2D() {
        this(2);
    }

    /**
     * Creates a layer.
     *
     * @param size factor of height and width, at least 1
     */
    public UpSampling2D(int size) {
        this(size, size);
    }

    /**
     * Creates a layer.
     *
     * @param down factor of the height, at least 1
     * @param right factor of the width, at least 1
     */
    public UpSampling2D(int down, int right) {
        this.size = Images.requirePositive(this, "size", new Extent(down, right));
    }

    /**
     * How to find the new pixels.
     *
     * @param kind nearest or bilinear
     * @return this
     */
    public UpSampling2D interpolation(Resizing.Interpolation kind) {
        requireUnused("interpolation");
        this.interpolation = Objects.requireNonNull(kind, "kind");
        return this;
    }

    @Override
    protected InputType inputType() {
        return InputType.NUMBERS;
    }

    /**
     * Enlarges.
     *
     * @param pass makes ops
     * @param x float32 [batch, height, width, channels] of known height and width
     * @return float32 [batch, height · factor, width · factor, channels]
     * @throws IllegalArgumentException if x has other than 4 dimensions, or height or width are not known
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        long channels = Images.require(this, x, false).get(3);
        Extent from = Images.requireKnownSizes(this, x);
        Extent to = new Extent(
                Images.size(this, x, (long) from.height() * size.height()),
                Images.size(this, x, (long) from.width() * size.width()));
        Ops tf = pass.tf(this, x);
        if (interpolation != Resizing.Interpolation.NEAREST) {
            return interpolation.resize(tf, x, to);
        }
        // Unlike resizing to the nearest pixel, repeating has a gradient that XLA compiles.
        Operand<TFloat32> wide = Images.repeat(tf, x, channels, size.width());
        Operand<TFloat32> large = Images.repeat(tf, wide, to.width() * channels, size.height());
        return tf.reshape(large, tf.constant(new long[] {-1, to.height(), to.width(), channels}));
    }
}
