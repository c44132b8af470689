package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * The call of a model without data: traced with placeholders, as a training step of a compiled trainer is, and never run. It
 * makes the weights, by the seeds that a first step would make them by, and shows the shapes.
 */
final class Build {

    private final TapeSession session;
    private final Model model;
    private final Map<String, Shape> outputs = new LinkedHashMap<>();
    private Map<Layer, List<Shape>> shapes = Map.of();

    private Build(TapeSession session, Model model) {
        this.session = session;
        this.model = model;
    }

    /** Builds a model; if that fails, what it has made is undone. */
    static Build of(Model model, TapeSession session, DtypePolicy precision, Map<String, Spec> inputs) {
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("Model '" + model.path() + "' is built for at least one input");
        }
        inputs.forEach((name, spec) -> requireBatch(model, name, spec));
        Set<Variable<?>> before = new HashSet<>();
        for (Variable<?> weight : model.variables()) {
            if (weight.session() != session) {
                throw new IllegalStateException("Model '" + model.path() + "' belongs to another TapeSession: build a"
                        + " new model there, and give it the weights by variables().assign(tf, model.variables())");
            }
            before.add(weight);
        }
        Build build = new Build(session, model);
        try {
            build.run(precision, inputs);
            model.variables(); // Refuses two of one name.
        } catch (RuntimeException | Error e) {
            model.tree().forEach(layer -> layer.forgetAllBut(before));
            throw e;
        }
        return build;
    }

    private static void requireBatch(Model model, String name, Spec spec) {
        if (spec.shape().isUnknown() || spec.shape().numDimensions() < 1) {
            throw new IllegalArgumentException("Input '" + name + "' of model '" + model.path() + "' has the shape "
                    + spec.shape() + ": give one that begins with the batch, Shape.of(-1, …), -1 for any size");
        }
    }

    private void run(DtypePolicy precision, Map<String, Spec> inputs) {
        List<String> names = List.copyOf(inputs.keySet());
        TracedFunction.trace(session, "build", List.copyOf(inputs.values()), (tf, placeholders) -> {
                    Map<String, Operand<TFloat32>> named = new LinkedHashMap<>();
                    names.forEach(name -> named.put(name, ForwardPass.input(placeholders.get(named.size()))));
                    return List.copyOf(call(tf, precision, named).values());
                })
                .close();
    }

    private Map<String, Operand<TFloat32>> call(Ops tf, DtypePolicy precision, Map<String, Operand<TFloat32>> inputs) {
        Graph graph = (Graph) inputs.values().iterator().next().op().env();
        ForwardPass pass = ForwardPass.training(tf, session.seed(), () -> tf.constant(0L)) // Counts no pass.
                .in(precision);
        OutputShapes told = new OutputShapes(graph, pass.tf().scope().env());
        Map<String, Operand<TFloat32>> given = pass.telling(told).call(model, inputs);
        given.forEach((name, y) -> outputs.put(name, y.shape()));
        shapes = told.of(model);
        return given;
    }

    /** The shapes that came out, by the names of the outputs. */
    Map<String, Shape> outputs() {
        return Collections.unmodifiableMap(outputs);
    }

    /** The shapes that came out of the model and of all inside it. */
    Map<Layer, List<Shape>> shapes() {
        return shapes;
    }

    /** Inputs of float32. */
    static Spec floats(Shape shape) {
        return new Spec(DataType.DT_FLOAT, shape);
    }
}
