package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.NativeText;
import io.github.tapeloop.bridge.TensorFlowInternals;
import io.github.tapeloop.op.OpAttributes;
import io.github.tapeloop.op.OpCall;
import io.github.tapeloop.op.OpDefs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.RawTensor;
import org.tensorflow.internal.c_api.TFE_Context;
import org.tensorflow.internal.c_api.TFE_Op;
import org.tensorflow.internal.c_api.TFE_TensorHandle;
import org.tensorflow.internal.c_api.TF_DeviceList;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.OpDef;

/**
 * The executor that runs ops straight through TensorFlow's eager C functions. TensorFlow Java needs 21 to 27
 * microseconds for what takes TensorFlow 4 to 6; the rest is scopes, an array for a thousand outputs and a weak
 * list, none of which is needed when every handle has an owner. One status, one result array and the native spelling
 * of each name serve all calls.
 *
 * <p>Not thread-safe.
 */
final class EagerExecutor implements AutoCloseable {

    /** No op of TensorFlow has more outputs than this; its own Java binding assumes the same. */
    private static final int MAX_OUTPUTS = 1000;

    private static final int MAX_CACHED_NAMES = 4096;

    private static final Pattern FUNCTION_NODE = Pattern.compile("\\{\\{function_node [^}]*}} ?");
    private static final Pattern VALUES = Pattern.compile("(?:[-+0-9.eE]+,? ){10,}[-+0-9.eE]+");
    private static final int MOST_VALUES = 80;

    /**
     * @param inputs the input arguments of an op with input lists, else empty
     * @param inputCount how many inputs an op without input lists has, else -1
     * @param fatal finds the calls that TensorFlow would die of; null for the many types without
     * @param inferred whether TensorFlow's shape function is to be asked before one runs
     * @param handle whether it makes a handle of a variable or a table
     * @param writes whether it changes state, as far as the type tells
     */
    record OpType(
            BytePointer name,
            boolean hasOutputList,
            List<OpDef.ArgDef> inputs,
            int inputCount,
            FatalCalls.Row fatal,
            boolean inferred,
            boolean handle,
            boolean writes) {

        static OpType of(String type) {
            return new OpType(
                    NativeText.of(type).retainReference(),
                    OpDefs.hasOutputList(type),
                    OpDefs.inputsWithLists(type),
                    OpDefs.inputCount(type),
                    FatalCalls.of(type),
                    ShapeInference.isNeeded(type),
                    HandleTypes.areMadeBy(type),
                    StatefulOrder.writes(type));
        }
    }

    private final TFE_Context context;
    private final TF_Status status = TF_Status.newStatus().retainReference();
    private final PointerPointer<TFE_TensorHandle> results;
    private final ByteBuffer resultAddresses;
    private final IntPointer resultCount = new IntPointer(1).retainReference();
    private final IntBuffer resultCountValue;
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

    /** What is known of an op type, or of a function. */
    OpType type(String name) {
        OpType type = types.get(name);
        if (type == null) {
            type = OpType.of(name);
            types.put(name, type);
        }
        return type;
    }

