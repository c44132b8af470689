package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;

/**
 * Windows whose size turns out when a graph runs, and that take steps of several. Should it be one element, of which
 * {@link WindowCalls} tells what TensorFlow's kernels make, the window gets a second one, of zeros, and the image room for it.
 */
final class OpenWindows {

    private final Ops tf;
    private final WindowCalls.Geometry geometry;
    /** The dimensions of the kernel along which it is so. */
    private final boolean[] open;
    /** Those along which nothing helps: with SAME and a dilation, what is added would come before the image as well. */
    private final boolean[] spread;

    private OpenWindows(Ops tf, WindowCalls.Geometry geometry, boolean[] open, boolean[] spread) {
        this.tf = tf;
        this.geometry = geometry;
        this.open = open;
        this.spread = spread;
    }

    /**
     * What is to be done about a window.
     *
     * @param kernel the shape of its kernel, as far as it is known
     * @param slices whether steps matter by themselves, or only with a dilation
     * @return null if nothing is
     */
    static OpenWindows of(SessionEnvironment environment, WindowCalls.Geometry geometry, Shape kernel, boolean slices) {
        if (environment.isEager() || geometry == null || kernel.isUnknown() || !kernel.hasUnknownDimension()) {
            return null;
        }
        boolean[] open = new boolean[kernel.numDimensions()];
        boolean[] spread = new boolean[open.length];
        boolean any = false;
        for (int i = 0; i < geometry.axes().length; i++) {
            int axis = geometry.axes()[i];
            if (kernel.get(i) < 0 && geometry.strides()[axis] > 1 && geometry.matters(axis, slices)) {
                spread[i] = geometry.same() && geometry.dilations()[axis] > 1;
                open[i] = !spread[i];
                any = true;
            }
        }
        return any ? new OpenWindows(Ops.create(environment), geometry, open, spread) : null;
    }

    /** A convolution of an image. */
    OpCall ofImages(OpCall call) {
        Output<?> kernel = single(call.input(1));
        Operand<TInt32> growth = growth(tf.shape(kernel));
        return call.withInputs(new Output<?>[] {
            image(reached(call.input(0), growth), growth), padded(kernel, growth, Tensors.shape(kernel))
        });
    }

    /** The gradient with respect to the image, which is larger than asked for: see {@link #cut}. */
    OpCall toImage(OpCall call) {
        Output<?> kernel = single(call.input(1));
        Operand<TInt32> growth = growth(tf.shape(kernel));
        return call.withInputs(new Output<?>[] {
            larger(call, 0, ofImage(growth)), padded(kernel, growth, Tensors.shape(kernel)), call.input(2)
        });
    }

    /** The gradient with respect to the kernel, which is larger than asked for: see {@link #cut}. */
    OpCall toKernel(OpCall call) {
        Operand<TInt32> growth = growth(Tensors.cast(tf, FatalCalls.operand(call, 1), TInt32.class));
        return call.withInputs(new Output<?>[] {image(call.input(0), growth), larger(call, 1, growth), call.input(2)});
    }

    /** What was asked for of what a larger call gives. */
    Operation cut(OpCall asked, int sizes, Operation larger) {
        Operand<TInt32> zeros = tf.constant(new int[open.length]);
        Operand<TInt32> size = Tensors.cast(tf, FatalCalls.operand(asked, sizes), TInt32.class);
        Output<?> result = tf.slice(larger.output(0), zeros, size).asOutput();
        return sizes == 0 ? reached(result, growth(tf.shape(asked.input(1)))).op() : result.op();
    }

    /** The kernel, of which one element is refused where nothing helps; in float64, which oneDNN has not, nothing has to. */
    private Output<?> single(Output<?> kernel) {
        boolean isFine = kernel.dataType() == DataType.DT_DOUBLE
                || IntStream.range(0, spread.length).noneMatch(i -> spread[i]);
        if (isFine) {
            return kernel;
        }
        Operand<TBool> isOther = tf.math.notEqual(tf.shape(kernel), tf.constant(ones(spread)));
        return WindowSizes.provided(
                tf,
                kernel,
                isOther,
                "a window of one element that takes steps of several must be known to be one when the function is traced:"
                        + " give its kernel a shape by tf.ensureShape");
    }

