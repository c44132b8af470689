package io.github.tapeloop.runtime;

import com.google.protobuf.InvalidProtocolBufferException;
import io.github.tapeloop.bridge.NativeText;
import io.github.tapeloop.op.NodeAttributes;
import io.github.tapeloop.op.OpDefs;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.internal.c_api.TFE_Context;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/**
 * A TensorFlow function whose ops can be made again, one by one, so that tapes hear them: what an op does that has a
 * function as an attribute, {@code PartitionedCall} or {@code While}. Calls inside are replayed in their turn; ops
 * with functions of their own stay ops. Immutable; used on the thread of its session.
 */
final class FunctionReplay implements TracedFunction.Body {

    /** An argument of the function, or an output of one of its nodes. */
    private record Ref(String node, int index) {}

    /** @param called the function that the node calls by its name, or null if it is an op of TensorFlow's */
    private record Step(NodeDef node, List<Ref> inputs, List<Integer> groups, FunctionReplay called) {}

    private final FunctionDef def;
    private final List<Step> steps = new ArrayList<>();
    private final List<Ref> results;
    private final FunctionDefLibrary library;

    private FunctionReplay(TapeSession session, FunctionDef def) {
        this.def = def;
        Map<String, NodeDef> nodes = new LinkedHashMap<>();
        def.getNodeDefList().forEach(node -> nodes.put(node.getName(), node));
        for (NodeDef node : inOrder(nodes)) {
            FunctionReplay called = OpDefs.of(node.getOp()).isPresent() ? null : named(session, node.getOp());
            List<Ref> inputs = node.getInputList().stream()
                    .filter(input -> !isControl(input))
                    .map(input -> ref(input, nodes, session))
                    .toList();
            steps.add(new Step(node, inputs, called == null ? NodeAttributes.inputGroups(node) : List.of(), called));
        }
        this.results = def.getSignature().getOutputArgList().stream()
                .map(output -> ref(def.getRetOrThrow(output.getName()), nodes, session))
                .toList();
        this.library = library(session);
    }

    /**
     * The function that is an attribute of an op.
     *
     * @param session the session that ran the op
     * @param attribute the attribute's value: a {@link ConcreteFunction}, or an {@code AttrValue} that names one
     * @return its replay
     * @throws IllegalStateException if the function was closed
     * @throws IllegalArgumentException if the attribute is no function
     */
    public static FunctionReplay of(TapeSession session, Object attribute) {
        return listOf(session, attribute).get(0);
    }

    /**
     * The functions that are an attribute of an op.
     *
     * @param session the session that ran the op
     * @param attribute the attribute's value: one {@link ConcreteFunction} or an array, or an {@code AttrValue} that names
     *     functions
     * @return their replays
     * @throws IllegalStateException if a function was closed
     * @throws IllegalArgumentException if the attribute is no function
     */
    public static List<FunctionReplay> listOf(TapeSession session, Object attribute) {
        if (attribute instanceof ConcreteFunction function) {
            return List.of(attached(session, function));
        } else if (attribute instanceof ConcreteFunction[] functions) {
            return Stream.of(functions)
                    .map(function -> attached(session, function))
                    .toList();
        } else if (attribute instanceof AttrValue value && (value.hasFunc() || value.hasList())) {
            return functions(value).map(name -> named(session, name)).toList();
        }
        throw new IllegalArgumentException("Expected the attribute of an op to be a function, got " + attribute);
    }

    private static FunctionReplay attached(TapeSession session, ConcreteFunction function) {
        session.functions().attach(function);
        return named(session, function.getDefinedName());
    }

    private static FunctionReplay named(TapeSession session, String name) {
        Map<String, FunctionReplay> known = session.functions().replays();
        FunctionReplay found = known.get(name);
        if (found == null) {
            found = new FunctionReplay(session, session.functions().definition(name));
            known.put(name, found);
        }
        return found;
    }

    private static Stream<String> functions(AttrValue value) {
        return value.hasFunc()
                ? Stream.of(value.getFunc().getName())
                : value.getList().getFuncList().stream().map(NameAttrList::getName);
    }

    private static boolean isControl(String input) {
        return input.startsWith("^");
    }