    /**
     * Runs one op.
     *
     * @param type the call's
     * @param inputs the handles of the op's inputs, checked to be live
     * @throws OpException if TensorFlow refuses or fails; nothing is left behind
     */
    Results execute(OpType type, OpCall call, OwnedHandle[] inputs) {
        if (type.inputCount() >= 0 && inputs.length != type.inputCount()) { // TensorFlow would crash.
            throw failure(call, "it takes " + type.inputCount() + " inputs, got " + inputs.length);
        }
        if (names.size() >= MAX_CACHED_NAMES) { // Only a program that makes names up as it runs gets here.
            forgetNames(); // Never later: an op in the making still needs the names it was given.
        }
        TFE_Op op = tensorflow.TFE_NewOp(context, type.name(), status);
        check(call);
        boolean keepOp = false;
        try {
            if (!call.device().isEmpty()) {
                tensorflow.TFE_OpSetDevice(op, name(call.device()), status);
                check(call);
            }
            setAttributes(op, call);
            if (!type.inputs().isEmpty()) {
                setInputAttributes(op, type.inputs(), call, inputs);
            }
            for (OwnedHandle input : inputs) {
                tensorflow.TFE_OpAddInput(op, input, status);
            }
            check(call); // An input refused leaves the op short of one, which the last status tells.
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
     * Sets the attributes that follow from the inputs of an op with input lists. TensorFlow would infer them, but counts
     * arguments where it should count inputs: it takes the type of a list after another list from a wrong input, and
     * crashes after an empty one. Attributes that the call has set itself stay, since what is set first stays.
     */
    private void setInputAttributes(TFE_Op op, List<OpDef.ArgDef> arguments, OpCall call, OwnedHandle[] inputs) {
        int next = 0;
        for (int i = 0; i < arguments.size() && next <= inputs.length; i++) {
            OpDef.ArgDef argument = arguments.get(i);
            int length = OpDefs.isList(argument) ? Math.max(0, call.group(i)) : 1;
            if (!argument.getNumberAttr().isEmpty()) {
                tensorflow.TFE_OpSetAttrInt(op, name(argument.getNumberAttr()), length);
            }
            if (!argument.getTypeAttr().isEmpty() && length > 0 && next < inputs.length) {
                int dataType = tensorflow.TFE_TensorHandleDataType(inputs[next]);
                tensorflow.TFE_OpSetAttrType(op, name(argument.getTypeAttr()), dataType);
            }
            if (!argument.getTypeListAttr().isEmpty()) {
                int[] dataTypes = new int[length];
                for (int k = 0; k < length; k++) {
                    dataTypes[k] = tensorflow.TFE_TensorHandleDataType(inputs[next + k]);
                }
                tensorflow.TFE_OpSetAttrTypeList(op, name(argument.getTypeListAttr()), dataTypes, length);
            }
            next += length;
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

    /** A handle of a copy of a tensor, without running an op: what the program writes there later is not the constant's. */
    OwnedHandle constant(OpCall call, RawTensor tensor) {
        if (tensor.dataType() == DataType.DT_STRING) { // Its elements cannot be written.
            return share(call, tensor);
        }
        TF_Tensor given = TensorFlowInternals.handle(tensor);
        long bytes = tensorflow.TF_TensorByteSize(given);
        long[] dimensions = tensor.shape().asArray();
        TF_Tensor copy =
                tensorflow.TF_AllocateTensor(tensorflow.TF_TensorType(given), dimensions, dimensions.length, bytes);
        try {
            if (bytes > 0) {
                Pointer.memcpy(tensorflow.TF_TensorData(copy), tensorflow.TF_TensorData(given), bytes);
            }
            return share(call, copy);
        } finally {
            tensorflow.TF_DeleteTensor(copy);
        }
    }

    /** A handle that shares a tensor's memory; TensorFlow counts the references. */
    OwnedHandle share(OpCall call, RawTensor tensor) {
        return share(call, TensorFlowInternals.handle(tensor));
    }

    private OwnedHandle share(OpCall call, TF_Tensor tensor) {
        TFE_TensorHandle handle = tensorflow.TFE_NewTensorHandle(tensor, status);
        check(call);
        return new OwnedHandle(handle.address(), call.type());
    }

    /** Makes a function known by its name. */
    void addFunction(ConcreteFunction function) {
        tensorflow.TFE_ContextAddFunction(context, TensorFlowInternals.handle(function), status);
        if (tensorflow.TF_GetCode(status) != tensorflow.TF_OK) {
            throw new OpException(function.getDefinedName(), message());
        }
    }

    /** Ends what {@link #addFunction} has begun, and forgets what was kept to run the function. */
    void removeFunction(String name) {
        try (BytePointer text = NativeText.of(name)) {
            tensorflow.TFE_ContextRemoveFunction(context, text, status);
        }
        OpType type = types.remove(name);
        if (type != null) {
            type.name().releaseReference();
        }
    }

    /** How many devices there are to run ops on. */
    int devices() {
        TF_DeviceList list = tensorflow.TFE_ContextListDevices(context, status);
        try {
            return tensorflow.TF_DeviceListCount(list);
        } finally {
            tensorflow.TF_DeleteDeviceList(list);
        }
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

    /** Outputs by the thousand million take all memory before TensorFlow looks at anything else. */
    static void requireFewOutputs(OpCall call) {
        for (OpDef.ArgDef output : OpDefs.outputs(call.type())) {
            if (call.attribute(output.getNumberAttr()) instanceof Long count && count > MAX_OUTPUTS) {
                throw failure(call, "it gives at most " + MAX_OUTPUTS + " outputs, not " + count);
            }
        }
    }

    static OpException failure(OpCall call, String reason) {
        StringBuilder text = new StringBuilder("Op ");
        text.append(call.type())
                .append(" '")
                .append(call.name())
                .append("' failed: ")
                .append(reason);
        for (int i = 0; i < call.inputs(); i++) {
            text.append(i == 0 ? ". Its inputs: " : ", ").append(Tensors.describe(call.input(i)));
        }
        return new OpException(call.type(), text.toString());
    }

    private String message() {
        String text = NativeText.read(tensorflow.TF_Message(status));
        int note = text.indexOf(" [Op:"); // TensorFlow repeats the op and its device; the type and name are said above.
        String own = note < 0 ? text : text.substring(0, note);
        return cutValues(FUNCTION_NODE.matcher(own).replaceAll(""));
    }

    /** TensorFlow lists all values of a tensor that one of is wrong. */
    static String cutValues(String text) {
        return VALUES.matcher(text)
                .replaceAll(values -> values.group().length() <= MOST_VALUES
                        ? Matcher.quoteReplacement(values.group())
                        : values.group().substring(0, values.group().lastIndexOf(' ', MOST_VALUES)) + " …");
    }

    private BytePointer name(String text) {
        BytePointer pointer = names.get(text);
        if (pointer == null) {
            pointer = NativeText.of(text).retainReference();
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
        forgetNames();
        types.values().forEach(type -> type.name().releaseReference());
        types.clear();
        results.releaseReference();
        resultCount.releaseReference();
        status.releaseReference();
    }
}
