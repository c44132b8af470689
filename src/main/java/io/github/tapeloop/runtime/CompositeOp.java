package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.RecordingEnvironment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;

/** Ops that recorders hear of as one, for {@link RecordingEnvironment#composite}. */
final class CompositeOp {

    private record Place(Operation operation, int index) {}

    private final SessionEnvironment environment;
    private final OpCall call;
    private final List<Operand<?>> inside = new ArrayList<>();
    private final Set<Operation> made = Collections.newSetFromMap(new IdentityHashMap<>());
    /** What the ops use from outside besides the inputs. */
    private final Map<Place, Output<?>> captured = new LinkedHashMap<>();

    CompositeOp(SessionEnvironment environment, String type, List<? extends Operand<?>> inputs) {
        this.environment = environment;
        this.call = new OpCall(none -> null, type, type, environment.baseScope());
        inputs.forEach(input -> call.addInput(input.asOutput()));
    }

    List<Operand<?>> run(Function<List<Operand<?>>, ? extends List<? extends Operand<?>>> body, Object tag) {
        Operation bundle = apart(body);
        captured.values().forEach(call::addInput);
        environment.tell(new RecordedOp(call, bundle, tag));
        List<Operand<?>> results = new ArrayList<>();
        for (int i = 0; i < bundle.numOutputs(); i++) {
            results.add(bundle.output(i));
        }
        return results;
    }

    /** Runs the ops, and one that bundles their results, so that these belong to an operation that nothing else is. */
    private Operation apart(Function<List<Operand<?>>, ? extends List<? extends Operand<?>>> body) {
        int hearing = environment.deafen();
        OpRecorder listener = this::note;
        try {
            for (int i = 0; i < call.inputs(); i++) {
                Operation copy = bundle("Input", List.of(call.input(i)));
                made.add(copy);
                inside.add(copy.output(0));
            }
            environment.startRecording(listener);
            List<? extends Operand<?>> results = body.apply(Collections.unmodifiableList(inside));
            if (results.isEmpty()) {
                throw new IllegalArgumentException(call.type() + " needs a function with at least one result");
            }
            return bundle("Results", results); // Heard as well: a result may be an operand made outside.
        } finally {
            environment.stopRecording(listener);
            environment.hearAgain(hearing);
        }
    }

    private void note(RecordedOp op) {
        made.add(op.operation());
        for (int i = 0; i < op.inputs(); i++) {
            Output<?> input = op.input(i);
            boolean outside = !made.contains(input.op()) && Tensors.isDifferentiable(input.dataType());
            if (outside || environment.isAutoWatched(input.op())) {
                captured.putIfAbsent(new Place(input.op(), input.index()), input);
            }
        }
    }

    private Operation bundle(String name, List<? extends Operand<?>> operands) {
        Output<?>[] outputs = operands.stream().map(Operand::asOutput).toArray(Output<?>[]::new);
        String type = outputs.length == 1 ? "Identity" : "IdentityN";
        OperationBuilder builder = environment.baseScope().opBuilder(type, name);
        return (outputs.length == 1 ? builder.addInput(outputs[0]) : builder.addInputList(outputs)).build();
    }
}
