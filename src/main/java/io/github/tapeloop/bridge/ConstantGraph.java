package io.github.tapeloop.bridge;

import java.util.function.Function;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_ImportGraphDefOptions;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/**
 * Works out what follows from constants alone, without a session: the first session of a process decides how many threads
 * TensorFlow has, so none must be opened by the way.
 */
public final class ConstantGraph {

    private ConstantGraph() {}

    /**
     * A number computed by ops from constants.
     *
     * @param body makes the ops in a graph, which belongs to no session
     * @return its value
     * @throws IllegalArgumentException if it depends on more than constants, or is a random number
     */
    public static double scalar(Function<Ops, Operand<TFloat64>> body) {
        NativeMemory.prepare();
        try (Graph graph = new Graph();
                PointerScope freed = new PointerScope()) {
            String name = body.apply(Ops.create(graph)).op().name();
            TF_Graph copy = TF_Graph.newGraph(); // The handle of a Graph is not to be had.
            TF_Status status = TF_Status.newStatus();
            TF_Buffer definition = TF_Buffer.newBufferFromString(graph.toGraphDef());
            tensorflow.TF_GraphImportGraphDef(
                    copy, definition, TF_ImportGraphDefOptions.newImportGraphDefOptions(), status);
            status.throwExceptionIfNotOK();
            TF_Output output = new TF_Output().oper(tensorflow.TF_GraphOperationByName(copy, name));
            PointerPointer<TF_Tensor> result = new PointerPointer<>(1);
            boolean known = tensorflow.TF_TryEvaluateConstant(copy, output.index(0), result, status) != 0;
            status.throwExceptionIfNotOK();
            if (!known) {
                throw new IllegalArgumentException("'" + name + "' does not follow from constants alone");
            }
            TF_Tensor tensor = result.get(TF_Tensor.class, 0).withDeallocator();
            return new DoublePointer(tensorflow.TF_TensorData(tensor)).get();
        }
    }
}
