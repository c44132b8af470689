package io.github.tapeloop.op;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.OpDef;

/** The definitions of all op types in the TensorFlow library, read once. Immutable and thread-safe. */
public final class OpDefs {

    private static final Map<String, OpDef> BY_TYPE = load();

    private OpDefs() {}

    private static Map<String, OpDef> load() {
        Map<String, OpDef> byType = new HashMap<>();
        for (OpDef def : TensorFlow.registeredOpList().getOpList()) {
            byType.put(def.getName(), def);
        }
        return Map.copyOf(byType);
    }

    /**
     * The definition of an op type.
     *
     * @param type a TensorFlow op type, {@code MatMul} for example
     * @return its definition, or empty for the name of a function or of nothing
     */
    public static Optional<OpDef> of(String type) {
        return Optional.ofNullable(BY_TYPE.get(type));
    }

    /**
     * Whether an argument of an op stands for a list of tensors.
     *
     * @param argument an input or output argument of an op definition
     * @return true for a list
     */
    public static boolean isList(OpDef.ArgDef argument) {
        return !argument.getNumberAttr().isEmpty()
                || !argument.getTypeListAttr().isEmpty();
    }

    /**
     * The output arguments of an op type.
     *
     * @param type a TensorFlow op type
     * @return its outputs; empty for the name of a function
     */
    public static List<OpDef.ArgDef> outputs(String type) {
        OpDef def = BY_TYPE.get(type);
        return def == null ? List.of() : def.getOutputArgList();
    }

    /**
     * The input arguments of an op type.
     *
     * @param type a TensorFlow op type
     * @return its arguments; empty for the name of a function
     */
    public static List<OpDef.ArgDef> inputs(String type) {
        OpDef def = BY_TYPE.get(type);
        return def == null ? List.of() : def.getInputArgList();
    }

    /** The input arguments of an op type with input lists; empty for the many without. */
    public static List<OpDef.ArgDef> inputsWithLists(String type) {
        OpDef def = BY_TYPE.get(type);
        return def == null || def.getInputArgList().stream().noneMatch(OpDefs::isList)
                ? List.of()
                : def.getInputArgList();
    }

    /** How many inputs an op type has; -1 if it has input lists, or is the name of a function. */
    public static int inputCount(String type) {
        OpDef def = BY_TYPE.get(type);
        return def == null || !inputsWithLists(type).isEmpty() ? -1 : def.getInputArgCount();
    }

    public static boolean hasOutputList(String type) {
        OpDef def = BY_TYPE.get(type);
        return def != null && def.getOutputArgList().stream().anyMatch(OpDefs::isList);
    }
}
