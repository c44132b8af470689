package io.github.tapeloop.op;

import java.util.Set;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * TensorFlow's executor for functions whose ops run one after the other, which is how they run in a session with one
 * thread between ops anyway. It keeps no account of which ops are ready, and that account takes longer than a small op.
 *
 * <p>It waits, on the one thread there is, for an op that runs a function on that thread: {@code If} would wait for ever.
 * {@code While} runs its functions itself, but took 15 % longer in this way for steps of a few milliseconds.
 */
public final class SerialExecutor {

    /** Of a call: who runs the function. */
    public static final String ATTRIBUTE = "executor_type";

    public static final String NAME = "SINGLE_THREADED_EXECUTOR";

    /** Of {@code While} and {@code If}: whether TensorFlow makes what they call a part of the graph they are in. */
    public static final String LOWERED = "_lower_using_switch_merge";

    private static final Set<String> UNKNOWN = Set.of(
            "Switch",
            "RefSwitch",
            "Merge",
            "RefMerge",
            "Enter",
            "RefEnter",
            "Exit",
            "RefExit",
            "NextIteration",
            "RefNextIteration");

    private SerialExecutor() {}

    /**
     * Whether TensorFlow leaves the ops of functions as they are. Where its environment has XLA look for clusters of ops by
     * itself, there are switches around each.
     *
     * @param xlaFlags the environment variable TF_XLA_FLAGS, or null
     */
    public static boolean isPossible(String xlaFlags) {
        return xlaFlags == null || !xlaFlags.contains("tf_xla_auto_jit");
    }

    /** Whether a graph has only ops that run in this way. */
    public static boolean suits(GraphDef graph) {
        return graph.getNodeList().stream().allMatch(SerialExecutor::suits);
    }

    private static boolean suits(NodeDef node) {
        boolean callsFunction = OpDefs.of(node.getOp()).isEmpty()
                || node.getAttrMap().values().stream().anyMatch(SerialExecutor::isFunction);
        return !callsFunction && !UNKNOWN.contains(node.getOp());
    }

    private static boolean isFunction(AttrValue value) {
        return value.hasFunc() || value.hasList() && value.getList().getFuncCount() > 0;
    }
}
