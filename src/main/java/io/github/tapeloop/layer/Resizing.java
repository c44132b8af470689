package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Gives images another height and width, without regard to their proportions; {@link Interpolation#BILINEAR} unless set.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 of the same rank and channels.
 */
public final class Resizing extends Layer {

    private final Extent size;
    private Interpolation interpolation = Interpolation.BILINEAR;

    /**
     * Creates a layer.
     *
     * @param height of the output, at least 1
     * @param width of the output, at least 1
     */
    public Resizing(int height, int width) {
        Images.requirePositive(this, "height", height);
        Images.requirePositive(this, "width", width);
        this.size = new Extent(height, width);
    }

    /**
     * How to find the new pixels.
     *
     * @param kind nearest or bilinear
     * @return this
     */
    public Resizing interpolation(Interpolation kind) {
        requireUnused("interpolation");
        this.interpolation = Objects.requireNonNull(kind, "kind");
        return this;
    }

    @Override
    protected InputType inputType() {
        return InputType.NUMBERS;
    }

    /**
     * Resizes.
     *
     * @param pass makes ops
     * @param x float32 [batch, height, width, channels]
     * @return float32 [batch, new height, new width, channels]
     * @throws IllegalArgumentException if x has other than 4 dimensions
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Images.require(this, x, false);
        return interpolation.resize(pass.tf(this, x), x, size);
    }

    /** How images get another size. Pixels are squares, and what counts are their centers, as in Keras. */
    public enum Interpolation {
        /** The nearest pixel. */
        NEAREST("ResizeNearestNeighbor"),
        /** A mean of the four pixels around, by distance. TensorFlow computes it in float32, whatever the type of the image. */
        BILINEAR("ResizeBilinear");

        private final String opType;

        Interpolation(String opType) {
            this.opType = opType;
        }

        /** Images [batch, height, width, channels] in another height and width, in the type they have. */
        Operand<TFloat32> resize(Ops tf, Operand<TFloat32> images, Extent size) {
            Operand<?> sizes = tf.constant(new int[] {size.height(), size.width()});
            Operand<?> resized = tf.scope()
                    .opBuilder(opType, opType)
                    .addInput(images.asOutput())
                    .addInput(sizes.asOutput())
                    .setAttr("half_pixel_centers", true)
                    .build()
                    .output(0);
            return Tensors.cast(tf, resized, images.type());
        }
    }
}
