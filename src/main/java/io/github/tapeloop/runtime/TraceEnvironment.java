package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import io.github.tapeloop.op.RecordingEnvironment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Scope;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.VersionDef;
import org.tensorflow.types.family.TType;

/** The environment that adds ops to a graph in the order the program makes them, and tells the recorders. */
final class TraceEnvironment extends SessionEnvironment {

    /** Gradient ops that oneDNN runs if it finds what the op of the forward pass has left it. */
    private static final Set<String> PAIRED = Set.of("MaxPoolGrad", "MaxPool3DGrad", "LRNGrad");

    /** What a graph made here says of its age. One that is imported without would make ops behave as of old. */
    private static final VersionDef VERSIONS = versions();

    private final Graph graph;
    private final FunctionParts parts;
    private final StatefulOrder order = new StatefulOrder();
    private final Map<String, Output<? extends TType>> handles = new HashMap<>();

    /** A variable that the graph uses. */
    record Used(String sharedName, Class<? extends TType> type, Shape shape, Output<? extends TType> eagerHandle) {

        Output<? extends TType> handleIn(RecordingEnvironment environment) {
            return environment.resource(sharedName, type, shape, eagerHandle);
        }
    }

    /** The variables behind the placeholders of {@link #captures}, in order; null if handles are found by name. */
    private final List<Used> captured;

    /** The variables that tapes watch by themselves. */
    private final List<Used> watched = new ArrayList<>();

    private final List<Output<?>> captures = new ArrayList<>();
    private final Set<String> variables = new LinkedHashSet<>();
    private boolean writes;
    private boolean paired;
    /** The functions made for this trace that leave all state as it is. */
    private final Set<String> readers = new HashSet<>();

    private final Map<String, Integer> namesGiven = new HashMap<>();

    private final Fences fences = new Fences();

    /** @param capture whether variables become inputs of the graph, which XLA wants, or are found by their name */
    TraceEnvironment(TapeSession session, Graph graph, String device, boolean capture) {
        super(session, graph, device);
        this.graph = graph;
        this.parts = new FunctionParts(session);
        this.captured = capture ? new ArrayList<>() : null;
    }

    private static VersionDef versions() {
        try (Graph graph = new Graph()) {
            return graph.toGraphDef().getVersions();
        }
    }

    @Override
    public OperationBuilder opBuilder(String type, String name, Scope scope) {
        return new OpCall(this::add, type, name, scope);
    }

    private Operation add(OpCall call) {
        for (int i = 0; i < call.inputs(); i++) {
            local(call.input(i));
        }
        FatalCalls.Row fatal = FatalCalls.of(call.type());
        Operation instead = fatal == null ? null : guarded(fatal, call);
        Operation operation = instead != null ? instead : unguarded(call);
        tell(call, operation);
        return instead == null || instead.type().equals(call.type())
                ? operation
                : new StandInOperation(instead, call.type());
    }