    /** Nodes after those they use or wait for. */
    private static Collection<NodeDef> inOrder(Map<String, NodeDef> nodes) {
        Set<NodeDef> done = new LinkedHashSet<>();
        Set<String> names = new LinkedHashSet<>();
        Deque<NodeDef> waiting = new ArrayDeque<>();
        for (NodeDef root : nodes.values()) {
            waiting.push(root);
            while (!waiting.isEmpty()) { // Not a recursion: a function may be one long chain.
                NodeDef node = waiting.peek();
                int before = waiting.size();
                if (!names.contains(node.getName())) {
                    for (String input : node.getInputList()) {
                        String producer = producer(input);
                        if (nodes.containsKey(producer) && !names.contains(producer)) {
                            waiting.push(nodes.get(producer));
                        }
                    }
                }
                if (waiting.size() == before) {
                    waiting.pop();
                    if (names.add(node.getName())) {
                        done.add(node);
                    }
                }
            }
        }
        return done;
    }

    private static String producer(String input) {
        int colon = input.indexOf(':');
        return input.substring(isControl(input) ? 1 : 0, colon < 0 ? input.length() : colon);
    }

    /** From {@code argument} or {@code node:output:index}, the index being one into the named output. */
    private static Ref ref(String text, Map<String, NodeDef> nodes, TapeSession session) {
        String[] parts = text.split(":");
        NodeDef node = nodes.get(parts[0]);
        if (parts.length == 1 || node == null) {
            return new Ref(parts[0], 0);
        }
        List<OpDef.ArgDef> outputs = OpDefs.of(node.getOp())
                .orElseGet(() -> named(session, node.getOp()).def.getSignature())
                .getOutputArgList();
        List<Integer> groups = NodeAttributes.groups(node, outputs);
        int index = parts.length > 2 ? Integer.parseInt(parts[2]) : 0;
        for (int i = 0; !outputs.get(i).getName().equals(parts[1]); i++) {
            index += groups.get(i) < 0 ? 1 : groups.get(i);
        }
        return new Ref(parts[0], index);
    }

    /** The functions that ops of this one have as attributes, and those that these need. */
    private FunctionDefLibrary library(TapeSession session) {
        Map<String, FunctionDef> needed = new LinkedHashMap<>();
        for (Step step : steps) {
            if (step.called() != null) {
                step.called().addTo(needed);
            }
            step.node().getAttrMap().values().stream()
                    .flatMap(FunctionReplay::functions)
                    .forEach(name -> named(session, name).addTo(needed));
        }
        return FunctionDefLibrary.newBuilder().addAllFunction(needed.values()).build();
    }

    private void addTo(Map<String, FunctionDef> functions) {
        functions.put(def.getSignature().getName(), def);
        library.getFunctionList()
                .forEach(function -> functions.put(function.getSignature().getName(), function));
    }

    /**
     * Makes the function's ops.
     *
     * @param tf makes them
     * @param arguments as many as the function has arguments, of their types
     * @return the function's results
     * @throws OpException if an op fails
     */
    @Override
    public List<Operand<?>> apply(Ops tf, List<Operand<?>> arguments) {
        SessionEnvironment.of(tf).attachLibrary(library);
        Map<String, List<? extends Operand<?>>> made = new HashMap<>();
        for (int i = 0; i < arguments.size(); i++) {
            made.put(def.getSignature().getInputArg(i).getName(), List.of(arguments.get(i)));
        }
        for (Step step : steps) {
            made.put(step.node().getName(), run(tf, step, made));
        }
        return results.stream().<Operand<?>>map(ref -> value(ref, made)).toList();
    }

    private static List<? extends Operand<?>> run(Ops tf, Step step, Map<String, List<? extends Operand<?>>> made) {
        if (step.called() != null) {
            List<Operand<?>> given = new ArrayList<>();
            step.inputs().forEach(ref -> given.add(value(ref, made)));
            return step.called().apply(tf, given);
        }
        Operation operation = NodeAttributes.remake(
                tf, step.node(), step.groups(), i -> value(step.inputs().get(i), made));
        List<Operand<?>> outputs = new ArrayList<>();
        for (int i = 0; i < operation.numOutputs(); i++) {
            outputs.add(operation.output(i));
        }
        return outputs;
    }

    private static Operand<?> value(Ref ref, Map<String, List<? extends Operand<?>>> made) {
        return made.get(ref.node()).get(ref.index());
    }

    /** A function that ops outside any graph can call. */
    static FunctionDef read(TFE_Context context, String name) {
        try (PointerScope scope = new PointerScope()) {
            TF_Buffer buffer = TF_Buffer.newBuffer();
            TF_Status status = TF_Status.newStatus();
            tensorflow.TFE_ContextGetFunctionDef(context, NativeText.of(name), buffer, status);
            status.throwExceptionIfNotOK();
            return FunctionDef.parseFrom(buffer.dataAsByteBuffer());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("TensorFlow gives a definition of function " + name + " that is none", e);
        }
    }
}
