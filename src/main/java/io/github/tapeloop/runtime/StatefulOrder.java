package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpDefs;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.tensorflow.Operation;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.OpDef;

/**
 * The scheduler that keeps the program order of ops with effects inside a graph, which by itself orders only what
 * depends on each other. A read of a variable waits for the write before it; a write waits for the write and the
 * reads before it; other stateful ops (printing, random draws with state) wait for one another. An op that runs a
 * function may touch anything: it waits for all before it and all after it wait for it. What Python calls automatic
 * control dependencies.
 */
final class StatefulOrder {

    /** The op types that take a variable's handle and leave its value alone. */
    private static final Set<String> READS =
            Set.of("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp");

    private static final String HANDLE = "VarHandleOp";

    /** The op types that run a function with effects, which do not show among their inputs. */
    private static final Set<String> CALLS =
            Set.of("If", "Case", "While", "PartitionedCall", "StatefulPartitionedCall");

    /** By op type; asked for each op of a step. */
    private static final Map<String, Boolean> WRITES = new ConcurrentHashMap<>();

    private static final class Accesses {
        private Operation lastWrite;
        private final List<Operation> readsSince = new ArrayList<>();

        Accesses(Operation lastWrite) {
            this.lastWrite = lastWrite;
        }
    }

    private final Map<Operation, Accesses> byResource = new IdentityHashMap<>();
    private Operation lastEffect;
    private Operation lastCall;

    /** What must have happened before an op that uses the given resources. */
    Collection<Operation> before(String type, List<Operation> resources) {
        if (isCall(type)) {
            return beforeCall();
        }
        Set<Operation> before = new LinkedHashSet<>();
        for (Operation resource : resources) {
            Accesses accesses = byResource.computeIfAbsent(resource, key -> new Accesses(lastCall));
            if (accesses.lastWrite != null) {
                before.add(accesses.lastWrite);
            }
            if (!READS.contains(type)) {
                before.addAll(accesses.readsSince);
            }
        }
        if (hasEffect(type, resources) && lastEffect != null) {
            before.add(lastEffect);
        }
        return before;
    }

    /** Whether an op changes state as far as its type tells; calls of traced functions tell by themselves. */
    static boolean writes(String type) {
        Boolean known = WRITES.get(type);
        return known != null
                ? known
                : OpDefs.of(type).map(StatefulOrder::writes).orElse(false);
    }

    private static boolean writes(OpDef op) {
        boolean takesResource =
                op.getInputArgList().stream().anyMatch(input -> input.getType() == DataType.DT_RESOURCE);
        boolean writes = CALLS.contains(op.getName()) || takesResource && !READS.contains(op.getName());
        WRITES.put(op.getName(), writes);
        return writes;
    }

    /** An op type that TensorFlow does not know is the name of a function. */
    static boolean isCall(String type) {
        return CALLS.contains(type) || OpDefs.of(type).isEmpty();
    }

    private Set<Operation> beforeCall() {
        Set<Operation> before = new LinkedHashSet<>(pending());
        byResource.values().forEach(accesses -> before.addAll(accesses.readsSince));
        return before;
    }

    /** Notes an op that has been added to the graph. */
    void added(String type, List<Operation> resources, Operation operation) {
        if (isCall(type)) {
            byResource.clear();
            lastCall = operation;
            lastEffect = operation;
            return;
        }
        for (Operation resource : resources) {
            Accesses accesses = byResource.get(resource);
            if (READS.contains(type)) {
                accesses.readsSince.add(operation);
            } else {
                accesses.lastWrite = operation;
                accesses.readsSince.clear();
            }
        }
        if (hasEffect(type, resources)) {
            lastEffect = operation;
        }
    }

    /** What must have happened when the graph is done. */
    List<Operation> pending() {
        List<Operation> pending = new ArrayList<>();
        for (Accesses accesses : byResource.values()) {
            if (accesses.lastWrite != null) {
                pending.add(accesses.lastWrite);
            }
        }
        if (lastEffect != null) {
            pending.add(lastEffect);
        }
        return pending;
    }

    private static boolean hasEffect(String type, List<Operation> resources) {
        return resources.isEmpty()
                && !type.equals(HANDLE)
                && OpDefs.of(type).map(OpDef::getIsStateful).orElse(true);
    }
}
