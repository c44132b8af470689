package io.github.tapeloop.tape;

import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.Graph;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.family.TType;

/**
 * Gradient rules taken from TensorFlow's C++ library. That library differentiates graphs only, so the op is put alone
 * into a scratch graph between placeholders, {@code addGradients} is called there, and the ops it adds are kept as a
 * {@link GraphRule}: a list of ops to make again, in whatever environment the gradient is wanted. The scratch graph is
 * closed at once; the op's real outputs take the place of those it had there, so nothing is computed twice.
 */
final class GraphGradients {

    private static final int MAX_RULES = 4096;

    private final Map<String, Optional<GraphRule>> rules = new HashMap<>();

    /** Signatures of ops whose gradients the library builds only when it knows the shapes of whole numbers among inputs. */
    private final Set<String> needShapes = new HashSet<>();

    /** A rule for an op, or empty if the C++ library knows none for its type. */
    Optional<GradientRule> ruleFor(RecordedOp op) {
        if (!CppRegistry.hasGradient(op.type())) {
            return Optional.empty();
        }
        return Optional.of((tf, gradient) -> {
            String signature = op.signature();
            Optional<GraphRule> rule;
            if (needShapes.contains(signature)) {
                rule = rule(op, gradient, true);
            } else {
                try {
                    rule = rule(op, gradient, false);
                } catch (GradientException e) {
                    rule = rule(op, gradient, true);
                    needShapes.add(signature);
                }
            }
            rule.ifPresent(found -> found.apply(tf, gradient));
        });
    }

    private Optional<GraphRule> rule(RecordedOp op, OpGradient gradient, boolean shapes) {
        String key = key(op, gradient, shapes);
        Optional<GraphRule> rule = rules.get(key);
        if (rule == null) {
            if (rules.size() >= MAX_RULES) {
                rules.clear(); // Only a program that makes attributes up as it runs gets here.
            }
            rule = derive(op, gradient, shapes);
            rules.put(key, rule);
        }
        return rule;
    }

    private static String key(RecordedOp op, OpGradient gradient, boolean shapes) {
        StringBuilder key = new StringBuilder(op.signature());
        for (int i = 0; i < op.inputs(); i++) {
            key.append(',').append(op.input(i).dataType().getNumber()).append(known(op.input(i), shapes));
        }
        return key.append(gradient.pattern()).toString();
    }

    private static Optional<GraphRule> derive(RecordedOp op, OpGradient gradient, boolean shapes) {
        try (Graph graph = new Graph()) {
            Ops tf = Ops.create(graph);
            Output<?>[] inputs = new Output<?>[op.inputs()];
            for (int i = 0; i < inputs.length; i++) {
                inputs[i] = placeholder(tf, GraphRule.INPUT + i, op.input(i), shapes);
            }
            Operation forward =
                    op.rebuild(tf.scope().env().opBuilder(op.type(), GraphRule.FORWARD, tf.scope()), inputs);
            BackwardArguments back = BackwardArguments.of(gradient, 0, 0);
            List<Output<?>> y = new ArrayList<>();
            List<Output<?>> dy = new ArrayList<>();
            for (int k : back.outputs()) {
                y.add(forward.output(k));
                dy.add(placeholder(tf, GraphRule.OUTPUT_GRADIENT + k, op.output(k), shapes));
            }
            List<Integer> wanted = back.wanted();
            List<Output<?>> x = wanted.stream().<Output<?>>map(i -> inputs[i]).toList();
            Output<?>[] dx = graph.addGradients(
                    "gradient", y.toArray(Output<?>[]::new), x.toArray(Output<?>[]::new), dy.toArray(Output<?>[]::new));
            Map<Integer, String> results = new HashMap<>();
            for (int i = 0; i < dx.length; i++) {
                if (!dx[i].isClosed()) { // A null handle is how the library says: no gradient for this input.
                    results.put(wanted.get(i), dx[i].op().name() + ":" + dx[i].index());
                }
            }
            return results.isEmpty() ? Optional.empty() : Optional.of(GraphRule.of(graph.toGraphDef(), results));
        } catch (TensorFlowException | IllegalArgumentException e) { // Its exceptions have two roots.
            throw new GradientException(
                    "TensorFlow's C++ gradient of op " + op.type() + " '" + op.name() + "' cannot be built: "
                            + e.getMessage(),
                    e);
        }
    }

    /**
     * What the library may know of an input: the rank, and, if nothing less will do, the whole shape where whole numbers say
     * what to do, since the shapes of other things follow from it (a block shape of two numbers, say).
     */
    private static Shape known(Output<?> output, boolean shapes) {
        Shape shape = Tensors.shape(output);
        if (shape.isUnknown() || (shapes && !Tensors.isDifferentiable(output.dataType()))) {
            return shape;
        }
        long[] open = new long[shape.numDimensions()];
        Arrays.fill(open, Shape.UNKNOWN_SIZE);
        return Shape.of(open);
    }

    private static Output<? extends TType> placeholder(Ops tf, String name, Output<?> like, boolean shapes) {
        DataType type = like.dataType();
        return tf.scope()
                .env()
                .opBuilder("Placeholder", name, tf.scope())
                .setAttr("dtype", type)
                .setAttr("shape", known(like, shapes))
                .build()
                .output(0);
    }
}
