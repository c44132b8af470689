package io.github.tapeloop.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.Signature;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;

/**
 * Ops that were made once into a graph and now run in one native call, on the variables of the session they were traced
 * in. Reads and writes of variables, and other ops with effects, happen in the order in which the program made them.
 *
 * <p>Java code in the body runs while tracing, and never again. Used on the thread of its session.
 */
public final class TracedFunction implements AutoCloseable {

    private final TapeSession session;
    private final ConcreteFunction function;
    private final String label;
    private final String name;
    private final int inputs;
    private final List<? extends Output<?>> captured;
    private final Runnable closing = this::close;

    private TracedFunction(TapeSession session, Built built, String label, int inputs) {
        this.session = session;
        this.label = label;
        this.function = built.function();
        this.captured = built.captured();
        this.name = function.getDefinedName();
        this.inputs = inputs;
        session.attach(function);
        session.onClose(closing);
    }

    /**
     * What an input looks like.
     *
     * @param type its data type
     * @param shape its shape; -1 for a dimension that may differ from call to call
     */
    public record Spec(DataType type, Shape shape) {

        /**
         * What an operand looks like.
         *
         * @param operand any operand
         * @return its type and shape
         */
        public static Spec of(Operand<?> operand) {
            return new Spec(Tensors.dataType(operand), Tensors.shape(operand));
        }

        /** Open dimensions are equal to each other here, as those of a {@link Shape} are not. */
        @Override
        public boolean equals(Object other) {
            return other instanceof Spec spec
                    && type == spec.type
                    && Arrays.equals(shape.asArray(), spec.shape.asArray());
        }

        @Override
        public int hashCode() {
            return 31 * type.hashCode() + Arrays.hashCode(shape.asArray());
        }

        @Override
        public String toString() {
            return Tensors.name(type) + " " + shape;
        }
    }

    /** Makes the ops of a function from placeholders for its inputs. */
    @FunctionalInterface
    public interface Body extends BiFunction<Ops, List<Operand<?>>, List<? extends Operand<?>>> {}

    /**
     * Traces a function.
     *
     * @param session the session whose variables it uses, and in which it will run
     * @param name what it is, for messages and graphs: letters, digits and underscores
     * @param inputs what its inputs look like
     * @param body makes ops with the {@code Ops} it is given; returns the results, at least one
     * @return the function, to be closed by the caller or with the session
     * @throws IllegalArgumentException if the body uses operands made outside it, or reads a value
     * @throws OpException if an op cannot be part of a graph
     */
    public static TracedFunction trace(TapeSession session, String name, List<Spec> inputs, Body body) {
        return new TracedFunction(session, build(session, name, inputs, false, body), name, inputs.size());
    }

    /**
     * Traces a function and has XLA compile it to machine code when it is called.
     *
     * @param session the session whose variables it uses, and in which it will run
     * @param name what it is, for messages and graphs: letters, digits and underscores
     * @param inputs what its inputs look like; for each shape they have in a call, XLA compiles anew
     * @param body makes ops with the {@code Ops} it is given; returns the results, at least one
     * @return the function, to be closed by the caller or with the session; a call fails with an {@link OpException} that
     *     names the op if XLA cannot compile one
     */
    public static TracedFunction jitCompiled(TapeSession session, String name, List<Spec> inputs, Body body) {
        Built built = build(session, name, inputs, true, body);
        byte[] yes = AttrValue.newBuilder().setB(true).build().toByteArray();
        try (BytePointer proto = new BytePointer(yes);
                PointerScope scope = new PointerScope()) {
            TF_Status status = TF_Status.newStatus();
            tensorflow.TF_FunctionSetAttrValueProto(
                    TensorFlowInternals.handle(built.function()), "_XlaMustCompile", proto, yes.length, status);
            status.throwExceptionIfNotOK();
        }
        return new TracedFunction(session, built, name, inputs.size());
    }

