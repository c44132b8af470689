package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpAttributes;
import io.github.tapeloop.op.OpCall;
import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;

/** Pools, and their gradients, of images without a place for the window, without examples, or of another shape than told. */
final class PoolCalls {

    private PoolCalls() {}

    /** A pool: in a graph TensorFlow refuses one that has no place, which at once it does not. */
    static Operation pool(SessionEnvironment environment, OpCall call) {
        Shape image = Tensors.shape(call.input(0));
        long[] window = OpAttributes.numbers(call.attribute("ksize"));
        WindowCalls.Geometry geometry = image.isUnknown() ? null : WindowCalls.Geometry.of(call, image.numDimensions());
        if (geometry == null || window == null || window.length != image.numDimensions()) {
            return null;
        }
        long[] result = image.asArray();
        for (int axis : geometry.axes()) {
            result[axis] = window[axis] < 1 ? -1 : geometry.places(axis, image.get(axis), window[axis]);
        }
        return Arrays.stream(result).allMatch(size -> size >= 0) && WindowCalls.isEmpty(Shape.of(result))
                ? WindowCalls.zeros(
                        environment, call.input(0), Ops.create(environment).constant(result))
                : null;
    }

    /**
     * The gradient of a pool: the image comes first, and has the shape of the result. In a graph it turns out late that there
     * are no examples, of which oneDNN dies: then there is one of zeros, which is cut off again.
     */
    static Operation toPooled(SessionEnvironment environment, OpCall call) {
        Shape dy = Tensors.shape(call.input(2));
        Ops tf = Ops.create(environment);
        if (WindowCalls.isEmpty(Tensors.shape(call.input(1))) || WindowCalls.isEmpty(dy)) {
            return tf.zerosLike(call.input(0)).op();
        }
        if (!dy.hasUnknownDimension() || dy.isUnknown() || call.type().equals("MaxPoolGradWithArgmax")) {
            return null;
        }
        int[][] one = new int[dy.numDimensions()][2];
        one[0][1] = 1;
        Operand<TInt32> examples = tf.gather(tf.shape(call.input(2)), tf.constant(0), tf.constant(0));
        Operand<TInt32> none = tf.dtypes.cast(tf.math.equal(examples, tf.constant(0)), TInt32.class);
        Operand<TInt32> paddings = tf.math.mul(none, tf.constant(one));
        Output<?>[] inputs = call.inputsCopied();
        for (int i = 0; i < 3; i++) {
            inputs[i] = padded(tf, WindowSizes.placed(environment, inputs[i]), paddings);
        }
        Output<?> result = environment.unguarded(call.withInputs(inputs)).output(0);
        Operand<TInt32> begin = tf.constant(new int[dy.numDimensions()]);
        return tf.slice(result, begin, tf.shape(call.input(0))).op();
    }

    /** With zeros at the end; TensorFlow copies nothing where there are none. */
    static Output<?> padded(Ops tf, Output<?> x, Operand<TInt32> paddings) {
        return tf.scope()
                .opBuilder("Pad", "Pad")
                .addInput(x)
                .addInput(paddings.asOutput())
                .build()
                .output(0);
    }

    /** The gradient of an average pool: the shape of the image comes first, and is taken on trust. */
    static Operation toAveraged(SessionEnvironment environment, OpCall call) {
        int rank = Tensors.rank(call.input(1));
        long[] window = OpAttributes.numbers(call.attribute("ksize"));
        WindowCalls.Geometry geometry = rank < 0 ? null : WindowCalls.Geometry.of(call, rank);
        if (geometry == null || window == null || window.length != rank) {
            return null;
        }
        Output<?> dy = WindowSizes.fittingPool(environment, call, geometry.ofPool(window));
        return dy == call.input(1) ? null : FatalCalls.replaced(environment, call, 1, dy);
    }

    /** The gradient op of an average pool takes the shape of the image on trust. */
    static String wrongAverage(OpCall call) {
        if (WindowSizes.fed(call, 0) != null) {
            return WindowSizes.fed(call, 0);
        }
        Shape given = WindowSizes.given(call.input(0));
        long[] sizes = WholeNumbers.of(call.input(0));
        sizes = sizes == null && !given.isUnknown() ? given.asArray() : sizes;
        Shape dy = Tensors.shape(call.input(1));
        long[] window = OpAttributes.numbers(call.attribute("ksize"));
        WindowCalls.Geometry geometry = dy.isUnknown() ? null : WindowCalls.Geometry.of(call, dy.numDimensions());
        if (sizes == null || geometry == null || window == null || window.length != dy.numDimensions()) {
            return null;
        }
        boolean fits = sizes.length == dy.numDimensions();
        for (int i = 0; i < sizes.length && fits; i++) {
            boolean open = sizes[i] < 0 && given.numDimensions() == sizes.length;
            long places = geometry.places(i, sizes[i], window[i]);
            fits = open || sizes[i] >= 0 && (dy.get(i) < 0 || dy.get(i) == places);
        }
        return fits ? null : "the gradient is not one of an image of the shape " + Arrays.toString(sizes);
    }
}