    @Override
    Operation unguarded(OpCall call) {
        EagerExecutor.requireFewOutputs(call);
        Output<?>[] inputs = new Output<?>[call.inputs()];
        List<Operation> resources = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = call.input(i);
            if (inputs[i].dataType() == DataType.DT_RESOURCE) {
                resources.add(inputs[i].op());
            }
        }
        for (int i = 0; i < call.attributes(); i++) {
            attachFunctions(call.attributeValue(i));
        }
        OperationBuilder builder = graph.opBuilder(call.type(), unique(call.name()), graph.baseScope());
        call.copyTo(builder, inputs);
        if (!call.device().isEmpty()) {
            builder.setDevice(call.device());
        }
        Collection<Operation> before = order.before(call.type(), resources);
        before.forEach(builder::addControlInput);
        fences.before(call, inputs).ifPresent(builder::addControlInput);
        call.controls().stream()
                .map(StandInOperation::real)
                .filter(control -> !before.contains(control))
                .forEach(builder::addControlInput);
        Operation operation = build(call, builder);
        order.added(call.type(), resources, done(call, operation));
        if (StatefulOrder.writes(call.type()) && !runsReaders(call)) {
            writes = true;
            if (effects() != null) {
                effects().writes();
            }
        }
        paired |= PAIRED.contains(call.type());
        fences.added(call, operation, before.isEmpty() && devices() == 1 && UnfailingCalls.include(call, operation));
        return operation;
    }

    /**
     * What to wait for until an op has had its effects. TensorFlow makes the functions that an {@code If} runs a part of the
     * graph, and then no more than their results waits for their effects: what waits for the {@code If} alone may come first.
     */
    private Operation done(OpCall call, Operation operation) {
        return StatefulOrder.isCall(call.type()) && operation.numOutputs() > 0
                ? graph.opBuilder("Identity", unique("done"), graph.baseScope())
                        .addInput(operation.output(0))
                        .build()
                : operation;
    }

    /** Whether an op runs functions of this trace that leave all state as it is: branches, bodies of loops. */
    private boolean runsReaders(OpCall call) {
        int functions = 0;
        for (int i = 0; i < call.attributes(); i++) {
            if (call.attributeValue(i) instanceof ConcreteFunction function) {
                functions++;
                if (!readers.contains(function.getDefinedName())) {
                    return false;
                }
            }
        }
        return functions > 0;
    }

    /** A function that an op of this graph has as an attribute is called when the graph runs, outside any graph. */
    private void attachFunctions(Object attribute) {
        if (attribute instanceof ConcreteFunction function) {
            session().functions().attach(function);
        } else if (attribute instanceof ConcreteFunction[] functions) {
            Stream.of(functions).forEach(session().functions()::attach);
        }
    }

    /** Traces a function that ops of this trace run, and that is freed with what is being traced. */
    Tracing.Built part(String name, List<TracedFunction.Spec> inputs, TracedFunction.Body body) {
        return part(name, inputs, Tracing.Inputs.ALL, body);
    }

    /** @param taken which inputs the function takes, {@link Tracing.Inputs#WITH_VARIABLES} where {@link #isCapturing} */
    Tracing.Built part(String name, List<TracedFunction.Spec> inputs, Tracing.Inputs taken, TracedFunction.Body body) {
        return own(Tracing.build(session(), name, inputs, taken, body));
    }

    /**
     * Traces a function that {@code StatefulPartitionedCall} runs in this trace: as a graph of its own if it {@link #isPaired},
     * as a part of the graph that calls it otherwise, which saves a call.
     */
    Tracing.Built partOfItsOwn(String name, List<TracedFunction.Spec> inputs, TracedFunction.Body body) {
        Tracing.Built part = Tracing.build(session(), name, inputs, Tracing.Inputs.ALL, body);
        if (part.paired()) {
            part.set(FunctionFlag.NO_INLINE);
        }
        calls(part.parts());
        return own(part);
    }

    private Tracing.Built own(Tracing.Built part) {
        parts.own(part.function());
        parts.own(part.parts());
        attachFunction(part.function());
        runs(part);
        if (!part.writes()) {
            readers.add(part.function().getDefinedName());
        }
        if (effects() != null) {
            effects().uses(part.variables());
        }
        return part;
    }

    /** Makes what a function is made of known here, so that an op of this trace can run it. */
    void calls(FunctionParts called) {
        FunctionDefLibrary.Builder library = FunctionDefLibrary.newBuilder();
        parts.hold(called)
                .forEach(name -> library.addFunction(session().functions().definition(name)));
        attachLibrary(library.build());
    }

    /** Notes that a function will run as a part of this graph. */
    void runs(Tracing.Built function) {
        variables.addAll(function.variables());
        writes |= function.writes();
        paired |= function.paired();
    }

    /** The names of all variables that the graph uses, and the functions that it runs. */
    Set<String> variables() {
        return variables;
    }

    /** Whether the graph, or a function that it runs, changes state. */
    boolean writes() {
        return writes;
    }

    /**
     * Whether there is an op that oneDNN runs only where it has met its partner of the forward pass before. It looks at ops in an
     * order in which those come later that depend on others, which a loop in a graph leaves to the addresses of its ops: in one
     * process of three a net with pools took a third longer.
     */
    boolean isPaired() {
        return paired;
    }

    /** What is being traced is made of. */
    FunctionParts parts() {
        return parts;
    }

    @Override
    void attachLibrary(FunctionDefLibrary library) {
        if (library.getFunctionCount() > 0) {
            graph.importGraphDef(GraphDef.newBuilder()
                    .setVersions(VERSIONS)
                    .setLibrary(library)
                    .build());
        }
    }

    @Override
    public void fence(List<? extends Operand<?>> before) {
        fence(operations(before));
    }

    @Override
    public void fenceFailures(List<? extends Operand<?>> before) {
        fence(fences.mayFail(operations(before)));
    }

    private Set<Operation> operations(List<? extends Operand<?>> operands) {
        Set<Operation> operations = Fences.set();
        operands.forEach(operand -> operations.add(local(operand.asOutput()).op()));
        return operations;
    }

    private void fence(Set<Operation> awaited) {
        awaited.addAll(order.pending());
        fences.add(graph.opBuilder("NoOp", unique("fence"), graph.baseScope()), awaited);
    }

    private static Operation build(OpCall call, OperationBuilder builder) {
        try {
            return builder.build();
        } catch (TensorFlowException | IllegalArgumentException e) {
            throw EagerExecutor.failure(call, e.getMessage());
        }
    }

    /** An input of this graph. Taking an eager operand's value as a constant would hide that the step never sees it change. */
    private Output<?> local(Output<?> input) {
        if (input.op().env() == graph) {
            return input;
        }
        throw new IllegalArgumentException(
                "Output '" + input.op().name() + "' of op " + input.op().type()
                        + " was made outside the step that is being compiled, so the compiled step could never see it change."
                        + " Make constants inside the step with the Ops it is given, and keep what changes in a Variable");
    }

    private String unique(String name) {
        int before = namesGiven.merge(name, 1, Integer::sum) - 1;
        return before == 0 ? name : unique(name + "_" + before);
    }

    /** The handle of a variable inside this graph, found by the name under which the session keeps its value. */
    @Override
    public Output<? extends TType> resource(
            String sharedName, Class<? extends TType> type, Shape shape, Output<? extends TType> eagerHandle) {
        return handles.computeIfAbsent(sharedName, key -> {
            variables.add(sharedName);
            Used used = new Used(sharedName, type, shape, eagerHandle);
            if (session().environment().isAutoWatched(eagerHandle.op())) {
                watched.add(used);
            }
            if (captured != null) {
                return capture(used);
            }
            Output<? extends TType> handle = VarHandleOp.create(
                            baseScope(), type, shape, VarHandleOp.sharedName(sharedName))
                    .asOutput();
            if (session().environment().isAutoWatched(eagerHandle.op())) {
                autoWatch(handle.op(), shape);
            }
            return handle;
        });
    }

    private Output<? extends TType> capture(Used used) {
        Output<? extends TType> placeholder = graph.opBuilder("Placeholder", unique("handle"), graph.baseScope())
                .setAttr("dtype", DataType.DT_RESOURCE)
                .setAttr("shape", Shape.scalar())
                .build()
                .output(0);
        captured.add(used);
        captures.add(placeholder);
        if (session().environment().isAutoWatched(used.eagerHandle().op())) {
            autoWatch(placeholder.op(), used.shape());
        }
        return placeholder;
    }

    /** Whether variables are inputs of the graph, so that functions it runs have to take theirs as inputs, too. */
    boolean isCapturing() {
        return captured != null;
    }

    /** Placeholders for the variables used, to be inputs of the function after its own. */
    List<Output<?>> captures() {
        return captures;
    }

    /** What to give for {@link #captures}. */
    List<Used> captured() {
        return captured == null ? List.of() : captured;
    }

    /** The variables used that tapes watch by themselves. */
    List<Used> watched() {
        return watched;
    }

    /** Operands that are ready only when all effects of the trace have happened. */
    List<Operand<?>> afterAllEffects(List<? extends Operand<?>> results) {
        List<Operation> pending = order.pending();
        List<Operand<?>> after = new ArrayList<>();
        for (Operand<?> result : results) {
            OperationBuilder identity = graph.opBuilder("Identity", unique("result"), graph.baseScope());
            identity.addInput(local(result.asOutput()));
            pending.forEach(identity::addControlInput);
            after.add(identity.build().output(0));
        }
        return after;
    }
}
