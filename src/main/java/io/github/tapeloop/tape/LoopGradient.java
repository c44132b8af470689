package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Loop;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * The gradient of a loop: the rounds are run again, what each began with is kept, and the way back goes over them from the
 * last to the first. Outside a trace that happens op by op, in a trace by two loops; both have derivatives of all orders.
 *
 * <p>Functions of TensorFlow Java cannot hand on lists of tensors, so that the loops keep all rounds of a variable in one
 * vector, and the shapes in another. Each round copies it: n rounds cost n² copies of a variable, as memory does, not as
 * the body does.
 */
final class LoopGradient {

    private final Ops tf;
    private final OpGradient op;
    private final TracedFunction.Body condition;
    private final TracedFunction.Body body;
    private final int size;
    /** The variables that gradients flow through. */
    private final List<Integer> smooth;

    private final RunAgain again;

    LoopGradient(Ops tf, OpGradient op) {
        this.tf = tf;
        this.op = op;
        this.condition = FunctionRules.functions(tf, op, "cond").get(0);
        this.body = FunctionRules.functions(tf, op, "body").get(0);
        this.size = op.inputs();
        this.smooth = IntStream.range(0, size)
                .filter(i -> Tensors.isDifferentiable(Tensors.dataType(op.input(i))))
                .boxed()
                .toList();
        this.again = new RunAgain(body, size);
    }

