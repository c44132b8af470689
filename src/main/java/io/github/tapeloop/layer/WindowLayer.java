package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.index.Indices;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A layer that moves a window over images, or over series, which are images of height 1.
 *
 * @param <L> the layer's own type, which the setters return
 */
abstract class WindowLayer<L extends WindowLayer<L>> extends Layer {

    private final boolean series;
    private final Extent size;
    private Extent strides;
    private Padding padding = Padding.VALID;

    /**
     * Creates a layer.
     *
     * @param sizeName what the layer calls the size of its window
     * @param strides how far the window moves unless set
     */
    WindowLayer(boolean series, String sizeName, Extent size, Extent strides) {
        this.series = series;
        this.size = Images.requirePositive(this, sizeName, size);
        this.strides = strides;
    }

    /**
     * How far the window moves, in each direction.
     *
     * @param step at least 1
     * @return this
     */
    public L strides(int step) {
        return strides(extent(step));
    }

    /**
     * What the window does at the edges; {@link Padding#VALID} unless set.
     *
     * @param kind valid or same; a {@link Conv1D} takes causal, too
     * @return this
     */
    public L padding(Padding kind) {
        requireUnused("padding");
        Objects.requireNonNull(kind, "kind");
        if (kind == Padding.CAUSAL && !takesCausal()) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName() + " takes padding VALID or SAME, got CAUSAL, which is for Conv1D");
        }
        this.padding = kind;
        return self();
    }

    /**
     * Moves the window over the input. The type of the layer says what it computes.
     *
     * @param pass makes ops
     * @param x float32 [batch, height, width, channels] for a layer over images, [batch, steps, channels] for one over series
     * @return float32 of the same rank, its sizes by strides and padding
     * @throws IllegalArgumentException if x has another rank, or other channels than before
     */
    @Override
    public final Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        Images.require(this, x, series);
        check(x);
        Operand<TFloat32> images = series ? pass.moved(x, moved -> Images.ofSeries(tf, moved)) : x;
        Operand<TFloat32> windows = over(pass, tf, images);
        Operand<TFloat32> y = series ? Images.toSeries(tf, windows) : windows;
        return finish(pass, tf, x, y);
    }

    /**
     * Over a batch of no image one of zeros stands in, and what comes of it is cut off: of no image TensorFlow's kernels give
     * memory that nobody wrote as the gradient of a window, and oneDNN's the image as the output (TensorFlow Java 1.1.0).
     */
    private Operand<TFloat32> over(ForwardPass pass, Ops tf, Operand<TFloat32> images) {
        if (Tensors.shape(images).get(0) != 0) {
            return slide(pass, tf, images);
        }
        Operand<TFloat32> one = tf.pad(
                images,
                tf.constant(new int[][] {{0, 1}, {0, 0}, {0, 0}, {0, 0}}),
                Tensors.constant(tf, 0, images.type()));
        return tf.stridedSlice(slide(pass, tf, one), Indices.sliceTo(0));
    }

    /** Fails if the layer's input does not fit. A window that stays inside needs room. */
    void check(Operand<?> x) {
        Extent sizes = Images.sizes(x);
        Extent window = reach();
        if (padding == Padding.VALID
                && (isShort(sizes.height(), window.height()) || isShort(sizes.width(), window.width()))) {
            String room =
                    series ? window.width() + " steps" : window.height() + " rows and " + window.width() + " columns";
            throw Images.refusal(this, x, "at least the " + room + " of its window", ": or pad it with SAME");
        }
    }

    /** What the window spans. */
    Extent reach() {
        return size;
    }

    /** What the window computes from images. */
    abstract Operand<TFloat32> slide(ForwardPass pass, Ops tf, Operand<TFloat32> image);

    /** What follows on it: y is the output of the window for the layer's input x. */
    Operand<TFloat32> finish(ForwardPass pass, Ops tf, Operand<TFloat32> x, Operand<TFloat32> y) {
        return y;
    }

    boolean takesCausal() {
        return false;
    }

    L strides(Extent steps) {
        requireUnused("strides");
        this.strides = Images.requirePositive(this, "strides", steps);
        return self();
    }

    @SuppressWarnings("unchecked") // L is the layer's own type.
    final L self() {
        return (L) this;
    }

    final boolean series() {
        return series;
    }

    final Extent size() {
        return size;
    }

    final Extent strides() {
        return strides;
    }

    final Padding padding() {
        return padding;
    }

    /** One number for each direction. */
    final Extent extent(int each) {
        return series ? Extent.along(each) : Extent.square(each);
    }

    private static boolean isShort(long size, int needed) {
        return size != Shape.UNKNOWN_SIZE && size < needed;
    }

    /** An op that moves the window. */
    final OperationBuilder moving(Ops tf, String type, Padding edges, Operand<?>... inputs) {
        return moving(tf, type, edges, strides, inputs);
    }

    final OperationBuilder moving(Ops tf, String type, Padding edges, Extent steps, Operand<?>... inputs) {
        OperationBuilder builder = tf.scope().opBuilder(type, type);
        for (Operand<?> input : inputs) {
            builder.addInput(input.asOutput());
        }
        builder.setAttr("strides", steps.overImage());
        if (edges == Padding.CAUSAL) {
            return builder.setAttr("padding", "EXPLICIT")
                    .setAttr("explicit_paddings", new long[] {0, 0, 0, 0, size.width() - 1, 0, 0, 0});
        }
        return builder.setAttr("padding", edges.name());
    }
}
