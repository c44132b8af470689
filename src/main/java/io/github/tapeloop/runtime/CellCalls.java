package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * Ops that are whole cells of recurrent networks, whose kernels take the sizes of their many inputs on trust. A letter for
 * each dimension says what is the same: T steps, B examples, I inputs, C cells, W = I + C, D = 2 C, G = 4 C.
 */
final class CellCalls {

    private static final List<String> GATES = List.of("C", "C", "C", "G");

    private CellCalls() {}

    static FatalCalls.Row lstm() {
        return row(with(List.of("BI", "BC", "BC", "WG"), GATES));
    }

    static FatalCalls.Row lstmGradient() {
        return row(with(List.of("BI", "BC", "BC", "WG"), GATES, times(8, "BC")));
    }

    static FatalCalls.Row block() {
        return row(with(List.of("", "TBI", "BC", "BC", "WG"), GATES));
    }

    static FatalCalls.Row blockGradient() {
        return row(with(List.of("", "TBI", "BC", "BC", "WG"), GATES, times(9, "TBC")));
    }

    static FatalCalls.Row gru() {
        return row(List.of("BI", "BC", "WD", "WC", "D", "C"));
    }

    static FatalCalls.Row gruGradient() {
        return row(with(List.of("BI", "BC", "WD", "WC", "D", "C"), times(4, "BC")));
    }

    private static List<String> times(int count, String letters) {
        String[] all = new String[count];
        Arrays.fill(all, letters);
        return List.of(all);
    }

    @SafeVarargs
    @SuppressWarnings("varargs") // The array is only read.
    private static List<String> with(List<String>... parts) {
        return Arrays.stream(parts).flatMap(List::stream).toList();
    }

    private static FatalCalls.Row row(List<String> letters) {
        int[] ranks = letters.stream().mapToInt(String::length).toArray();
        return new FatalCalls.Row(
                ranks, call -> misfit(call, letters), (environment, call) -> fitted(environment, call, letters));
    }

    /** In a graph, sizes that are open are held against those of the first inputs that have them when the graph runs. */
    private static Operation fitted(SessionEnvironment environment, OpCall call, List<String> letters) {
        if (environment.isEager()) {
            return null;
        }
        Ops tf = Ops.create(environment);
        Map<Character, Operand<TInt32>> sizes = new HashMap<>();
        Output<?>[] inputs = call.inputsCopied();
        boolean changed = false;
        for (int i = 0; i < inputs.length; i++) {
            boolean open = Tensors.shape(inputs[i]).hasUnknownDimension();
            List<Operand<TInt32>> expected = new ArrayList<>();
            for (int axis = 0; axis < letters.get(i).length(); axis++) {
                Operand<TInt32> size = tf.gather(tf.shape(inputs[i]), tf.constant(axis), tf.constant(0));
                sizes.putIfAbsent(letters.get(i).charAt(axis), size);
                expected.add(sizes.get(letters.get(i).charAt(axis)));
            }
            if (open) {
                inputs[i] = made(tf, "BroadcastTo", inputs[i], tf.stack(expected));
                changed = true;
            }
        }
        if (letters.get(0).isEmpty() && !isLookedAt(call)) {
            Operand<TInt32> all = tf.range(tf.constant(0), tf.math.add(sizes.get('T'), tf.constant(1)), tf.constant(1));
            inputs[0] = tf.dtypes
                    .cast(tf.gather(all, FatalCalls.operand(call, 0), tf.constant(0)), TInt64.class)
                    .asOutput();
            changed = true;
        }
        return changed ? environment.unguarded(call.withInputs(inputs)) : null;
    }

    /** Whether the number of steps of a series is known, and how many there are. */
    private static boolean isLookedAt(OpCall call) {
        Shape series = Tensors.shape(call.input(1));
        return WholeNumbers.of(call.input(0)) != null && !series.isUnknown() && series.get(0) >= 0;
    }

    private static Output<?> made(Ops tf, String type, Output<?> x, Operand<TInt32> sizes) {
        return tf.scope()
                .opBuilder(type, "SizesOfCells")
                .addInput(x)
                .addInput(sizes.asOutput())
                .build()
                .output(0);
    }

    private static String misfit(OpCall call, List<String> letters) {
        Map<Character, Long> sizes = new HashMap<>();
        for (int i = 0; i < letters.size(); i++) {
            Shape shape = Tensors.shape(call.input(i));
            for (int axis = 0; axis < letters.get(i).length() && !shape.isUnknown(); axis++) {
                long size = shape.get(axis);
                Long other = size < 0 ? null : sizes.putIfAbsent(letters.get(i).charAt(axis), size);
                if (other != null && other != size) {
                    return "the dimension " + axis + " of its input " + i + " must be " + other + ", got " + size;
                }
            }
        }
        Long cells = sizes.get('C');
        Long inputs = sizes.get('I');
        if (cells == null) {
            return null;
        }
        boolean fits = isRight(sizes.get('G'), 4 * cells)
                && isRight(sizes.get('D'), 2 * cells)
                && (inputs == null || isRight(sizes.get('W'), inputs + cells));
        return fits ? steps(call, sizes.get('T')) : "its weights are not those of " + cells + " cells";
    }

    private static boolean isRight(Long size, long expected) {
        return size == null || size == expected;
    }

    private static String steps(OpCall call, Long known) {
        long[] length = WholeNumbers.of(call.input(0));
        return length != null && known != null && (length[0] < 0 || length[0] > known)
                ? "its number of steps must be from 0 to " + known + ", got " + length[0]
                : null;
    }
}