    void propagate() {
        for (int i = 0; i < size; i++) {
            if (op.needs(i)) {
                FunctionRules.requireValue(op, i);
            }
        }
        List<Operand<?>> given = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            given.add(op.input(i));
        }
        smooth.forEach(i -> given.add(op.gradient(i)));
        List<Operand<?>> gradients = tf.scope().env().isEager() ? backNow(tf, given) : backInGraph(tf, given);
        for (int k = 0; k < smooth.size(); k++) {
            Operand<?> gradient = gradients.get(k);
            op.propagate(smooth.get(k), () -> gradient);
        }
    }

    /** The gradients of the variables before a round, from the variables then and the gradients of those after it. */
    private List<Operand<?>> backOverRound(Ops ops, List<Operand<?>> given) {
        return again.backToAll(ops, none -> null, given, smooth, smooth, none -> null);
    }

    private List<Operand<?>> backNow(Ops ops, List<Operand<?>> given) {
        TapeSession session = TapeSession.of(ops);
        List<List<Operand<?>>> rounds = new ArrayList<>();
        List<Operand<?>> variables = given.subList(0, size);
        while (session.read(goesOn(ops, variables), TBool::getBoolean)) {
            rounds.add(variables);
            variables = List.copyOf(body.apply(ops, variables));
        }
        List<Operand<?>> gradients = given.subList(size, given.size());
        for (int i = rounds.size() - 1; i >= 0; i--) {
            gradients = backOverRound(ops, joined(rounds.get(i), gradients));
        }
        return gradients;
    }

    private Operand<TBool> goesOn(Ops ops, List<Operand<?>> variables) {
        return FunctionRules.truth(ops, condition.apply(ops, variables).get(0));
    }

    private static List<Operand<?>> joined(List<? extends Operand<?>> first, List<? extends Operand<?>> second) {
        List<Operand<?>> joined = new ArrayList<>(first);
        joined.addAll(second);
        return joined;
    }

    /** Loop variables forward: the loop's own, for each that is kept its values and its shapes, and the number of rounds. */
    private List<Operand<?>> backInGraph(Ops ops, List<Operand<?>> given) {
        List<Operand<?>> start = new ArrayList<>(given.subList(0, size));
        List<Integer> kept = IntStream.range(0, size)
                .filter(i -> Tensors.dataType(start.get(i)) != DataType.DT_RESOURCE) // A handle stays the same.
                .boxed()
                .toList();
        kept.forEach(i -> {
            start.add(none(ops, given.get(i)));
            start.add(none(ops, ops.shape(given.get(i))));
        });
        start.add(ops.constant(0));
        List<Operand<?>> end = Loop.whileLoop(
                ops,
                (inner, now) -> List.of(goesOn(inner, now.subList(0, size))),
                (inner, now) -> {
                    List<Operand<?>> next = new ArrayList<>(body.apply(inner, now.subList(0, size)));
                    for (int k = 0; k < kept.size(); k++) {
                        Operand<?> variable = now.get(kept.get(k));
                        next.add(append(inner, now.get(size + 2 * k), variable));
                        next.add(append(inner, now.get(size + 2 * k + 1), inner.shape(variable)));
                    }
                    next.add(inner.math.add(number(now), inner.constant(1)));
                    return next;
                },
                start);
        return backOverRounds(ops, given, kept, end);
    }

    /** Loop variables on the way back: what was made before the loop, the gradients, values and shapes, and the rounds left. */
    private List<Operand<?>> backOverRounds(Ops ops, List<Operand<?>> given, List<Integer> kept, List<Operand<?>> end) {
        List<Operand<?>> start = joined(given, end.subList(size, end.size()));
        int lists = given.size();
        TracedFunction.Body round = (inner, now) -> {
            List<Operand<?>> variables = new ArrayList<>(now.subList(0, size));
            List<Operand<?>> left = new ArrayList<>();
            for (int k = 0; k < kept.size(); k++) {
                int i = kept.get(k);
                variables.set(i, pop(inner, now.get(lists + 2 * k), now.get(lists + 2 * k + 1), end.get(i), left));
            }
            List<Operand<?>> gradients = backOverRound(inner, joined(variables, now.subList(size, lists)));
            List<Operand<?>> next = joined(joined(now.subList(0, size), gradients), left);
            next.add(inner.math.sub(number(now), inner.constant(1)));
            return next;
        };
        return Loop.whileLoop(
                        ops, (inner, now) -> List.of(inner.math.greater(number(now), inner.constant(0))), round, start)
                .subList(size, lists);
    }

    @SuppressWarnings("unchecked") // Both loops count rounds in their last variable.
    private static Operand<TInt32> number(List<Operand<?>> now) {
        return (Operand<TInt32>) now.get(now.size() - 1);
    }

    private static <T extends TType> Operand<T> flat(Ops ops, Operand<T> x) {
        return ops.reshape(x, ops.constant(new int[] {-1}));
    }

    /** A vector of a type, without elements. */
    private static <T extends TType> Operand<T> none(Ops ops, Operand<T> like) {
        return head(ops, flat(ops, like), ops.constant(new int[] {0}));
    }

    private static <T extends TType> Operand<T> head(Ops ops, Operand<T> vector, Operand<TInt32> length) {
        return ops.slice(vector, ops.constant(new int[] {0}), length);
    }

    @SuppressWarnings("unchecked") // The vector was made for the variable's type.
    private static <T extends TType> Operand<T> append(Ops ops, Operand<?> vector, Operand<T> values) {
        return ops.concat(List.of((Operand<T>) vector, flat(ops, values)), ops.constant(0));
    }

    /** The last value in a vector. What is left of the vectors goes into {@code left}. */
    @SuppressWarnings("unchecked") // Shapes were put there by append.
    private static <T extends TType> Operand<T> pop(
            Ops ops, Operand<T> values, Operand<?> shapes, Operand<?> like, List<Operand<?>> left) {
        Shape known = Tensors.shape(like);
        if (known.isUnknown()) {
            throw new IllegalArgumentException(
                    "In a trace the number of dimensions of a loop's variable must be known, and the same in all rounds");
        }
        Operand<TInt32> all = (Operand<TInt32>) shapes;
        Operand<TInt32> rank = ops.constant(new int[] {known.numDimensions()});
        Operand<TInt32> shapesLeft = ops.math.sub(ops.shape(all), rank);
        Operand<TInt32> shape = known.hasUnknownDimension()
                ? ops.slice(all, shapesLeft, rank)
                : ops.constant(Arrays.stream(known.asArray())
                        .mapToInt(Math::toIntExact)
                        .toArray());
        Operand<TInt32> length = flat(ops, ops.reduceProd(shape, ops.constant(0)));
        Operand<TInt32> valuesLeft = ops.math.sub(ops.shape(values), length);
        left.add(head(ops, values, valuesLeft));
        left.add(head(ops, all, shapesLeft));
        Operand<T> value = ops.reshape(ops.slice(values, valuesLeft, length), shape);
        return known.hasUnknownDimension() ? ops.ensureShape(value, known) : value;
    }
}
