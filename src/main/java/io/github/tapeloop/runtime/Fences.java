package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;

/** The fences in a graph: ops that wait for earlier ones, and that all later ones wait for. */
final class Fences {

    /** Ops that neither fail nor do anything, and are best left without control inputs. */
    private static final Set<String> SOURCES = Set.of("Const", "VarHandleOp");

    /** The last one, or null, and the ops that come after it by what they use. */
    private Operation fence;

    private final Set<Operation> after = set();

    /** The ops that cannot fail, and what each waits for. */
    private final Map<Operation, List<Operation>> unfailing = new IdentityHashMap<>();

    static Set<Operation> set() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }

    /** The fence that an op must be told to wait for: one that uses another behind it does anyway. */
    Optional<Operation> before(OpCall call, Output<?>[] inputs) {
        return fence == null
                        || SOURCES.contains(call.type())
                        || Stream.of(inputs).anyMatch(input -> after.contains(input.op()))
                ? Optional.empty()
                : Optional.of(fence);
    }

    /**
     * Notes an op of the graph.
     *
     * @param isUnfailing whether it cannot fail itself, and waits for no more than its inputs and the controls of its call
     */
    void added(OpCall call, Operation operation, boolean isUnfailing) {
        if (fence != null && !SOURCES.contains(call.type())) {
            after.add(operation);
        }
        if (isUnfailing) {
            unfailing.put(
                    operation,
                    Stream.concat(Stream.of(call.inputsCopied()).map(Output::op), call.controls().stream())
                            .map(StandInOperation::real)
                            .toList());
        }
    }

    /** Those of some ops, and of all that they wait for, that may fail; of one and another that waits for it, the latter. */
    Set<Operation> mayFail(Collection<Operation> operations) {
        Set<Operation> found = set();
        Set<Operation> seen = set();
        Deque<Operation> left = new ArrayDeque<>(operations);
        while (!left.isEmpty()) {
            Operation operation = left.remove();
            if (seen.add(operation)) {
                List<Operation> earlier = unfailing.get(operation);
                if (earlier != null) {
                    left.addAll(earlier);
                } else if (!SOURCES.contains(operation.type())) {
                    found.add(operation);
                }
            }
        }
        return found;
    }

    /** Makes a fence out of an op that does nothing. */
    void add(OperationBuilder nothing, Set<Operation> awaited) {
        awaited.forEach(nothing::addControlInput);
        if (fence != null) {
            nothing.addControlInput(fence);
        }
        fence = nothing.build();
        after.clear();
    }
}
