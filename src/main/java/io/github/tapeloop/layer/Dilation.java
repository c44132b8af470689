package io.github.tapeloop.layer;

import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A convolution with gaps in its window, as one without gaps over the interleaved parts of the image (every second row and
 * column for a rate of 2). TensorFlow's ops take gaps themselves, but on a CPU their backward kernels do not.
 */
final class Dilation {

    private final int[] rates;
    /** Zeros around the image: its padding, and what makes it a multiple of the rate. */
    private final int[][] margins;
    /** What of the output comes from making it a multiple. */
    private final int[][] rest;

    private final Extent part;

    private Dilation(int[] rates, int[][] margins, int[][] rest, Extent part) {
        this.rates = rates;
        this.margins = margins;
        this.rest = rest;
        this.part = part;
    }

    /**
     * Plans a convolution with strides of 1.
     *
     * @param image the size of the image
     */
    static Dilation of(Extent rate, Extent window, Padding padding, Extent image) {
        int[] rates = {rate.height(), rate.width()};
        int[] windows = {window.height(), window.width()};
        int[] sizes = {image.height(), image.width()};
        int[][] margins = new int[2][];
        int[][] rest = new int[2][];
        int[] parts = new int[2];
        for (int axis = 0; axis < 2; axis++) {
            int reach = padding == Padding.VALID ? 0 : (windows[axis] - 1) * rates[axis];
            int before = padding == Padding.SAME ? reach / 2 : reach;
            int added = Math.floorMod(-(sizes[axis] + reach), rates[axis]);
            margins[axis] = new int[] {before, reach - before + added};
            rest[axis] = new int[] {0, added};
            parts[axis] = (sizes[axis] + reach + added) / rates[axis];
        }
        return new Dilation(rates, margins, rest, new Extent(parts[0], parts[1]));
    }

    /** The size of each part of the image. */
    Extent part() {
        return part;
    }

    /** Applies a convolution without padding to the parts of an image. */
    Operand<TFloat32> convolve(Ops tf, Operand<TFloat32> image, UnaryOperator<Operand<TFloat32>> convolution) {
        return join(tf, convolution.apply(split(tf, image, margins)), rest);
    }

    /** Applies a transposed convolution without padding to the parts of what a convolution gave: the way back. */
    Operand<TFloat32> transpose(Ops tf, Operand<TFloat32> y, UnaryOperator<Operand<TFloat32>> transposed) {
        return join(tf, transposed.apply(split(tf, y, rest)), margins);
    }

    private Operand<TFloat32> split(Ops tf, Operand<TFloat32> whole, int[][] paddings) {
        return tf.spaceToBatchNd(whole, tf.constant(rates), tf.constant(paddings));
    }

    private Operand<TFloat32> join(Ops tf, Operand<TFloat32> parts, int[][] crops) {
        return tf.batchToSpaceNd(parts, tf.constant(rates), tf.constant(crops));
    }
}
