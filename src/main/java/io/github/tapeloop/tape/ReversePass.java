package io.github.tapeloop.tape;

import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.IndexedSlices;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.family.TType;

/**
 * One pass back over a tape. A first sweep forward marks the ops that a source leads to, so that the sweep back touches
 * only what lies between sources and targets.
 */
final class ReversePass {

    private final Ops tf;
    private final GradientRegistry registry;
    private final List<RecordedOp> ops;
    private final Map<Operation, Integer> places;
    private final Origins origins;
    private final List<? extends Operand<?>> sources;
    private final Map<Operation, Boolean> sourceOps = new IdentityHashMap<>();
    private final boolean[] reached;
    private final Map<Operation, Operand<?>[]> gradients = new IdentityHashMap<>();

    ReversePass(
            Ops tf,
            GradientRegistry registry,
            List<RecordedOp> ops,
            Map<Operation, Integer> places,
            Origins origins,
            List<? extends Operand<?>> sources) {
        this.tf = tf;
        this.registry = registry;
        this.ops = ops;
        this.places = places;
        this.origins = origins;
        this.sources = sources;
        sources.forEach(source -> sourceOps.put(source.asOutput().op(), true));
        this.reached = new boolean[ops.size()];
        for (int i = 0; i < reached.length; i++) {
            RecordedOp op = ops.get(i);
            for (int k = 0; k < op.inputs() && !reached[i]; k++) {
                reached[i] = leadsFromSource(op.input(k));
            }
        }
    }

    private boolean leadsFromSource(Output<?> output) {
        if (sourceOps.containsKey(output.op())) {
            return true;
        }
        Integer place = places.get(output.op());
        return place != null && place >= 0 && place < reached.length && reached[place];
    }

    /** Starts from a target, with the given weight of its elements or with ones. */
    void seed(Operand<?> target, Operand<?> weight) {
        Output<?> output = target.asOutput();
        if (!leadsFromSource(output)) {
            return;
        }
        if (weight != null && !fits(weight, output)) {
            throw new IllegalArgumentException("The output gradient must have the target's shape and type, "
                    + Tensors.describe(target) + ", got " + Tensors.describe(weight));
        }
        add(output, weight != null ? weight : ones(output));
    }

    /** A loss is a scalar nearly always, and a constant costs less than an op. */
    private Operand<?> ones(Output<?> output) {
        return Tensors.rank(output) == 0 && output.dataType() == DataType.DT_FLOAT
                ? tf.constant(1f)
                : tf.onesLike(output);
    }

    void run() {
        for (int i = ops.size() - 1; i >= 0; i--) {
            RecordedOp op = ops.get(i);
            Operand<?>[] ofOutputs = gradients.get(op.operation());
            if (ofOutputs != null && reached[i]) {
                propagate(op, ofOutputs);
            }
        }
    }

    private void propagate(RecordedOp op, Operand<?>[] ofOutputs) {
        boolean[] needed = new boolean[op.inputs()];
        for (int k = 0; k < needed.length; k++) {
            needed[k] = leadsFromSource(op.input(k)) && Tensors.carriesGradient(op.input(k));
        }
        GradientRule rule = registry.ruleFor(op).orElseThrow(() -> missing(op));
        // A copy: a rule's zeros for an output without gradient must not look like a gradient of a source.
        OpGradient gradient = new OpGradient(tf, op, origins, ofOutputs.clone(), needed);
        try {
            rule.apply(tf, gradient);
        } catch (RuntimeException e) { // TensorFlow's exceptions have two roots, and a rule may divide by a size of 0.
            if (e.getClass()
                    == IllegalStateException.class) { // What is closed or another thread's is no fault of a rule.
                throw e;
            }
            boolean hasWords = e instanceof TapeloopException || e instanceof IllegalArgumentException;
            throw new GradientException(
                    "The gradient of op " + op.type() + " '" + op.name() + "' failed: "
                            + (hasWords ? e.getMessage() : e)
                            + ". Path from the target: " + path(op),
                    e);
        }
        for (int k = 0; k < needed.length; k++) {
            Operand<?> ofInput = gradient.inputGradient(k);
            if (ofInput != null) {
                requireFits(op, k, ofInput);
                add(op.input(k), ofInput);
            }
        }
    }

    private void requireFits(RecordedOp op, int index, Operand<?> gradient) {
        Output<?> input = op.input(index);
        if (input.dataType() == DataType.DT_RESOURCE) {
            return;
        }
        if (!fits(gradient, input)) {
            throw new GradientException("The gradient rule of op " + op.type() + " '" + op.name()
                    + "' must give input " + index + " a gradient like the input, " + Tensors.describe(input)
                    + ", but gave " + Tensors.describe(gradient)
                    + ": sum or reshape it in the rule. Path from the target: " + path(op));
        }
    }

    private static boolean fits(Operand<?> gradient, Output<?> output) {
        if (gradient instanceof IndexedSlices<?> slices) {
            return slices.values().asOutput().dataType() == output.dataType()
                    && slices.shape().isCompatibleWith(Tensors.shape(output));
        }
        return gradient.asOutput().dataType() == output.dataType()
                && Tensors.shape(gradient).isCompatibleWith(Tensors.shape(output));
    }

    private void add(Output<?> output, Operand<?> gradient) {
        Operand<?>[] ofOp = gradients.computeIfAbsent(output.op(), operation -> new Operand<?>[operation.numOutputs()]);
        Operand<?> before = ofOp[output.index()];
        ofOp[output.index()] = before == null ? gradient : sum(before, gradient);
    }

    @SuppressWarnings("unchecked") // Both are gradients of one output, so they have its type.
    private <T extends TType> Operand<T> sum(Operand<?> a, Operand<?> b) {
        if (a instanceof IndexedSlices<?> && b instanceof IndexedSlices<?>) {
            return ((IndexedSlices<T>) a).plus((IndexedSlices<T>) b);
        }
        return tf.math.add((Operand<T>) a, (Operand<T>) b);
    }

    List<Optional<Operand<?>>> gradients() {
        List<Optional<Operand<?>>> result = new ArrayList<>(sources.size());
        for (Operand<?> source : sources) {
            Operand<?>[] ofOp = gradients.get(source.asOutput().op());
            result.add(Optional.ofNullable(
                    ofOp == null ? null : ofOp[source.asOutput().index()]));
        }
        return result;
    }

    private GradientException missing(RecordedOp op) {
        return new GradientException("No gradient rule for op " + op.type() + " '" + op.name()
                + "'. Path from the target: " + path(op)
                + ". Register one with GradientRegistry.of(session).register(\"" + op.type()
                + "\", (tf, op) -> …), or cut the path with tf.stopGradient");
    }

    /** The ops between a target and {@code end}, found by following gradients that were propagated so far. */
    private String path(RecordedOp end) {
        List<String> names = new ArrayList<>();
        Operation wanted = end.operation();
        names.add(end.type());
        for (int i = places.get(wanted) + 1; i < ops.size(); i++) {
            RecordedOp op = ops.get(i);
            if (gradients.containsKey(op.operation()) && uses(op, wanted)) {
                names.add(0, op.type());
                wanted = op.operation();
            }
        }
        return String.join(" ← ", names);
    }

    private static boolean uses(RecordedOp op, Operation operation) {
        for (int k = 0; k < op.inputs(); k++) {
            if (op.input(k).op() == operation) {
                return true;
            }
        }
        return false;
    }
}
