package io.github.tapeloop.runtime;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.OperationBuilder;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/** Reads the nodes of graphs and functions, to make their ops again elsewhere. */
public final class NodeAttributes {

    private NodeAttributes() {}

    /**
     * Gives a builder those of a node's attributes that belong to its op; what graphs add for themselves is left out.
     *
     * @param node a node of a graph or of a function
     * @param builder makes an op of the same type
     */
    public static void copy(NodeDef node, OperationBuilder builder) {
        node.getAttrMap().forEach((name, value) -> {
            if (!name.startsWith("_")) { // Placement hints of the graph, not attributes of the op.
                set(builder, name, value);
            }
        });
    }

    /** The common kinds go without the detour over their serialized form, and are what gradient rules ask for. */
    private static void set(OperationBuilder builder, String name, AttrValue value) {
        switch (value.getValueCase()) {
            case TYPE -> builder.setAttr(name, value.getType());
            case B -> builder.setAttr(name, value.getB());
            case I -> builder.setAttr(name, value.getI());
            case F -> builder.setAttr(name, value.getF());
            case S -> builder.setAttr(name, value.getS().toStringUtf8());
            default -> builder.setAttr(name, value);
        }
    }

    /**
     * How a node's inputs belong to the arguments of its op.
     *
     * @param node a node whose op is one of TensorFlow's
     * @return for each argument -1 for a single input or the length of a list
     */
    public static List<Integer> inputGroups(NodeDef node) {
        return groups(node, OpDefs.of(node.getOp()).orElseThrow().getInputArgList());
    }

    /** For each argument, input or output, -1 for a single one or the length of a list. */
    static List<Integer> groups(NodeDef node, List<OpDef.ArgDef> arguments) {
        List<Integer> groups = new ArrayList<>();
        for (OpDef.ArgDef argument : arguments) {
            if (!argument.getNumberAttr().isEmpty()) {
                groups.add((int) node.getAttrOrThrow(argument.getNumberAttr()).getI());
            } else if (!argument.getTypeListAttr().isEmpty()) {
                groups.add(node.getAttrOrThrow(argument.getTypeListAttr())
                        .getList()
                        .getTypeCount());
            } else {
                groups.add(-1);
            }
        }
        return groups;
    }
}
