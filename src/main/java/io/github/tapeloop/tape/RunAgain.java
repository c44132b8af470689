package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;

/**
 * The way back through a composite op: its function is run again under a tape of its own. That is a {@link Recompute} in
 * its turn, so that what it makes is freed at once, too, and a gradient of it is found in the same way.
 */
final class RunAgain {

    private final TracedFunction.Body f;
    private final int count;

    /** @param count how many of the op's inputs the function is given; the others it uses by itself */
    RunAgain(TracedFunction.Body f, int count) {
        this.f = f;
        this.count = count;
    }

    /** Propagates to all inputs that need a gradient and have none. */
    void propagate(Ops tf, OpGradient op) {
        BackwardArguments arguments = BackwardArguments.of(op, 0, count);
        if (arguments.wanted().isEmpty()) {
            return;
        }
        List<Integer> found = new ArrayList<>();
        TracedFunction.Body back = (inner, copies) -> {
            found.clear(); // The same each time.
            return back(inner, op::input, copies, arguments.outputs(), arguments.wanted(), found);
        };
        List<Operand<?>> gradients = Recompute.call(tf, back, arguments.given());
        // In a graph, what is run again further back must not begin before this is done with what it made.
        GradientTape.fence(tf, gradients);
        arguments.propagate(op, found, gradients);
    }

    /**
     * The gradients, in the order of what is found to have one.
     *
     * @param outside finds the inputs that the function is not given
     * @param given the function's arguments, then the gradients of outputs
     * @param outputs which outputs those are of
     * @param wanted the inputs to find gradients for
     * @param found gets those of them that there are gradients for
     */
    List<Operand<?>> back(
            Ops tf,
            IntFunction<Operand<?>> outside,
            List<Operand<?>> given,
            List<Integer> outputs,
            List<Integer> wanted,
            List<Integer> found) {
        List<Operand<?>> weights = given.subList(count, given.size());
        try (GradientTape tape = GradientTape.open(tf)) {
            List<Operand<?>> inputs = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                inputs.add(copy(tf, given.get(i), weights));
            }
            List<Operand<?>> sources = new ArrayList<>();
            for (int i : wanted) {
                Operand<?> source = i < count ? inputs.get(i) : outside.apply(i);
                if (source.asOutput().dataType() != DataType.DT_RESOURCE) { // Variables are watched by themselves.
                    tape.watch(source);
                }
                sources.add(source);
            }
            List<? extends Operand<?>> results = f.apply(tf, inputs);
            List<Operand<?>> targets = new ArrayList<>();
            outputs.forEach(i -> targets.add(results.get(i)));
            List<Optional<Operand<?>>> gradients = tape.backward(targets, weights, sources);
            List<Operand<?>> present = new ArrayList<>();
            for (int i = 0; i < gradients.size(); i++) {
                if (gradients.get(i).isPresent()) {
                    found.add(wanted.get(i));
                    present.add(gradients.get(i).get());
                }
            }
            return present.isEmpty() ? List.of(tf.constant(0f)) : present;
        }
    }

    /**
     * The gradients of all that is wanted: branches must give the same ones, whether they depend on an input or not.
     *
     * @param outside finds the inputs that the function is not given
     * @param given the function's arguments, then the gradients of outputs
     * @param outputs which outputs those are of
     * @param wanted the inputs to find gradients for
     * @param zeros makes the gradient of an input that the function is not given and does not use
     */
    List<Operand<?>> backToAll(
            Ops tf,
            IntFunction<Operand<?>> outside,
            List<Operand<?>> given,
            List<Integer> outputs,
            List<Integer> wanted,
            IntFunction<Operand<?>> zeros) {
        List<Integer> found = new ArrayList<>();
        List<Operand<?>> present = back(tf, outside, given, outputs, wanted, found);
        List<Operand<?>> all = new ArrayList<>();
        for (int i : wanted) {
            int place = found.indexOf(i);
            all.add(place >= 0 ? present.get(place) : i < count ? tf.zerosLike(given.get(i)) : zeros.apply(i));
        }
        return all;
    }

    /**
     * An input under another name: one given twice, or used by the function by itself as well, is two sources. In a graph
     * the copy waits for the gradients, or else the graph's optimizer would find that all was computed before, and keep it.
     */
    private static Operand<?> copy(Ops tf, Operand<?> input, List<Operand<?>> after) {
        if (!Tensors.isDifferentiable(input.asOutput().dataType())) {
            return input;
        }
        OperationBuilder builder = tf.scope().opBuilder("Identity", "Again").addInput(input.asOutput());
        after.forEach(operand -> builder.addControlInput(operand.asOutput().op()));
        return builder.build().output(0);
    }
}
