package io.github.tapeloop.serving;

import io.github.tapeloop.bridge.NativeGraph;
import io.github.tapeloop.bridge.NativeMemory;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.op.SerialExecutor;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.AssignVariableOp;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.GraphOptions;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/**
 * The graph of a prediction, apart from the session that it was traced in: it needs that no more, and many sessions of
 * TensorFlow can run it, each with values of its own for the variables. It has a part for each kind of inputs. Immutable once
 * made, so any thread may use it.
 */
public final class ServedGraph implements AutoCloseable {

    private static final Pattern WRITES = Pattern.compile("Assign.*VariableOp|Resource.*(Apply|Scatter).*");

    private final NativeGraph graph;
    private final List<Part> parts = new ArrayList<>();
    private final Map<String, Slot> slots = new TreeMap<>();
    private final NativeGraph.Ports assignment;
    private final boolean serial;
    private final boolean oneDevice;
    /** Null if series are not written step by step. */
    private final Decoded decoded;

    /**
     * The part for one kind of inputs.
     *
     * @param inputs by name, in their order
     * @param outputs by name, sorted, as far as tracing could tell
     * @param ports the feeds and the outputs, in their orders
     * @param constants what is computed once, of the inputs that are not fed back; null for nothing
     */
    record Part(
            Map<String, Feed> inputs, Map<String, Spec> outputs, NativeGraph.Ports ports, NativeGraph.Ports constants) {

        List<Feed> feeds() {
            return List.copyOf(inputs.values());
        }
    }

    /** What an input looks like, and the class of its tensors. */
    record Feed(Spec spec, Class<? extends TType> type) {}

    /** What a value of a variable looks like. */
    record Slot(Class<? extends TType> type, Shape shape) {

        /** A variable in words: {@code float32 [784, 64]}. */
        static String describe(Class<? extends TType> type, Shape shape) {
            return type.getSimpleName().substring(1).toLowerCase(Locale.ROOT) + " " + shape;
        }
    }

    /** Makes the ops of a prediction. */
    @FunctionalInterface
    public interface Body {

        /** The outputs by name, of inputs by name in their order. */
        Map<String, ? extends Operand<?>> predict(Ops tf, Map<String, Operand<?>> inputs);

        /** What the last prediction is to be fed besides its inputs: placeholders that it made, by name in their order. */
        default Map<String, Operand<?>> fed() {
            return Map.of();
        }

        /** What is computed once and then fed, the last of {@link #fed}. */
        default List<Operand<?>> constants() {
            return List.of();
        }
    }

    /** What tracing left: names that hold in a copy of the graph, too. */
    private static final class Trace {
        private final Map<String, Spec> inputs;
        private final Map<String, String> feeds = new LinkedHashMap<>();
        private final Map<String, String> fetches = new TreeMap<>();
        private final List<String> constants = new ArrayList<>();
        private int given;
        private GraphDef definition;
        private boolean oneDevice;

        private Trace(Map<String, Spec> inputs) {
            this.inputs = new LinkedHashMap<>(inputs);
        }

        private List<? extends Operand<?>> make(Ops tf, List<Operand<?>> placeholders, Body body) {
            Map<String, Operand<?>> named = new LinkedHashMap<>();
            for (String name : inputs.keySet()) {
                Operand<?> input = placeholders.get(named.size());
                feeds.put(name, input.op().name());
                named.put(name, input);
            }
            body.predict(tf, named).forEach((name, output) -> {
                Operand<?> result = tf.identity(Tensors.cast(tf, output, TFloat32.class));
                fetches.put(name, result.op().name());
            });
            given = feeds.size();
            body.constants()
                    .forEach(each -> constants.add(tf.identity(each).op().name()));
            body.fed().forEach((name, placeholder) -> {
                feeds.put(name, placeholder.op().name());
                inputs.put(name, Spec.of(placeholder));
            });
            definition = ((Graph) placeholders.get(0).op().env()).toGraphDef();
            oneDevice = RecordingEnvironment.of(tf).devices() == 1;
            return List.of(
                    tf.identity(placeholders.get(0))); // The function is not called: what is wanted is its graph.
        }

        private boolean isSerial() {
            return oneDevice
                    && SerialExecutor.isPossible(System.getenv("TF_XLA_FLAGS"))
                    && SerialExecutor.suits(definition);
        }

        private Set<DataType> types() {
            return nodes().flatMap(node -> node.getAttrMap().values().stream())
                    .map(AttrValue::getType)
                    .collect(Collectors.toSet());
        }

