package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpAttributes;
import io.github.tapeloop.op.OpCall;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.types.TInt32;

/**
 * Windows over volumes with SAME padding that step further than they are wide. The last of them may end before the volume
 * does; TensorFlow's kernels for CPUs take that for padding of less than nothing, and let windows stand further inside, some
 * of them not where others think. Here the volume ends where its last window does.
 */
final class VolumeCalls {

    private static final int RANK = 5;

    private VolumeCalls() {}

    /** An op on volumes, and what else is made instead of it: null for nothing. */
    static FatalCalls.Cure cut(FatalCalls.Cure then, int... volumes) {
        return (environment, call) -> {
            Reached reached = Reached.of(environment, call, Tensors.shape(call.input(volumes[0])));
            if (reached == null) {
                return then == null ? null : then.make(environment, call);
            }
            Output<?>[] inputs = call.inputsCopied();
            for (int volume : volumes) {
                inputs[volume] = reached.cut(inputs[volume]);
            }
            return reached.made(environment, inputs, then);
        };
    }

    /** An op that gives the gradient of its first input, a volume, and leaves it 0 where no window has been. */
    static FatalCalls.Cure grown(FatalCalls.Cure then) {
        return (environment, call) -> {
            Reached reached = Reached.of(environment, call, Tensors.shape(call.input(0)));
            if (reached == null) {
                return then.make(environment, call);
            }
            Output<?>[] inputs = call.inputsCopied();
            inputs[0] = reached.cut(inputs[0]);
            return reached.grown(reached.made(environment, inputs, then), reached.tf.shape(call.input(0)));
        };
    }

    /** The same of a volume whose sizes are the first input. */
    static FatalCalls.Cure grownToSizes(FatalCalls.Cure then) {
        return (environment, call) -> {
            Reached reached = Reached.of(environment, call, WindowSizes.given(call.input(0)));
            if (reached == null) {
                return then.make(environment, call);
            }
            Output<?>[] inputs = call.inputsCopied();
            inputs[0] = reached.sizes(inputs[0]);
            Operand<TInt32> whole = Tensors.cast(reached.tf, FatalCalls.operand(call, 0), TInt32.class);
            return reached.grown(reached.made(environment, inputs, then), whole);
        };
    }

    /** What windows reach of a volume. */
    private static final class Reached {

        private final Ops tf;
        private final OpCall call;
        private final WindowCalls.Geometry geometry;
        /** As far as it is known. */
        private final Shape volume;
        /** How wide the window is along each dimension; negative where that turns out when a graph runs. */
        private final long[] widths;
        /** Where the last window ends, along the dimensions where the volume may not; negative likewise. */
        private final Map<Integer, Long> ends = new TreeMap<>();

        private Reached(Ops tf, OpCall call, WindowCalls.Geometry geometry, Shape volume, long[] widths) {
            this.tf = tf;
            this.call = call;
            this.geometry = geometry;
            this.volume = volume;
            this.widths = widths;
            for (int axis : geometry.axes()) {
                long step = geometry.strides()[axis];
                long size = size(axis);
                long width = widths[axis];
                long end = size < 0 || width < 0 ? -1 : Math.min(size, (size - 1) / step * step + width);
                boolean isWide = step == 1 || width >= step;
                if (!isWide && (end < 0 || end < size)) {
                    ends.put(axis, end);
                }
            }
        }

        /** @return null if that is all of it, or the call is one that TensorFlow refuses */
        static Reached of(SessionEnvironment environment, OpCall call, Shape volume) {
            WindowCalls.Geometry geometry = WindowCalls.Geometry.of(call, RANK);
            long[] widths = geometry == null || !geometry.same() ? null : widths(call, geometry);
            boolean isOther = !volume.isUnknown() && (volume.numDimensions() != RANK || WindowCalls.isEmpty(volume));
            if (isOther || widths == null || Arrays.stream(widths).anyMatch(width -> width == 0)) {
                return null;
            }
            Reached reached = new Reached(Ops.create(environment), call, geometry, volume, widths);
            return reached.ends.isEmpty() ? null : reached;
        }

        /** Null if it is not told. */
        private static long[] widths(OpCall call, WindowCalls.Geometry geometry) {
            long[] pool = OpAttributes.numbers(call.attribute("ksize"));
            if (!call.type().startsWith("Conv3D")) {
                boolean isWhole = pool != null
                        && pool.length == RANK
                        && Arrays.stream(pool).allMatch(width -> width > 0);
                return isWhole ? pool : null;
            }
            Shape kernel = kernel(call);
            long[] widths = new long[RANK];
            Arrays.fill(widths, 1);
            for (int i = 0; i < geometry.axes().length; i++) {
                int axis = geometry.axes()[i];
                long size = kernel.numDimensions() == RANK ? kernel.get(i) : Shape.UNKNOWN_SIZE;
                widths[axis] = size < 1 ? size : (size - 1) * geometry.dilations()[axis] + 1;
            }
            return widths;
        }

        private static boolean isToKernel(OpCall call) {
            return call.type().contains("BackpropFilter");
        }

