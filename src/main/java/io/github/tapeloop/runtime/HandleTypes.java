package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.TensorFlowInternals;
import io.github.tapeloop.op.OpCall;
import io.github.tapeloop.op.OpDefs;
import java.util.List;
import java.util.Set;
import org.tensorflow.GraphOperation;
import org.tensorflow.Output;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.OpDef;

/**
 * The types of what variables and tables hold. Ops that change them are told a type of their own, and the kernels of
 * many end the process where it is another one.
 */
final class HandleTypes {

    private static final String VARIABLE = "VarHandleOp";

    private static final Set<String> TABLES = Set.of(
            "HashTableV2",
            "MutableHashTableV2",
            "MutableHashTableOfTensorsV2",
            "MutableDenseHashTableV2",
            "AnonymousHashTable",
            "AnonymousMutableHashTable",
            "AnonymousMutableHashTableOfTensors",
            "AnonymousMutableDenseHashTable");

    private HandleTypes() {}

    /** Whether an op type makes handles of which it is known what they hold. */
    static boolean areMadeBy(String type) {
        return type.equals(VARIABLE) || TABLES.contains(type);
    }

    /** What a new handle holds: the type of a variable, or those of a table's keys and values; null if it is not told. */
    static DataType[] of(OpCall call) {
        return call.type().equals(VARIABLE)
                ? types(call.attribute("dtype"))
                : types(call.attribute("key_dtype"), call.attribute("value_dtype"));
    }

    private static DataType[] types(Object... values) {
        DataType[] types = new DataType[values.length];
        for (int i = 0; i < types.length; i++) {
            if (!(values[i] instanceof DataType type)) {
                return null;
            }
            types[i] = type;
        }
        return types;
    }

    private static DataType[] held(Output<?> handle) {
        if (TensorFlowInternals.handle(handle) instanceof OwnedHandle owned) {
            return owned.holds;
        }
        return handle.op() instanceof GraphOperation operation
                        && operation.type().equals(VARIABLE)
                ? new DataType[] {operation.attributes().getAttrType("dtype")}
                : null;
    }

    /** What is wrong with an op on variables, or null. */
    static String wrongVariable(OpCall call) {
        List<OpDef.ArgDef> arguments = OpDefs.inputs(call.type());
        DataType given = given(call, arguments);
        for (int i = 0; given != null && i < arguments.size() && i < call.inputs(); i++) {
            DataType[] held = arguments.get(i).getType() == DataType.DT_RESOURCE ? held(call.input(i)) : null;
            if (held != null && held.length == 1 && held[0] != given) {
                return "its input " + i + " is a variable of " + Tensors.name(held[0]) + ", and it works with "
                        + Tensors.name(given);
            }
        }
        return null;
    }

    /** The type that the op works with: an attribute, which most take from an input. */
    private static DataType given(OpCall call, List<OpDef.ArgDef> arguments) {
        for (String attribute : new String[] {"T", "dtype"}) {
            if (call.attribute(attribute) instanceof DataType type) {
                return type;
            }
            for (int i = 0; i < arguments.size() && i < call.inputs(); i++) {
                if (arguments.get(i).getTypeAttr().equals(attribute)) {
                    return call.input(i).dataType();
                }
            }
        }
        return null;
    }

    /** What is wrong with an op that gives all keys and values of a table, or null. */
    static String wrongTable(OpCall call) {
        DataType[] held = held(call.input(0));
        if (held != null
                && held.length == 2
                && (held[0] != call.attribute("Tkeys") || held[1] != call.attribute("Tvalues"))) {
            return "its table has keys of " + Tensors.name(held[0]) + " and values of " + Tensors.name(held[1]);
        }
        return null;
    }
}