        private Stream<NodeDef> nodes() {
            return Stream.concat(
                    definition.getNodeList().stream(),
                    definition.getLibrary().getFunctionList().stream()
                            .flatMap(function -> function.getNodeDefList().stream()));
        }
    }

    /** @param kinds how many of the traces are of whole predictions */
    private ServedGraph(List<Trace> traces, int kinds, Map<String, Variable<?>> known, Decoded.Limits limits) {
        Map<String, Variable<?>> used = used(traces, known);
        this.serial = traces.stream().allMatch(Trace::isSerial);
        this.oneDevice = traces.stream().allMatch(trace -> trace.oneDevice);
        try (Graph whole = new Graph()) {
            for (Trace trace : traces) {
                whole.importGraphDef(trace.definition, prefix(traces.indexOf(trace)));
            }
            Ops tf = Ops.create(whole).withSubScope("served");
            List<String> feeds = new ArrayList<>();
            List<Op> assigned = new ArrayList<>();
            used.forEach((path, variable) -> {
                slots.put(path, new Slot(variable.type(), variable.shape()));
                feeds.add(assign(tf, variable, assigned));
            });
            String all = tf.withControlDependencies(assigned).noOp().op().name();
            this.graph = new NativeGraph(whole.toGraphDef());
            this.assignment = graph.ports(feeds, List.of(), all);
            List<Part> made = new ArrayList<>();
            for (Trace trace : traces) {
                made.add(part(whole, prefix(made.size()), trace));
            }
            parts.addAll(made.subList(0, kinds));
            this.decoded = limits == null ? null : new Decoded(made.subList(kinds, made.size()), limits);
        }
    }

    private static String prefix(int kind) {
        return "kind_" + kind;
    }

    private Part part(Graph whole, String prefix, Trace trace) {
        List<String> feeds = new ArrayList<>();
        Map<String, Feed> inputs = new LinkedHashMap<>();
        trace.feeds.forEach((name, op) -> {
            feeds.add(prefix + "/" + op);
            Class<? extends TType> type =
                    whole.operationOrThrow(prefix + "/" + op).output(0).type();
            inputs.put(name, new Feed(trace.inputs.get(name), type));
        });
        List<String> fetches = new ArrayList<>();
        Map<String, Spec> outputs = new TreeMap<>();
        trace.fetches.forEach((name, op) -> {
            fetches.add(prefix + "/" + op);
            outputs.put(name, Spec.of(whole.operationOrThrow(prefix + "/" + op).output(0)));
        });
        List<String> constants =
                trace.constants.stream().map(op -> prefix + "/" + op).toList();
        return new Part(
                inputs,
                outputs,
                graph.ports(feeds, fetches, null),
                constants.isEmpty() ? null : graph.ports(feeds.subList(0, trace.given), constants, null));
    }

    /** Adds an op that gives a variable its value, and names the op that the value is fed to. */
    private static <T extends TType> String assign(Ops tf, Variable<T> variable, List<Op> assigned) {
        Operand<T> feed = tf.placeholder(variable.type(), Placeholder.shape(variable.shape()));
        VarHandleOp handle = VarHandleOp.create(
                tf.scope(), variable.type(), variable.shape(), VarHandleOp.sharedName(variable.sharedName()));
        assigned.add(AssignVariableOp.create(tf.scope(), handle, feed));
        return feed.op().name();
    }

    /**
     * Traces predictions.
     *
     * @param session where the variables are; used in this call only
     * @param kinds one at least: by name, what the inputs look like; -1 for dimensions that are open
     * @param body makes the ops
     * @param known the variables that may be used, by their paths: of those that the body makes, too, once it has run
     * @throws IllegalStateException if a prediction writes to a variable, or reads one that is not known
     */
    public static ServedGraph trace(
            TapeSession session,
            Collection<Map<String, Spec>> kinds,
            Body body,
            Supplier<Map<String, Variable<?>>> known) {
        return new ServedGraph(traces(session, kinds, body), kinds.size(), known.get(), null);
    }

    /**
     * Traces predictions, and those for some steps of a series that follow others.
     *
     * @param written the name of the series among the inputs; null if it is the only one
     * @throws IllegalStateException as {@link #trace}, or if the model cannot be decoded step by step
     */
    public static ServedGraph traceDecoding(
            TapeSession session,
            Collection<Map<String, Spec>> kinds,
            Body body,
            String written,
            Supplier<Map<String, Variable<?>>> known) {
        List<Trace> traces = traces(session, kinds, body);
        Decoded.Limits limits = Decoded.trace(kinds.iterator().next(), written, body, (inputs, part) -> {
            Trace trace = trace(session, inputs, part);
            traces.add(trace);
            return trace.types();
        });
        return new ServedGraph(traces, kinds.size(), known.get(), limits);
    }

