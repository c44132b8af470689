package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * Calls that keep something for each of a number they are given: rows, places of a list, classes, threads. Their kernels take that
 * without asking whether it was given, and end the process where it was not.
 *
 * @param most of what can be kept
 */
record CountedCalls(int most) {

    /** Of rows, places and classes. The largest of them are places of an array, which take 2 GB then. */
    static final CountedCalls PLACES = new CountedCalls(1 << 24);

    /** More than any machine has processors for, and fewer than any system allows. */
    static final CountedCalls THREADS = new CountedCalls(1024);

    /**
     * What is asked of a call.
     *
     * @param counted the input with the number, a number itself or the first of a vector
     * @param ranks of its inputs
     */
    FatalCalls.Row by(int counted, int... ranks) {
        return new FatalCalls.Row(
                ranks, call -> tooMany(call, counted), (environment, call) -> bounded(environment, call, counted));
    }

    /** What is asked of a call that has the number as an attribute. */
    FatalCalls.Check by(String attribute) {
        return call -> call.attribute(attribute) instanceof Long number ? refusal(number) : null;
    }

    private String tooMany(OpCall call, int counted) {
        long[] numbers = WholeNumbers.of(call.input(counted));
        return numbers == null || numbers.length == 0 ? null : refusal(numbers[0]);
    }

    private String refusal(long number) {
        return number > most ? "it keeps at most " + most + ", got " + number : null;
    }

    /** In a graph, a number that is computed: too many become -1, which TensorFlow refuses. */
    private Operation bounded(SessionEnvironment environment, OpCall call, int counted) {
        Output<?> given = call.input(counted);
        if (environment.isEager() || WholeNumbers.of(given) != null) {
            return null;
        }
        Ops tf = Ops.create(environment);
        Operand<TNumber> numbers = FatalCalls.operand(call, counted);
        if (Tensors.rank(given) == 0) {
            return FatalCalls.replaced(environment, call, counted, few(tf, numbers));
        }
        Operand<TNumber> first = tf.slice(numbers, tf.constant(new int[] {0}), tf.constant(new int[] {1}));
        Operand<TNumber> others = tf.slice(numbers, tf.constant(new int[] {1}), tf.constant(new int[] {-1}));
        return FatalCalls.replaced(
                environment, call, counted, tf.concat(List.of(few(tf, first), others), tf.constant(0)));
    }

    private Operand<TNumber> few(Ops tf, Operand<TNumber> number) {
        return tf.select(
                tf.math.greater(number, Tensors.constant(tf, most, number.type())),
                Tensors.constant(tf, -1, number.type()),
                number);
    }
}
