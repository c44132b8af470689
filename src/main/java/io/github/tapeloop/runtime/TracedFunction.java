package io.github.tapeloop.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
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
    private final String name;
    private final int inputs;

    private TracedFunction(TapeSession session, ConcreteFunction function, String name, int inputs) {
        this.session = session;
        this.function = function;
        this.name = name;
        this.inputs = inputs;
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

        @Override
        public String toString() {
            return Tensors.name(type) + " " + shape;
        }
    }

    /**
     * Traces a function.
     *
     * @param session the session whose variables it uses, and in which it will run
     * @param name what it is, for messages and graphs: letters, digits and underscores
     * @param inputs what its inputs look like
     * @param body makes ops with the {@code Ops} it is given, from placeholders for the inputs; returns the results, at
     *     least one
     * @return the function, to be closed by the caller or with the session
     * @throws IllegalArgumentException if the body uses operands made outside it, or reads a value
     * @throws OpException if an op cannot be part of a graph
     */
    public static TracedFunction trace(
            TapeSession session,
            String name,
            List<Spec> inputs,
            BiFunction<Ops, List<Operand<?>>, ? extends List<? extends Operand<?>>> body) {
        try (Graph graph = new Graph()) {
            TraceEnvironment environment = new TraceEnvironment(session, graph, session.device());
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
            ConcreteFunction function = ConcreteFunction.create(signature.build(), graph);
            TracedFunction traced = new TracedFunction(session, function, function.getDefinedName(), inputs.size());
            session.attach(function);
            session.onClose(traced.closing);
            return traced;
        }
    }

    private final Runnable closing = this::close;

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
                    "Function " + name + " takes " + inputs + " inputs, got " + arguments.size());
        }
        OperationBuilder call = session.tf().scope().opBuilder(name, name);
        for (Operand<?> argument : arguments) {
            call.addInput(argument.asOutput());
        }
        Operation operation = call.build();
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
