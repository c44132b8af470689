package io.github.tapeloop.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.RawTensor;
import org.tensorflow.internal.c_api.TFE_Context;
import org.tensorflow.internal.c_api.TFE_Op;
import org.tensorflow.internal.c_api.TFE_TensorHandle;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;

/**
 * Runs ops straight through TensorFlow's eager C functions. TensorFlow Java needs 21 to 27 microseconds for what takes
 * TensorFlow 4 to 6; the rest is scopes, an array for a thousand outputs and a weak list, none of which is needed when
 * every handle has an owner. One status, one result array and the native spelling of each name serve all calls.
 *
 * <p>Not thread-safe.
 */
final class EagerExecutor implements AutoCloseable {

    /** No op of TensorFlow has more outputs than this; its own Java binding assumes the same. */
    private static final int MAX_OUTPUTS = 1000;

    private static final int MAX_CACHED_NAMES = 4096;

    private record OpType(BytePointer name, boolean hasOutputList, List<String> listTypes) {}

    private final TFE_Context context;
    private final TF_Status status = TF_Status.newStatus().retainReference();
    private final PointerPointer<TFE_TensorHandle> results;
    private final ByteBuffer resultAddresses;
    private final IntPointer resultCount = new IntPointer(1).retainReference();
    private final IntBuffer resultCountValue;
    private PointerPointer<TFE_TensorHandle> inputList = new PointerPointer<TFE_TensorHandle>(16).retainReference();
    private final Map<String, OpType> types = new HashMap<>();
    private final Map<String, BytePointer> names = new HashMap<>();

    EagerExecutor(TFE_Context context) {
        this.context = context;
        this.results = new PointerPointer<TFE_TensorHandle>(MAX_OUTPUTS).retainReference();
        this.resultAddresses = new BytePointer(results)
                .capacity((long) MAX_OUTPUTS * Long.BYTES)
                .asBuffer()
                .order(ByteOrder.nativeOrder());
        this.resultCountValue = resultCount.asBuffer();
    }

    /** What an op left behind: its output handles, and the op itself where its output lists need it. */
    record Results(OwnedHandle[] handles, TFE_Op op) {}

    /**
     * Runs one op.
     *
     * @param inputs the handles of the op's inputs, checked to be live
     * @throws OpException if TensorFlow refuses or fails; nothing is left behind
     */
    Results execute(OpCall call, OwnedHandle[] inputs) {
        OpType type = types.get(call.type());
        if (type == null) {
            type = new OpType(
                    new BytePointer(call.type()).retainReference(),
                    OpDefs.hasOutputList(call.type()),
                    OpDefs.listTypes(call.type()));
            types.put(call.type(), type);
        }
        TFE_Op op = tensorflow.TFE_NewOp(context, type.name(), status);
        check(call);
        boolean keepOp = false;
        try {
            if (!call.device().isEmpty()) {
                tensorflow.TFE_OpSetDevice(op, name(call.device()), status);
                check(call);
            }
            if (!type.listTypes().isEmpty()) {
                setListTypes(op, type.listTypes(), call, inputs);
            }
            addInputs(op, call, inputs);
            setAttributes(op, call);
            resultCountValue.put(0, MAX_OUTPUTS);
            tensorflow.TFE_Execute(op, results, resultCount, status);
            check(call);
            keepOp = type.hasOutputList();
            return new Results(handles(call.type(), resultCountValue.get(0)), keepOp ? op : null);
        } finally {
            if (!keepOp) {
                tensorflow.TFE_DeleteOp(op);
            }
        }
    }

    /**
     * Names the element types of later input lists: TensorFlow infers them from the input at the list's number among the
     * arguments, which is in the list before as soon as that one has more than one element. What is set first stays.
     */
    private void setListTypes(TFE_Op op, List<String> listTypes, OpCall call, OwnedHandle[] inputs) {
        int next = 0;
        for (int i = 0; i < call.groups(); i++) {
            int length = call.group(i);
            if (length > 0 && i > 0 && !listTypes.get(i).isEmpty()) {
                int dataType = tensorflow.TFE_TensorHandleDataType(inputs[next]);
                tensorflow.TFE_OpSetAttrType(op, name(listTypes.get(i)), dataType);
            }
            next += Math.abs(length);
        }
    }

