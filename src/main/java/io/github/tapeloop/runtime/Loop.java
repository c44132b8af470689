package io.github.tapeloop.runtime;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.op.SerialExecutor;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.runtime.Tracing.Built;
import io.github.tapeloop.settings.Require;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;

/** Ops that run again and again as long as a condition holds. */
public final class Loop {

    private Loop() {}

    /**
     * Runs a body as long as a condition holds. Outside a trace the condition is read and the body called before each
     * round; in a trace both become functions of their own behind a {@code While} op, which goes round each time the graph
     * runs. Its gradient goes back over the rounds.
     *
     * <pre>{@code
     * // x squared until its largest element is above 100
     * Operand<?> y = Loop.whileLoop(tf,
     *     (ops, v) -> List.of(ops.math.less(ops.max((Operand<TFloat32>) v.get(0), ops.constant(0)), ops.constant(100f))),
     *     (ops, v) -> List.of(ops.math.square((Operand<TFloat32>) v.get(0))),
     *     List.of(x)).get(0);
     * }</pre>
     *
     * @param tf makes ops
     * @param condition makes one bool scalar from the loop's variables
     * @param body makes the variables of the next round: as many, of their types. In a trace neither may use other operands
     *     made outside or trainable variables, which are to be read outside and given; both may be called several times
     * @param variables what the first round begins with, at least one; their dimensions may change from round to
     *     round
     * @return the variables after the last round
     * @throws IllegalArgumentException if the body gives other types than it is given, or uses what it must not
     */
    public static List<Operand<?>> whileLoop(
            Ops tf, TracedFunction.Body condition, TracedFunction.Body body, List<? extends Operand<?>> variables) {
        TapeSession session = TapeSession.of(tf);
        if (tf.scope().env().isEager()) {
            List<Operand<?>> now = List.copyOf(variables);
            while (session.read(truth(condition.apply(tf, now)), TBool::getBoolean)) {
                List<Operand<?>> next = List.copyOf(body.apply(tf, now));
                requireTypes(specs(now), specs(next));
                now = next;
            }
            return now;
        }
        List<Spec> specs = specs(variables);
        TraceEnvironment environment = (TraceEnvironment) RecordingEnvironment.of(tf);
        Built round = environment.part("round", specs, body);
        requireTypes(specs, round.outputs());
        for (List<Spec> open = open(specs, round.outputs()); !open.equals(specs); open = open(specs, round.outputs())) {
            specs = open;
            round = environment.part("round", specs, body);
        }
        Built goesOn = environment.part("goes_on", specs, condition);
        requireBool(goesOn.outputs());
        requireNoVariables(round);
        requireNoVariables(goesOn);
        Operation operation = operation(tf, variables, specs, goesOn, round);
        List<Operand<?>> results = new ArrayList<>();
        for (int i = 0; i < operation.numOutputs(); i++) {
            results.add(operation.output(i));
        }
        return results;
    }

    /**
     * Like {@link #whileLoop(Ops, TracedFunction.Body, TracedFunction.Body, List)}, for a bounded number of rounds: a loop
     * whose condition never fails cannot be interrupted in a trace.
     *
     * @param tf makes ops
     * @param condition makes one bool scalar from the loop's variables
     * @param body makes the variables of the next round
     * @param variables what the first round begins with, at least one
     * @param maximumIterations how many rounds there are at most, 0 or more
     * @return the variables after the last round
     * @throws IllegalArgumentException if the number is negative, the body gives other types than it is given, or uses what
     *     it must not
     */
    public static List<Operand<?>> whileLoop(
            Ops tf,
            TracedFunction.Body condition,
            TracedFunction.Body body,
            List<? extends Operand<?>> variables,
            int maximumIterations) {
        Require.atLeast(0, "maximumIterations", maximumIterations);
        List<Operand<?>> counted = new ArrayList<>(variables);
        counted.add(0, Tensors.constant(tf, 0)); // The number of the round.
        List<Operand<?>> results = whileLoop(
                tf,
                (ops, now) -> {
                    Operand<TBool> goesOn = truth(condition.apply(ops, now.subList(1, now.size())));
                    return List.of(ops.math.logicalAnd(
                            ops.math.less(round(now), Tensors.constant(ops, maximumIterations)), goesOn));
                },
                (ops, now) -> {
                    List<Operand<?>> next = new ArrayList<>(body.apply(ops, now.subList(1, now.size())));
                    next.add(0, ops.math.add(round(now), Tensors.constant(ops, 1)));
                    return next;
                },
                counted);
        return results.subList(1, results.size());
    }

    @SuppressWarnings("unchecked") // The first variable is the number of the round.
    private static Operand<TInt32> round(List<Operand<?>> variables) {
        return (Operand<TInt32>) variables.get(0);
    }

    @SuppressWarnings("unchecked") // The type is compared.
    private static Operand<TBool> truth(List<? extends Operand<?>> condition) {
        requireBool(specs(condition));
        return (Operand<TBool>) condition.get(0);
    }

    private static void requireBool(List<Spec> condition) {
        if (condition.size() != 1
                || condition.get(0).type() != DataType.DT_BOOL
                || !condition.get(0).shape().isCompatibleWith(Shape.scalar())) {
            throw new IllegalArgumentException("The condition of a loop must be one bool scalar, got " + condition);
        }
    }

    private static List<Spec> specs(List<? extends Operand<?>> operands) {
        return operands.stream().<Spec>map(Spec::of).toList();
    }

    private static void requireTypes(List<Spec> before, List<Spec> after) {
        if (!before.stream()
                .map(Spec::type)
                .toList()
                .equals(after.stream().map(Spec::type).toList())) {
            throw new IllegalArgumentException(
                    "The body of a loop must give variables of the number and types that it is" + " given, " + before
                            + ", got " + after);
        }
    }

    /** The op of a loop in a graph, whose outputs are the variables after the last round. */
    static Operation operation(
            Ops tf, List<? extends Operand<?>> variables, List<Spec> specs, Built goesOn, Built round) {
        return tf.scope()
                .opBuilder("While", "While")
                .addInputList(variables.stream().map(Operand::asOutput).toArray(Output<?>[]::new))
                .setAttr("T", specs.stream().map(Spec::type).toArray(DataType[]::new))
                .setAttr("output_shapes", specs.stream().map(Spec::shape).toArray(Shape[]::new))
                .setAttr("cond", goesOn.function())
                .setAttr("body", round.function())
                .setAttr("parallel_iterations", 1L)
                .setAttr(SerialExecutor.LOWERED, true)
                .build();
    }

    /** The handles of variables are no inputs of the op, so that no gradient could reach them. */
    private static void requireNoVariables(Built built) {
        if (!built.watched().isEmpty()) {
            throw new IllegalArgumentException("A loop in a trace uses trainable variable '"
                    + built.watched().get(0).sharedName()
                    + "': read it outside and give its value as a variable of the loop");
        }
    }

    /** What holds before every round. */
    private static List<Spec> open(List<Spec> before, List<Spec> after) {
        List<Spec> open = new ArrayList<>();
        for (int i = 0; i < before.size(); i++) {
            open.add(new Spec(
                    before.get(i).type(),
                    Conditional.common(before.get(i).shape(), after.get(i).shape())));
        }
        return open;
    }
}
