package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * Calls that keep something for each of a number they are given: rows, places of a list, classes. Their kernels take that memory
 * without asking whether it was given, and end the process where it was not.
 */
final class CountedCalls {

    /** More than anything is made of that fits: of the largest of what is kept, a place in an array, they take 2 GB. */
    private static final int MOST = 1 << 24;

    private CountedCalls() {}

    /**
     * What is asked of a call.
     *
     * @param counted the input with the number, a number itself or the first of a vector
     * @param ranks of its inputs
     */
    static FatalCalls.Row row(int counted, int... ranks) {
        return new FatalCalls.Row(
                ranks, call -> tooMany(call, counted), (environment, call) -> bounded(environment, call, counted));
    }

    private static String tooMany(OpCall call, int counted) {
        long[] numbers = WholeNumbers.of(call.input(counted));
        return numbers != null && numbers.length > 0 && numbers[0] > MOST ? refusal(numbers[0]) : null;
    }

    private static String refusal(long number) {
        return "it keeps at most " + MOST + ", got " + number;
    }

    /** Samplers that count how often they saw each class. */
    static String classes(OpCall call) {
        return call.attribute("range_max") instanceof Long classes && classes > MOST ? refusal(classes) : null;
    }

    /** In a graph, a number that is computed: too many become -1, which TensorFlow refuses. */
    private static Operation bounded(SessionEnvironment environment, OpCall call, int counted) {
        Output<?> given = call.input(counted);
        if (environment.isEager() || WholeNumbers.of(given) != null) {
            return null;
        }
        Ops tf = Ops.create(environment);
        Operand<TNumber> numbers = FatalCalls.operand(call, counted);
        Operand<TNumber> first = Tensors.rank(given) == 0
                ? numbers
                : tf.slice(numbers, tf.constant(new int[] {0}), tf.constant(new int[] {1}));
        Operand<TNumber> most = Tensors.constant(tf, MOST, first.type());
        Operand<TNumber> few = tf.select(tf.math.greater(first, most), Tensors.constant(tf, -1, first.type()), first);
        return FatalCalls.replaced(
                environment, call, counted, Tensors.rank(given) == 0 ? few : joined(tf, few, numbers));
    }

    private static Operand<TNumber> joined(Ops tf, Operand<TNumber> first, Operand<TNumber> numbers) {
        Operand<TNumber> others = tf.slice(numbers, tf.constant(new int[] {1}), tf.constant(new int[] {-1}));
        return tf.concat(List.of(first, others), tf.constant(0));
    }
}
