package io.github.tapeloop.op;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/** Reads the nodes of graphs and functions, to make their ops again elsewhere. */
public final class NodeAttributes {

    private NodeAttributes() {}

    /** Gives a builder those of a node's attributes that belong to its op; what graphs add for themselves is left out. */
    private static void copy(NodeDef node, OperationBuilder builder) {
        node.getAttrMap().forEach((name, value) -> {
            if (!name.startsWith("_")) { // Placement hints of the graph, not attributes of the op.
                OpAttributes.copy(builder, name, value(value));
            }
        });
    }

    /** The common kinds without the detour over their serialized form: they are what gradient rules ask for. */
    public static Object value(AttrValue value) {
        return switch (value.getValueCase()) {
            case TYPE -> value.getType();
            case B -> value.getB();
            case I -> value.getI();
            case F -> value.getF();
            case S -> text(value.getS());
            default -> value;
        };
    }

    /** Bytes are not always text: a serialized message, such as the config_proto of functions that Python wrote, is not. */
    private static Object text(ByteString bytes) {
        return bytes.isValidUtf8() ? bytes.toStringUtf8() : bytes.toByteArray();
    }

    /**
     * Makes the op of a node again.
     *
     * @param tf makes it
     * @param node a node whose op is one of TensorFlow's
     * @param groups what {@link #inputGroups} says of the node
     * @param input finds the inputs, counted one by one
     * @return the op
     */
    public static Operation remake(
            Ops tf, NodeDef node, List<Integer> groups, IntFunction<? extends Operand<?>> input) {
        OperationBuilder builder = tf.scope().opBuilder(node.getOp(), node.getOp());
        int next = 0;
        for (int group : groups) {
            if (group < 0) {
                builder.addInput(input.apply(next++).asOutput());
            } else {
                Output<?>[] list = new Output<?>[group];
                for (int k = 0; k < group; k++) {
                    list[k] = input.apply(next++).asOutput();
                }
                builder.addInputList(list);
            }
        }
        copy(node, builder);
        return builder.build();
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
    public static List<Integer> groups(NodeDef node, List<OpDef.ArgDef> arguments) {
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