    private static List<Trace> traces(TapeSession session, Collection<Map<String, Spec>> kinds, Body body) {
        NativeMemory.prepare();
        List<Trace> traces = new ArrayList<>();
        kinds.forEach(inputs -> traces.add(trace(session, inputs, body)));
        return traces;
    }

    private static Trace trace(TapeSession session, Map<String, Spec> inputs, Body body) {
        Trace trace = new Trace(inputs);
        List<Spec> specs = List.copyOf(trace.inputs.values());
        TracedFunction.trace(session, "predict", specs, (tf, given) -> trace.make(tf, given, body))
                .close();
        requireReading(trace);
        return trace;
    }

    private static void requireReading(Trace trace) {
        List<String> writers = trace.nodes()
                .filter(node -> WRITES.matcher(node.getOp()).matches())
                .map(node -> node.getOp() + " '" + node.getName() + "'")
                .toList();
        if (!writers.isEmpty()) {
            throw new IllegalStateException("A prediction of this model writes to variables, by " + writers
                    + ", and those of a predictor stay as they are: write if pass.training() only");
        }
    }

    private static Map<String, Variable<?>> used(List<Trace> traces, Map<String, Variable<?>> known) {
        Set<String> names = traces.stream()
                .flatMap(Trace::nodes)
                .filter(node -> node.getOp().equals("VarHandleOp"))
                .map(node -> node.getAttrOrThrow("shared_name").getS().toStringUtf8())
                .collect(Collectors.toCollection(TreeSet::new));
        Map<String, Variable<?>> used = new TreeMap<>();
        known.forEach((path, variable) -> {
            if (names.remove(variable.sharedName())) {
                used.put(path, variable);
            }
        });
        if (!names.isEmpty()) {
            throw new IllegalStateException("A prediction of this model reads the variables " + names
                    + ", which neither the model has nor what its trainer was told of: register the layers that have"
                    + " them, or name them by includes(…)");
        }
        return used;
    }

    /** By name, in their order, what the inputs look like, of each kind. */
    public List<Map<String, Spec>> kinds() {
        return parts.stream().map(part -> specs(part.inputs())).toList();
    }

    private static Map<String, Spec> specs(Map<String, Feed> inputs) {
        Map<String, Spec> specs = new LinkedHashMap<>();
        inputs.forEach((name, feed) -> specs.put(name, feed.spec()));
        return Collections.unmodifiableMap(specs);
    }

    /** The names of the outputs, sorted. */
    public List<String> outputs() {
        return List.copyOf(parts.get(0).outputs().keySet());
    }

    /** Says what goes in and what comes out. */
    @Override
    public String toString() {
        return parts.stream()
                .map(part -> list(specs(part.inputs())) + " -> " + list(part.outputs()))
                .collect(Collectors.joining(" or "));
    }

    private static String list(Map<String, Spec> named) {
        return named.entrySet().stream()
                .map(each -> each.getKey() + " " + each.getValue())
                .collect(Collectors.joining(", "));
    }

    NativeGraph graph() {
        return graph;
    }

    List<Part> parts() {
        return parts;
    }

    Map<String, Slot> slots() {
        return slots;
    }

    /**
     * Where values come into the graph, one for each of {@link #slots} in their order: in one call, as TensorFlow makes ready what
     * another kind of call runs, which takes longer than to run it.
     */
    NativeGraph.Ports assignment() {
        return assignment;
    }

    /** The parts for some steps of a series that follow others, if they were traced. */
    Optional<Decoded> decoded() {
        return Optional.ofNullable(decoded);
    }

    /**
     * How a session runs the graph: on the thread that asks, one op after the other, where the ops allow it. What has branches or
     * loops, or several devices, needs the threads of TensorFlow, which all sessions share. For each kind of call TensorFlow looks at
     * what that runs and not at the whole graph, which takes a third of the time; with several devices a variable might be looked for
     * on another one then.
     */
    ConfigProto config() {
        ConfigProto.Builder config = ConfigProto.newBuilder();
        if (serial) {
            config.setExperimental(ConfigProto.Experimental.newBuilder().setExecutorType(SerialExecutor.NAME));
        }
        config.setGraphOptions(GraphOptions.newBuilder().setPlacePrunedGraph(oneDevice));
        return config.build();
    }

    /** Frees the graph, when no session runs it any more. */
    @Override
    public void close() {
        graph.close();
    }
}
