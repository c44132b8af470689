package io.github.tapeloop.runtime;

import java.util.List;
import java.util.Set;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * TensorFlow's executor for functions whose ops run one after the other, which is how they run in a session with one
 * thread between ops anyway. It keeps no account of which ops are ready, and that account takes longer than a small op.
 *
 * <p>It waits, on the one thread there is, for an op that runs a function on that thread: {@code If} would wait for ever.
 * {@code While} runs its functions itself.
 */
final class SerialExecutor {

    /** Of a call: who runs the function. */
    static final String ATTRIBUTE = "executor_type";

    static final String NAME = "SINGLE_THREADED_EXECUTOR";

    /** Of {@code While} and {@code If}: whether they become the ops that this executor does not know. */
    static final String LOWERED = "_lower_using_switch_merge";

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

    private static final Set<String> LOOPS = Set.of("While", "StatelessWhile");

    private SerialExecutor() {}

    /**
     * Whether TensorFlow leaves the ops of functions as they are. Where its environment has XLA look for clusters of ops by
     * itself, there are switches around each.
     *
     * @param xlaFlags the environment variable TF_XLA_FLAGS, or null
     */
    static boolean isPossible(String xlaFlags) {
        return xlaFlags == null || !xlaFlags.contains("tf_xla_auto_jit");
    }

    /** Whether neither a graph nor a function in it has ops that do not run in this way. */
    static boolean suits(GraphDef graph) {
        return suits(graph.getNodeList())
                && graph.getLibrary().getFunctionList().stream().allMatch(function -> suits(function.getNodeDefList()));
    }

    private static boolean suits(List<NodeDef> nodes) {
        return nodes.stream().allMatch(SerialExecutor::suits);
    }

    private static boolean suits(NodeDef node) {
        boolean callsFunctions = node.getAttrMap().values().stream().anyMatch(SerialExecutor::isFunction)
                || OpDefs.of(node.getOp()).isEmpty();
        boolean lowered =
                node.containsAttr(LOWERED) && node.getAttrOrThrow(LOWERED).getB();
        return !UNKNOWN.contains(node.getOp()) && (!callsFunctions || LOOPS.contains(node.getOp()) && !lowered);
    }

    private static boolean isFunction(AttrValue value) {
        return value.hasFunc() || value.hasList() && value.getList().getFuncCount() > 0;
    }
}