    /**
     * Traces a function that runs a body again and again in one call, by a loop in the graph. Its first input is how often,
     * an int32 scalar; the others are those given, the same in every round.
     *
     * @param session the session whose variables it uses, and in which it will run
     * @param name what it is, for messages and graphs: letters, digits and underscores
     * @param inputs what the inputs of the body look like, but for the first, the number of the round, an int32 scalar
     *     from 0
     * @param body makes the ops of one round; returns one float32 scalar, of which the function gives the last
     * @return the function, to be closed by the caller or with the session
     */
    public static TracedFunction repeat(TapeSession session, String name, List<Spec> inputs, Body body) {
        List<Spec> carried = new ArrayList<>(); // Round, rounds, result; then the inputs, handed from round to round.
        carried.add(new Spec(DataType.DT_INT32, Shape.scalar()));
        carried.add(new Spec(DataType.DT_INT32, Shape.scalar()));
        carried.add(new Spec(DataType.DT_FLOAT, Shape.scalar()));
        carried.addAll(inputs);
        Built round = build(session, name + "_round", carried, false, (tf, state) -> {
            List<Operand<?>> given = new ArrayList<>(state.subList(3, state.size()));
            given.add(0, state.get(0));
            Operand<?> result = body.apply(tf, given).get(0);
            List<Operand<?>> next = new ArrayList<>(state);
            next.set(0, increment(tf, state.get(0)));
            next.set(2, result);
            return next;
        });
        Built goesOn = build(
                session,
                name + "_goes_on",
                carried,
                false,
                (tf, state) -> List.of(tf.scope()
                        .opBuilder("Less", "Less")
                        .addInput(state.get(0).asOutput())
                        .addInput(state.get(1).asOutput())
                        .build()
                        .output(0)));
        List<Spec> outer = new ArrayList<>(inputs);
        outer.add(0, carried.get(1));
        Built loop = build(session, name, outer, false, (tf, given) -> {
            List<Operand<?>> state = new ArrayList<>(given);
            state.add(0, tf.constant(0));
            state.add(2, tf.constant(0f));
            RecordingEnvironment.of(tf).attachFunction(goesOn.function());
            RecordingEnvironment.of(tf).attachFunction(round.function());
            Operation whileOp = tf.scope()
                    .opBuilder("While", "While")
                    .addInputList(state.stream().map(Operand::asOutput).toArray(Output<?>[]::new))
                    .setAttr("T", carried.stream().map(Spec::type).toArray(DataType[]::new))
                    .setAttr("cond", goesOn.function())
                    .setAttr("body", round.function())
                    .setAttr("parallel_iterations", 1L)
                    .setAttr("_lower_using_switch_merge", true)
                    .build();
            return List.of(whileOp.output(2));
        });
        session.onClose(round.function()::close);
        session.onClose(goesOn.function()::close);
        return new TracedFunction(session, loop, name, outer.size());
    }

    private static Output<?> increment(Ops tf, Operand<?> number) {
        return tf.scope()
                .opBuilder("AddV2", "Next")
                .addInput(number.asOutput())
                .addInput(tf.constant(1).asOutput())
                .build()
                .output(0);
    }

    /** A function, and the eager handles of variables that it takes after its inputs. */
    record Built(ConcreteFunction function, List<? extends Output<?>> captured) {}

    static Built build(TapeSession session, String name, List<Spec> inputs, boolean capture, Body body) {
        try (Graph graph = new Graph()) {
            TraceEnvironment environment = new TraceEnvironment(session, graph, session.device(), capture);
            Signature.Builder signature = Signature.builder().key(name);
            List<Operand<?>> placeholders = new ArrayList<>();
            for (int i = 0; i < inputs.size(); i++) {
                Output<?> placeholder = graph.opBuilder("Placeholder", "input_" + i, graph.baseScope())
                        .setAttr("dtype", inputs.get(i).type())
                        .setAttr("shape", inputs.get(i).shape())
                        .build()
                        .output(0);
                placeholders.add(placeholder);
                signature.input("input_" + i, placeholder);
            }
            List<? extends Operand<?>> results = body.apply(Ops.create(environment), placeholders);
            if (results.isEmpty()) {
                throw new IllegalArgumentException("The body of a traced function must return at least one operand");
            }
            List<Operand<?>> ready = environment.afterAllEffects(results);
            for (int i = 0; i < ready.size(); i++) {
                signature.output("output_" + i, ready.get(i));
            }
            for (int i = 0; i < environment.captures().size(); i++) {
                signature.input("captured_" + i, environment.captures().get(i));
            }
            TracedGraphs.of(session).traced(name, graph);
            return new Built(ConcreteFunction.create(signature.build(), graph), environment.captured());
        }
    }

    /**
     * Runs the function.
     *
     * @param arguments as many as there are inputs, of their types and shapes
     * @return the results, which belong to the innermost scope
     * @throws OpException if an op fails
     */
    public List<Output<?>> call(List<? extends Operand<?>> arguments) {
        if (arguments.size() != inputs) {
            throw new IllegalArgumentException(
                    "Function " + label + " takes " + inputs + " inputs, got " + arguments.size());
        }
        OperationBuilder call = session.tf().scope().opBuilder(name, name);
        for (Operand<?> argument : arguments) {
            call.addInput(argument.asOutput());
        }
        captured.forEach(call::addInput);
        Operation operation;
        try {
            operation = call.build();
        } catch (OpException e) { // TensorFlow speaks of the function by the unique name it has there.
            throw new OpException(label, e.getMessage().replace(name, label));
        }
        List<Output<?>> results = new ArrayList<>(operation.numOutputs());
        for (int i = 0; i < operation.numOutputs(); i++) {
            results.add(operation.output(i));
        }
        return results;
    }

    /** Frees the function. Closing twice is allowed. */
    @Override
    public void close() {
        session.cancelOnClose(closing);
        function.close();
    }
}
