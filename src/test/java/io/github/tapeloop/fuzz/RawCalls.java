package io.github.tapeloop.fuzz;

import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerKind;
import io.github.tapeloop.op.OpDefs;
import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.tape.GradientTape;
import io.github.tapeloop.tape.ValidCalls;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** Calls as they should be, collected where the library makes them: to be varied. */
final class RawCalls {

    private static final int PER_TYPE = 6;
    private static final int MOST_ELEMENTS = 4096;

    private final Map<String, Map<String, RawCall>> byType = new LinkedHashMap<>();

    private RawCalls() {}

    static RawCalls collect(TapeSession session) {
        RawCalls calls = new RawCalls();
        try (TensorScope scope = session.scope()) {
            List<RecordedOp> ops = new ArrayList<>();
            ValidCalls.make(session, ops::add);
            calls.keep(session, ops);
        }
        LayerKind.all().forEach(kind -> calls.ofLayer(session, kind));
        return calls;
    }

    private void ofLayer(TapeSession session, LayerKind kind) {
        Ops tf = session.tf();
        RecordingEnvironment environment = RecordingEnvironment.of(tf);
        List<RecordedOp> ops = new ArrayList<>();
        OpRecorder recorder = ops::add;
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat32> x = tf.constant(
                    kind.small().prepend(2),
                    DataBuffers.of(new float[(int) kind.small().size() * 2]));
            if (!kind.takesIds()) {
                tape.watch(x);
            }
            Layer layer = kind.make().get();
            environment.startRecording(recorder);
            Operand<TFloat32> y = LayerKind.call(layer, ForwardPass.training(tf), x);
            tape.gradients(List.of(y), List.of(), List.of(x));
            environment.stopRecording(recorder);
            keep(session, ops);
        } finally {
            environment.stopRecording(recorder);
        }
    }

    List<String> types() {
        return List.copyOf(byType.keySet());
    }

    List<RawCall> of(String type) {
        return List.copyOf(byType.get(type).values());
    }

    private void keep(TapeSession session, List<RecordedOp> ops) {
        for (RecordedOp op : ops) {
            Map<String, RawCall> known = byType.computeIfAbsent(op.type(), type -> new HashMap<>());
            if (op.isComposite() || OpDefs.of(op.type()).isEmpty() || known.size() >= PER_TYPE) {
                continue;
            }
            String key = op.signature() + shapes(op);
            if (!known.containsKey(key)) {
                capture(session, op).ifPresent(call -> known.put(key, call));
            }
        }
        byType.values().removeIf(Map::isEmpty);
    }

    private static String shapes(RecordedOp op) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < op.inputs(); i++) {
            text.append(Tensors.rank(op.input(i))).append(op.input(i).dataType());
        }
        return text.toString();
    }

    private static Optional<RawCall> capture(TapeSession session, RecordedOp op) {
        List<RawValue> values = new ArrayList<>();
        Output<?>[] inputs = new Output<?>[op.inputs()];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = op.input(i);
            Optional<RawValue> value = value(session, inputs[i]);
            if (value.isEmpty()) {
                return Optional.empty();
            }
            values.add(value.get());
        }
        RawCall.Listener listener = new RawCall.Listener();
        op.rebuild(listener.builder(), inputs);
        return listener.known
                ? Optional.of(new RawCall(op.type(), values, listener.groups, listener.attributes))
                : Optional.empty();
    }

    private static Optional<RawValue> value(TapeSession session, Output<?> input) {
        DataType type = input.dataType();
        long[] shape = Tensors.shape(input).asArray();
        if (Tensors.isFreed(input) || Tensors.shape(input).size() > MOST_ELEMENTS) {
            return Optional.empty();
        }
        return switch (type) {
            case DT_STRING -> Optional.of(RawValue.of(shape, session.strings(input)));
            case DT_RESOURCE, DT_VARIANT -> Optional.empty();
            default ->
                Optional.of(RawValue.of(
                        type, shape, session.doubles(RawValue.cast(session.tf(), input, DataType.DT_DOUBLE))));
        };
    }
}
