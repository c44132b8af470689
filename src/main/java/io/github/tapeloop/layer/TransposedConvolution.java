package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The way back of a convolution: what its gradient does to an image. */
abstract class TransposedConvolution<L extends TransposedConvolution<L>> extends FilterConvolution<L> {

    TransposedConvolution(boolean series, int filters, Extent kernelSize, ActivationFunction activation) {
        super(series, filters, kernelSize, activation);
    }

    @Override
    final void check(Operand<?> x) {
        requireChannels(x);
        if (Images.requireKnownSizes(this, x).smaller() < 1) {
            throw Images.refusal(this, x, "at least one place for its window", "");
        }
    }

    @Override
    final Operand<TFloat32> convolve(ForwardPass pass, Ops tf, Operand<TFloat32> image) {
        Extent in = Images.sizes(image);
        Extent window = reach();
        Extent out = new Extent(
                Images.size(
                        this,
                        image,
                        outputSize(in.height(), window.height(), strides().height())),
                Images.size(
                        this,
                        image,
                        outputSize(in.width(), window.width(), strides().width())));
        Operand<TFloat32> kernel = kernel(
                pass,
                tf,
                "kernel",
                size().kernel(filters(), Tensors.shape(image).get(-1)),
                image.type(),
                kernel());
        if (!isDilated()) {
            return transpose(tf, image, filled(tf, kernel), out, padding());
        }
        Dilation dilation = dilation(image, out);
        return dilation.transpose(tf, image, part -> transpose(tf, part, kernel, dilation.part(), Padding.VALID));
    }

    /**
     * A kernel of one element with zeros up to the strides, so that it reaches all of the output: where it leaves out the end,
     * the backward kernel of TensorFlow's op writes past its memory (TensorFlow Java 1.1.0, oneDNN).
     */
    private Operand<TFloat32> filled(Ops tf, Operand<TFloat32> kernel) {
        if (size().larger() > 1 || strides().larger() == 1) {
            return kernel;
        }
        int[][] zeros = {{0, strides().height() - 1}, {0, strides().width() - 1}, {0, 0}, {0, 0}};
        return tf.pad(kernel, tf.constant(zeros), Tensors.constant(tf, 0, kernel.type()));
    }

    private long outputSize(long in, long window, long step) {
        return padding() == Padding.SAME ? in * step : (in - 1) * step + Math.max(window, step);
    }

    private Operand<TFloat32> transpose(
            Ops tf, Operand<TFloat32> y, Operand<TFloat32> kernel, Extent out, Padding edges) {
        Operand<?> sizes = Images.withBatchOf(tf, y, out.height(), out.width(), filters());
        return moving(tf, "Conv2DBackpropInput", edges, sizes, kernel, y)
                .build()
                .output(0);
    }
}
