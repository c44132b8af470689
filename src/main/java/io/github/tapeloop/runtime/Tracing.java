package io.github.tapeloop.runtime;

import io.github.tapeloop.op.SerialExecutor;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Signature;
import org.tensorflow.op.Ops;

/** The tracer: makes functions of what a body does with ops. */
final class Tracing {

    private Tracing() {}

    /** Which inputs a function takes of those it is traced with. */
    enum Inputs {
        ALL,
        /** Those that matter for results or effects. */
        USED,
        /** All, and then the handles of the variables, which XLA wants as inputs. */
        WITH_VARIABLES
    }

    /**
     * A function.
     *
     * @param used the places of the inputs that it takes: it is not given those that nothing depends on
     * @param captured the variables whose handles it takes after its inputs
     * @param watched the variables it uses that tapes watch by themselves
     * @param inputs what its inputs look like
     * @param outputs what its results look like
     * @param serial whether {@link SerialExecutor} may run it
     * @param parts what else it is made of, to be closed with it
     * @param variables the names of all variables that it uses
     * @param writes whether it changes state
     * @param paired whether oneDNN runs an op of it only in a graph without loops, see {@link TraceEnvironment#isPaired}
     */
    record Built(
            ConcreteFunction function,
            int[] used,
            List<TraceEnvironment.Used> captured,
            List<TraceEnvironment.Used> watched,
            List<Spec> inputs,
            List<Spec> outputs,
            boolean serial,
            FunctionParts parts,
            Set<String> variables,
            boolean writes,
            boolean paired) {

        /** Sets a flag before the function is known anywhere. It is closed if that fails. */
        void set(FunctionFlag flag) {
            try {
                flag.set(function);
            } catch (RuntimeException | Error e) {
                function.close();
                parts.close();
                throw e;
            }
        }
    }

    static Built build(TapeSession session, String name, List<Spec> inputs, Inputs taken, TracedFunction.Body body) {
        boolean entered = session.begin();
        try (Graph graph = new Graph()) {
            TraceEnvironment environment =
                    new TraceEnvironment(session, graph, session.device(), taken == Inputs.WITH_VARIABLES);
            try {
                return build(environment, graph, name, inputs, taken, body);
            } catch (RuntimeException | Error e) {
                environment.parts().close();
                throw e;
            }
        } finally {
            session.end(entered);
        }
    }

    private static Built build(
            TraceEnvironment environment,
            Graph graph,
            String name,
            List<Spec> inputs,
            Inputs taken,
            TracedFunction.Body body) {
        TapeSession session = environment.session();
        List<Operand<?>> placeholders = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Output<?> placeholder = graph.opBuilder("Placeholder", "input_" + i, graph.baseScope())
                    .setAttr("dtype", inputs.get(i).type())
                    .setAttr("shape", inputs.get(i).shape())
                    .build()
                    .output(0);
            placeholders.add(placeholder);
        }
        List<? extends Operand<?>> results = body.apply(Ops.create(environment), placeholders);
        if (results.isEmpty()) {
            throw new IllegalArgumentException("The body of a traced function must return at least one operand");
        }
        List<Operand<?>> ready = environment.afterAllEffects(results);
        int[] used = IntStream.range(0, inputs.size()).toArray();
        if (taken == Inputs.USED) {
            Set<GraphOperation> reached = graph.subgraphTo(new HashSet<>(ready));
            used = IntStream.of(used)
                    .filter(i -> reached.contains(placeholders.get(i).op()))
                    .toArray();
        }
        TracedGraphs.of(session).traced(name, graph);
        Signature signature =
                signature(session.functions().unique(name), placeholders, used, environment.captures(), ready);
        return new Built(
                function(name, signature, graph, results),
                used,
                environment.captured(),
                List.copyOf(environment.watched()),
                List.copyOf(inputs),
                results.stream().<Spec>map(Spec::of).toList(),
                session.functions().areSerial()
                        && taken != Inputs.WITH_VARIABLES
                        && SerialExecutor.suits(graph.toGraphDef()),
                environment.parts(),
                Set.copyOf(environment.variables()),
                environment.writes(),
                environment.isPaired());
    }

    private static ConcreteFunction function(
            String name, Signature signature, Graph graph, List<? extends Operand<?>> results) {
        try {
            return ConcreteFunction.create(signature, graph);
        } catch (
                IllegalArgumentException
                        e) { // TensorFlow Java looks for the class of each result, and names the type only.
            List<String> described = results.stream()
                    .map(result -> Tensors.describe(result) + " of "
                            + result.op().type() + " '" + result.op().name() + "'")
                    .toList();
            throw new IllegalArgumentException(
                    "Traced function '" + name + "' cannot give back " + described + ": " + e.getMessage()
                            + ". Of complex numbers return tf.real and tf.imag; cast others to a type that it has",
                    e);
        }
    }

    private static Signature signature(
            String name,
            List<Operand<?>> placeholders,
            int[] used,
            List<Output<?>> captures,
            List<Operand<?>> results) {
        Signature.Builder signature = Signature.builder().key(name);
        for (int i = 0; i < results.size(); i++) {
            signature.output("output_" + i, results.get(i));
        }
        for (int i : used) {
            signature.input("input_" + i, placeholders.get(i));
        }
        for (int i = 0; i < captures.size(); i++) {
            signature.input("captured_" + i, captures.get(i));
        }
        return signature.build();
    }
}