    private void setAttributes(TFE_Op op, OpCall call) {
        for (int i = 0; i < call.attributes(); i++) {
            Object value = call.attributeValue(i);
            if (value instanceof String text) { // Such as data_format: few and always the same.
                BytePointer pointer = name(text);
                tensorflow.TFE_OpSetAttrString(op, name(call.attributeName(i)), pointer, pointer.capacity() - 1);
            } else if (OpAttributes.set(op, name(call.attributeName(i)), value, status)) {
                check(call);
            }
        }
    }

    private OwnedHandle[] handles(String type, int count) {
        OwnedHandle[] handles = new OwnedHandle[count];
        for (int i = 0; i < count; i++) {
            handles[i] = new OwnedHandle(resultAddresses.getLong(i * Long.BYTES), type);
        }
        return handles;
    }

    private void addInputs(TFE_Op op, OpCall call, OwnedHandle[] inputs) {
        if (call.groups() < 0) {
            for (OwnedHandle input : inputs) {
                tensorflow.TFE_OpAddInput(op, input, status);
            }
            check(call); // An input refused leaves the op short of one, which the last status tells.
            return;
        }
        int next = 0;
        for (int i = 0; i < call.groups(); i++) {
            int length = call.group(i);
            if (length < 0) {
                tensorflow.TFE_OpAddInput(op, inputs[next++], status);
            } else {
                if (length > inputList.capacity()) {
                    inputList.releaseReference();
                    inputList = new PointerPointer<TFE_TensorHandle>(2L * length).retainReference();
                }
                for (int k = 0; k < length; k++) {
                    inputList.put(k, inputs[next++]);
                }
                tensorflow.TFE_OpAddInputList(op, inputList, length, status);
            }
            check(call);
        }
    }

    /** A handle that shares a tensor's memory, without running an op; TensorFlow counts the references. */
    OwnedHandle constant(OpCall call, RawTensor tensor) {
        TFE_TensorHandle handle = tensorflow.TFE_NewTensorHandle(TensorFlowInternals.handle(tensor), status);
        check(call);
        return new OwnedHandle(handle.address(), call.type());
    }

    /** The value of a handle as a native tensor that the caller deletes. */
    TF_Tensor resolve(OwnedHandle handle) {
        TF_Tensor tensor = tensorflow.TFE_TensorHandleResolve(handle, status);
        if (tensorflow.TF_GetCode(status) != tensorflow.TF_OK) {
            throw new OpException(
                    handle.type, "The value of an output of op " + handle.type + " cannot be read: " + message());
        }
        return tensor.withDeallocator();
    }

    Shape shape(OwnedHandle handle) {
        int rank = tensorflow.TFE_TensorHandleNumDims(handle, status);
        if (rank <= 0) {
            return rank == 0 ? Shape.scalar() : Shape.unknown();
        }
        long[] dimensions = new long[rank];
        for (int i = 0; i < rank; i++) {
            dimensions[i] = tensorflow.TFE_TensorHandleDim(handle, i, status);
        }
        return Shape.of(dimensions);
    }

    private void check(OpCall call) {
        if (tensorflow.TF_GetCode(status) != tensorflow.TF_OK) {
            throw failure(call, message());
        }
    }

    static OpException failure(OpCall call, String reason) {
        StringBuilder text = new StringBuilder("Op ");
        text.append(call.type()).append(" '").append(call.name()).append("' failed: ").append(reason);
        for (int i = 0; i < call.inputs(); i++) {
            text.append(i == 0 ? ". Its inputs: " : ", ").append(Tensors.describe(call.input(i)));
        }
        return new OpException(call.type(), text.toString());
    }

    private String message() {
        String text = tensorflow.TF_Message(status).getString();
        int note = text.indexOf(" [Op:"); // TensorFlow repeats the op and its device; the type and name are said above.
        return note < 0 ? text : text.substring(0, note);
    }

    private BytePointer name(String text) {
        BytePointer pointer = names.get(text);
        if (pointer == null) {
            if (names.size() >= MAX_CACHED_NAMES) {
                forgetNames(); // Only a program that makes names up as it runs gets here.
            }
            pointer = new BytePointer(text).retainReference();
            names.put(text, pointer);
        }
        return pointer;
    }

    private void forgetNames() {
        names.values().forEach(BytePointer::releaseReference);
        names.clear();
    }

    @Override
    public void close() {
        try (PointerScope scope = new PointerScope()) {
            scope.attach(status);
            forgetNames();
            types.values().forEach(type -> type.name().releaseReference());
            types.clear();
            results.releaseReference();
            inputList.releaseReference();
            resultCount.releaseReference();
            status.releaseReference();
        }
    }
}
