package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

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
