package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.index.Indices;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** What layers over images, [batch, height, width, channels], and series, [batch, steps, channels], have in common. */
final class Images {

    private static final Squeeze.Options HEIGHT = Squeeze.axis(List.of(1L));

    private Images() {}

    static int requirePositive(Layer layer, String option, int value) {
        return Require.atLeast(1, layer.getClass().getSimpleName() + " " + option, value);
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
                    oneLess || shape.numDimensions() == 2
                            ? ": " + (oneLess ? "add the channels" : "give the features a shape") + " with a Reshape("
                                    + sizes + (oneLess ? ", 1)" : ", channels)")
                            : "");
        }
        return shape;
    }

    /** The sizes between batch and channels, -1 where unknown. */
    static Extent sizes(Operand<?> x) {
        Shape shape = Tensors.shape(x);
        int width = (int) shape.get(-2);
        return shape.numDimensions() == 3 ? Extent.along(width) : new Extent((int) shape.get(1), width);
    }

    /** The sizes between batch and channels, which must be known. */
    static Extent requireKnownSizes(Layer layer, Operand<?> x) {
        Extent sizes = sizes(x);
        if (sizes.smaller() == Shape.UNKNOWN_SIZE) {
            throw refusal(layer, x, "known sizes between batch and channels", "");
        }
        return sizes;
    }

    static IllegalArgumentException refusal(Layer layer, Operand<?> x, String expected, String advice) {
        return new IllegalArgumentException("Layer '" + layer.path() + "' ("
                + layer.getClass().getSimpleName() + ") expects " + expected + ", got " + Tensors.describe(x) + advice);
    }

    /** A size that follows from the size of an input and from settings: no more than a dimension can have. */
    static int size(Layer layer, Operand<?> x, long size) {
        if (size > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("Layer '" + layer.path() + "' ("
                    + layer.getClass().getSimpleName() + ") would make a dimension of " + size + " out of "
                    + Tensors.describe(x) + ", and one has at most " + Integer.MAX_VALUE);
        }
        return (int) size;
    }

    /** Series as images of height 1. */
    static Operand<TFloat32> ofSeries(Ops tf, Operand<TFloat32> series) {
        return tf.expandDims(series, tf.constant(1));
    }

    /** Images of height 1 as series. */
    static Operand<TFloat32> toSeries(Ops tf, Operand<TFloat32> images) {
        return tf.squeeze(images, HEIGHT);
    }

    /**
     * The batch size of x followed by other sizes: a constant where the batch size is known. Elsewhere a stack, out of which
     * TensorFlow still reads the other sizes when it infers the shape of an op that is given them.
     */
    static Operand<TInt32> withBatchOf(Ops tf, Operand<?> x, int... sizes) {
        int[] all = new int[sizes.length + 1];
        System.arraycopy(sizes, 0, all, 1, sizes.length);
        long batch = Tensors.shape(x).get(0);
        if (batch != Shape.UNKNOWN_SIZE) {
            all[0] = (int) batch;
            return tf.constant(all);
        }
        List<Operand<TInt32>> parts = new ArrayList<>(all.length);
        parts.add(tf.stridedSlice(tf.shape(x), Indices.at(0)));
        for (int size : sizes) {
            parts.add(tf.constant(size));
        }
        return tf.stack(parts);
    }

    /** Repeats each stretch of some elements: [stretches, times, elements]. */
    static Operand<TFloat32> repeat(Ops tf, Operand<TFloat32> x, long elements, int times) {
        Operand<TFloat32> stretches = tf.reshape(x, tf.constant(new long[] {-1, 1, elements}));
        return tf.tile(stretches, tf.constant(new int[] {1, times, 1}));
    }
}
