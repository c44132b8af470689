package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TFloat32;

/** What layers over images, [batch, height, width, channels], and series, [batch, steps, channels], have in common. */
final class Images {

    private static final Squeeze.Options HEIGHT = Squeeze.axis(List.of(1L));

    private Images() {}

    static int requirePositive(Layer layer, String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(
                    layer.getClass().getSimpleName() + " needs " + option + " of at least 1, got " + value);
        }
        return value;
    }

    static Extent requirePositive(Layer layer, String option, Extent sizes) {
        requirePositive(layer, option, sizes.smaller());
        return sizes;
    }

    /** The shape of a batch of images or series with known channels. */
    static Shape require(Layer layer, Operand<?> x, boolean series) {
        Shape shape = Tensors.shape(x);
        int rank = series ? 3 : 4;
        if (shape.numDimensions() != rank || shape.get(-1) == Shape.UNKNOWN_SIZE) {
            String sizes = series ? "steps" : "height, width";
            boolean oneLess = shape.numDimensions() == rank - 1;
            throw refusal(
                    layer,
                    x,
                    "[batch, " + sizes + ", channels]",
                    oneLess ? ": add the channels with a Reshape(" + sizes + ", 1)" : "");
        }
        return shape;
    }

    /** The height and width of a batch of images, which must be known. */
    static Extent requireKnownSize(Layer layer, Operand<?> image) {
        Shape shape = Tensors.shape(image);
        if (shape.get(1) == Shape.UNKNOWN_SIZE || shape.get(2) == Shape.UNKNOWN_SIZE) {
            throw refusal(layer, image, "known sizes between batch and channels", "");
        }
        return new Extent((int) shape.get(1), (int) shape.get(2));
    }

    static IllegalArgumentException refusal(Layer layer, Operand<?> x, String expected, String advice) {
        return new IllegalArgumentException("Layer '" + layer.path() + "' ("
                + layer.getClass().getSimpleName() + ") expects " + expected + ", got " + Tensors.describe(x) + advice);
    }

    /** Series as images of height 1. */
    static Operand<TFloat32> ofSeries(Ops tf, Operand<TFloat32> series) {
        return tf.expandDims(series, tf.constant(1));
    }

    /** Images of height 1 as series. */
    static Operand<TFloat32> toSeries(Ops tf, Operand<TFloat32> images) {
        return tf.squeeze(images, HEIGHT);
    }
}