        private static Shape kernel(OpCall call) {
            return isToKernel(call) ? WindowSizes.given(call.input(1)) : Tensors.shape(call.input(1));
        }

        private long size(int axis) {
            return volume.isUnknown() ? Shape.UNKNOWN_SIZE : volume.get(axis);
        }

        /** The call over what is reached, where no step is longer than the volume, of which is known how long it is. */
        Operation made(SessionEnvironment environment, Output<?>[] inputs, FatalCalls.Cure then) {
            long[] strides = geometry.strides().clone();
            for (int axis : geometry.axes()) {
                strides[axis] = size(axis) < 0 ? strides[axis] : Math.min(strides[axis], size(axis));
            }
            OpCall made = call.with("strides", strides).withInputs(inputs);
            Operation other = then == null ? null : then.make(environment, made);
            return other == null ? environment.unguarded(made) : other;
        }

        private boolean isKnown() {
            return ends.values().stream().allMatch(end -> end > 0);
        }

        /** A volume without what is not reached. */
        Output<?> cut(Output<?> x) {
            int[] all = new int[RANK];
            Arrays.fill(all, -1);
            ends.forEach((axis, end) -> all[axis] = Math.toIntExact(end));
            Operand<TInt32> sizes = isKnown() ? tf.constant(all) : ends(tf.shape(x));
            Output<?> cut = tf.slice(x, tf.constant(new int[RANK]), sizes).asOutput();
            return isKnown() ? cut : shaped(cut, ends);
        }

        /** The sizes of what is reached, in such a form that as much is known of them as of those of the volume. */
        Output<?> sizes(Output<?> whole) {
            long[] given = WholeNumbers.of(whole);
            Operand<TInt32> sizes;
            if (given != null && isKnown()) {
                int[] kept = Arrays.stream(given).mapToInt(Math::toIntExact).toArray();
                ends.forEach((axis, end) -> kept[axis] = Math.toIntExact(end));
                sizes = tf.constant(kept);
            } else if (WindowSizes.isShape(whole)) {
                sizes = tf.shape(cut(((GraphOperation) whole.op()).input(0)));
            } else {
                sizes = ends(Tensors.cast(tf, FatalCalls.untyped(whole), TInt32.class));
            }
            return Tensors.cast(tf, sizes, FatalCalls.untyped(whole).type()).asOutput();
        }

        /** The gradient of what is reached, with zeros for the rest. */
        Operation grown(Operation made, Operand<TInt32> whole) {
            Output<?> dx = made.output(0);
            if (isKnown()) {
                int[][] rest = new int[RANK][2];
                ends.forEach((axis, end) -> rest[axis][1] = Math.toIntExact(size(axis) - end));
                return PoolCalls.padded(tf, dx, tf.constant(rest)).op();
            }
            Operand<TInt32> rest = tf.math.sub(whole, tf.shape(dx));
            Operand<TInt32> paddings = tf.stack(List.of(tf.zerosLike(rest), rest), Stack.axis(1L));
            return shaped(PoolCalls.padded(tf, dx, paddings), Map.of()).op();
        }

        /** With all that is known of the sizes, which TensorFlow does not see. */
        private Output<?> shaped(Output<?> x, Map<Integer, Long> others) {
            long[] sizes = new long[RANK];
            Arrays.setAll(sizes, axis -> others.getOrDefault(axis, size(axis)));
            return tf.scope()
                    .opBuilder("EnsureShape", "Sizes")
                    .addInput(x)
                    .setAttr("shape", Shape.of(sizes))
                    .build()
                    .output(0);
        }

        /** Where the last window ends, or the volume. */
        private Operand<TInt32> ends(Operand<TInt32> whole) {
            int[] steps = new int[RANK];
            Arrays.fill(steps, 1);
            ends.keySet().forEach(axis -> steps[axis] = Math.toIntExact(geometry.strides()[axis]));
            Operand<TInt32> step = tf.constant(steps);
            Operand<TInt32> last = tf.math.floorDiv(tf.math.sub(whole, tf.constant(1)), step);
            Operand<TInt32> end = tf.math.add(tf.math.mul(last, step), width());
            return tf.math.maximum(tf.math.minimum(whole, end), tf.constant(0));
        }

        private Operand<TInt32> width() {
            if (Arrays.stream(widths).allMatch(width -> width > 0)) {
                return tf.constant(
                        Arrays.stream(widths).mapToInt(Math::toIntExact).toArray());
            }
            int[] from = new int[RANK];
            int[] gaps = new int[RANK];
            for (int i = 0; i < geometry.axes().length; i++) {
                int axis = geometry.axes()[i];
                from[axis] = i;
                gaps[axis] = Math.toIntExact(geometry.dilations()[axis]);
            }
            Operand<TInt32> kernel = isToKernel(call)
                    ? Tensors.cast(tf, FatalCalls.operand(call, 1), TInt32.class)
                    : tf.shape(call.input(1));
            Operand<TInt32> more = tf.math.sub(tf.gather(kernel, tf.constant(from), tf.constant(0)), tf.constant(1));
            return tf.math.add(tf.math.mul(more, tf.constant(gaps)), tf.constant(1));
        }
    }
}