    /** 1 for what is chosen, and -1, which no size is, for the rest. */
    private static int[] ones(boolean[] chosen) {
        return IntStream.range(0, chosen.length).map(i -> chosen[i] ? 1 : -1).toArray();
    }

    private Operand<TInt32> growth(Operand<TInt32> kernel) {
        return tf.dtypes.cast(tf.math.equal(kernel, tf.constant(ones(open))), TInt32.class);
    }

    /** The image, or its gradient, with zeros where the one element never stands: 0 times what is not finite is none. */
    private Output<?> reached(Output<?> x, Operand<TInt32> growth) {
        Operand<TInt32> sizes = tf.shape(x);
        Operand<TBool> all = tf.constant(true);
        for (int i = 0; i < geometry.axes().length; i++) {
            int axis = geometry.axes()[i];
            if (open[i]) {
                Operand<TInt32> at = tf.range(tf.constant(0), element(sizes, axis), tf.constant(1));
                Operand<TInt32> off = tf.math.floorMod(at, tf.constant(Math.toIntExact(geometry.strides()[axis])));
                Operand<TInt32> misses = tf.math.mul(off, element(growth, i));
                int[] along = new int[open.length];
                Arrays.fill(along, 1);
                along[axis] = -1;
                Operand<TBool> hits = tf.math.equal(misses, tf.constant(0));
                all = tf.math.logicalAnd(all, tf.reshape(hits, tf.constant(along)));
            }
        }
        return tf.select(all, FatalCalls.untyped(x), tf.zerosLike(FatalCalls.untyped(x)))
                .asOutput();
    }

    private Operand<TInt32> element(Operand<TInt32> numbers, int place) {
        return tf.gather(numbers, tf.constant(place), tf.constant(0));
    }

    /** With SAME the image has room, or gets it behind. */
    private Operand<TInt32> ofImage(Operand<TInt32> growth) {
        int[] from = new int[open.length];
        int[] reach = new int[open.length];
        for (int i = 0; i < geometry.axes().length; i++) {
            int axis = geometry.axes()[i];
            from[axis] = i;
            reach[axis] = geometry.same() || !open[i] ? 0 : Math.toIntExact(geometry.dilations()[axis]);
        }
        return tf.math.mul(tf.gather(growth, tf.constant(from), tf.constant(0)), tf.constant(reach));
    }

    private Output<?> image(Output<?> x, Operand<TInt32> growth) {
        long[] sizes = Tensors.shape(x).asArray();
        for (int axis : geometry.axes()) {
            sizes[axis] = Shape.UNKNOWN_SIZE;
        }
        return padded(x, ofImage(growth), Shape.of(sizes));
    }

    /** With zeros behind, and all that is known of the sizes then, which TensorFlow does not see. */
    private Output<?> padded(Output<?> x, Operand<TInt32> behind, Shape known) {
        Operand<TInt32> paddings = tf.stack(List.of(tf.zerosLike(behind), behind), Stack.axis(1L));
        return tf.scope()
                .opBuilder("EnsureShape", "Sizes")
                .addInput(PoolCalls.padded(tf, x, paddings))
                .setAttr("shape", known)
                .build()
                .output(0);
    }

    private Output<?> larger(OpCall call, int sizes, Operand<TInt32> growth) {
        Operand<TInt32> given = Tensors.cast(tf, FatalCalls.operand(call, sizes), TInt32.class);
        return Tensors.cast(
                        tf,
                        tf.math.add(given, growth),
                        FatalCalls.operand(call, sizes).type())
                .asOutput();
    }
}
