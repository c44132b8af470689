package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Conditional;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;

/**
 * Ops that run a function given as an attribute, once: calls and branches. The way back replays the function under a tape
 * of its own, so that it has gradients of all orders.
 */
final class FunctionRules {

    private FunctionRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        for (String type : List.of("PartitionedCall", "StatefulPartitionedCall")) {
            rules.put(type, FunctionRules::call);
        }
        for (String type : List.of("If", "StatelessIf")) {
            rules.put(type, FunctionRules::either);
        }
        for (String type : List.of("Case", "StatelessCase")) {
            rules.put(type, FunctionRules::oneOf);
        }
        for (String type : List.of("While", "StatelessWhile")) {
            rules.put(type, (tf, op) -> new LoopGradient(tf, op).propagate());
        }
    }

    private static void call(Ops tf, OpGradient op) {
        new RunAgain(functions(tf, op, "f").get(0), op.inputs()).propagate(tf, op);
    }

    /** The functions that are an attribute of an op. */
    static List<TracedFunction.Body> functions(Ops tf, OpGradient op, String attribute) {
        return TracedFunction.bodies(
                TapeSession.of(tf), op.attribute(attribute, Object.class).orElseThrow());
    }

    private static void either(Ops tf, OpGradient op) {
        TracedFunction.Body then = functions(tf, op, "then_branch").get(0);
        TracedFunction.Body otherwise = functions(tf, op, "else_branch").get(0);
        BackwardArguments back = arguments(op);
        propagate(
                op,
                back,
                () -> Conditional.choose(
                        tf, truth(tf, op.input(0)), back.given(), side(op, back, then), side(op, back, otherwise)));
    }

    private static void oneOf(Ops tf, OpGradient op) {
        BackwardArguments back = arguments(op);
        List<TracedFunction.Body> sides = functions(tf, op, "branches").stream()
                .map(function -> side(op, back, function))
                .toList();
        propagate(op, back, () -> pick(tf, op.input(0), back.given(), sides));
    }

    /** The last function stands for all other numbers as well. */
    @SuppressWarnings("unchecked") // The index comes out of the list it was put into.
    private static List<Operand<?>> pick(
            Ops tf, Operand<TInt32> index, List<Operand<?>> given, List<TracedFunction.Body> sides) {
        if (sides.size() == 1) {
            return List.copyOf(sides.get(0).apply(tf, given));
        }
        List<Operand<?>> inputs = new ArrayList<>(given);
        inputs.add(tf.math.sub(index, tf.constant(1)));
        int last = given.size();
        return Conditional.choose(
                tf,
                tf.math.equal(index, tf.constant(0)),
                inputs,
                (inner, copies) -> sides.get(0).apply(inner, copies.subList(0, last)),
                (inner, copies) -> pick(
                        inner,
                        (Operand<TInt32>) copies.get(last),
                        copies.subList(0, last),
                        sides.subList(1, sides.size())));
    }

    /** What TensorFlow takes for true: a number that is not 0, a text or a tensor that is not empty. */
    @SuppressWarnings("unchecked") // The type is compared.
    static Operand<TBool> truth(Ops tf, Operand<?> condition) {
        DataType type = Tensors.dataType(condition);
        if (Shapes.rank(condition) != 0) {
            return tf.math.notEqual(tf.size(condition), tf.constant(0));
        }
        if (type == DataType.DT_STRING) {
            return tf.math.notEqual(RawOps.<TInt32>make(tf, "StringLength", condition), tf.constant(0));
        }
        return type == DataType.DT_BOOL ? (Operand<TBool>) condition : RawOps.cast(tf, condition, DataType.DT_BOOL);
    }

    /** All inputs but the first are the functions'. */
    private static BackwardArguments arguments(OpGradient op) {
        BackwardArguments back = BackwardArguments.of(op, 1, op.inputs() - 1);
        back.wanted().forEach(i -> requireValue(op, i + 1));
        return back;
    }

    /** The way back through one of several functions. */
    private static TracedFunction.Body side(OpGradient op, BackwardArguments back, TracedFunction.Body function) {
        RunAgain again = new RunAgain(function, op.inputs() - 1);
        return (inner, copies) ->
                again.backToAll(inner, none -> null, copies, back.outputs(), back.wanted(), none -> null);
    }

    private static void propagate(OpGradient op, BackwardArguments back, Supplier<List<Operand<?>>> make) {
        if (!back.wanted().isEmpty()) {
            back.propagate(op, back.wanted(), make.get());
        }
    }

    /** The other branch, or a round that never comes, would need zeros for a variable of which only the handle is known. */
    static void requireValue(OpGradient op, int input) {
        if (op.input(input).asOutput().dataType() == DataType.DT_RESOURCE) {
            throw new IllegalArgumentException(
                    "Input " + input + " is the handle of a trainable variable, through which" + " op " + op.type()
                            + " has no gradient: read the variable outside and give its value");
        }
    }
}
