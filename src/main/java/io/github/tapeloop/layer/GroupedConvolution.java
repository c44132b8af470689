package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.index.Index;
import org.tensorflow.ndarray.index.Indices;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A convolution each of whose filters sees all channels, or those of its group. */
abstract class GroupedConvolution<L extends GroupedConvolution<L>> extends FilterConvolution<L> {

    private int groups = 1;

    GroupedConvolution(boolean series, int filters, Extent kernelSize, ActivationFunction activation) {
        super(series, filters, kernelSize, activation);
    }

    /**
     * Splits the channels into groups of the same size, each with its own part of the filters; 1 unless set.
     *
     * @param count at least 1, a divisor of the filters and of the channels of the input
     * @return this
     */
    public L groups(int count) {
        requireUnused("groups");
        if (filters() % Images.requirePositive(this, "groups", count) != 0) {
            throw new IllegalArgumentException(getClass().getSimpleName()
                    + " needs groups that divide its filters, got " + count + " groups and " + filters() + " filters");
        }
        this.groups = count;
        return self();
    }

    @Override
    final int groups() {
        return groups;
    }

    @Override
    final void check(Operand<?> x) {
        super.check(x);
        if (Tensors.shape(x).get(-1) % groups != 0) {
            throw Images.refusal(this, x, "channels that its " + groups + " groups divide", "");
        }
    }

    @Override
    final Operand<TFloat32> convolve(ForwardPass pass, Ops tf, Operand<TFloat32> image) {
        long in = Tensors.shape(image).get(-1);
        Operand<TFloat32> kernel =
                kernel(pass, tf, "kernel", size().kernel(in / groups, filters()), image.type(), kernel());
        return dilated(
                tf, image, (x, edges) -> groups == 1 ? window(tf, x, kernel, edges) : grouped(tf, x, kernel, edges));
    }

    /**
     * A window of one element takes its steps in a slice: the backward kernel of TensorFlow's op writes past its memory where
     * such a window leaves out the end of the image (TensorFlow Java 1.1.0, oneDNN).
     */
    private Operand<TFloat32> window(Ops tf, Operand<TFloat32> image, Operand<TFloat32> kernel, Padding edges) {
        if (size().larger() > 1 || strides().larger() == 1) {
            return moving(tf, "Conv2D", edges, image, kernel).build().output(0);
        }
        Operand<TFloat32> stepped = tf.stridedSlice(
                image, Indices.all(), every(strides().height()), every(strides().width()), Indices.all());
        return moving(tf, "Conv2D", edges, Extent.ONE, stepped, kernel).build().output(0);
    }

    private static Index every(int step) {
        return Indices.slice(null, null, step);
    }

    /** TensorFlow's op takes groups itself, but on a CPU its backward kernels do not. */
    private Operand<TFloat32> grouped(Ops tf, Operand<TFloat32> image, Operand<TFloat32> kernel, Padding edges) {
        List<Output<TFloat32>> images =
                tf.split(tf.constant(3), image, (long) groups).output();
        List<Output<TFloat32>> kernels =
                tf.split(tf.constant(3), kernel, (long) groups).output();
        List<Operand<TFloat32>> outputs = new ArrayList<>(groups);
        for (int group = 0; group < groups; group++) {
            outputs.add(window(tf, images.get(group), kernels.get(group), edges));
        }
        return tf.concat(outputs, tf.constant(3));
    }
}
