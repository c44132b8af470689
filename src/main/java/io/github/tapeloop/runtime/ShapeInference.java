package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import io.github.tapeloop.op.OpDefs;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.Tensor;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.Scope;
import org.tensorflow.proto.DataType;

/**
 * TensorFlow's shape functions, which look at ranks and sizes when an op is put into a graph, and which its eager mode leaves
 * out. Kernels rely on them: of what they would have refused, many die, and the whole process with them. So an eager op is put
 * into a graph first, of which nothing is kept, unless it is one of those that training is made of, whose kernels look for
 * themselves, or the same has been asked before.
 */
final class ShapeInference {

    private static final int MOST_KEPT = 1024;

    /** What steps of training are made of. Nothing random has made their kernels die, so they need not be slower. */
    private static final Set<String> SURE = Set.of(
            ("Abs Add AddN AddV2 All Any ArgMax ArgMin Assert AssignAddVariableOp AssignSubVariableOp AssignVariableOp AvgPool "
                            + "AvgPoolGrad BatchMatMulV2 BatchMatMulV3 BiasAdd BiasAddGrad BroadcastTo Cast Ceil "
                            + "CheckNumerics ClipByValue ConcatV2 Const Conv2D Conv2DBackpropFilter Conv2DBackpropInput "
                            + "Cos Cosh DepthwiseConv2dNative DepthwiseConv2dNativeBackpropFilter "
                            + "DepthwiseConv2dNativeBackpropInput Div DivNoNan Elu EluGrad Equal Erf Exp ExpandDims Expm1 Fill "
                            + "Floor FloorDiv FloorMod FusedBatchNormV3 FusedBatchNormGradV3 GatherV2 Greater GreaterEqual "
                            + "Identity IdentityN IsFinite IsInf IsNan L2Loss LeakyRelu LeakyReluGrad Less LessEqual Log "
                            + "Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool MaxPoolGrad Maximum Mean "
                            + "Min Minimum Mul MulNoNan Neg NotEqual OneHot OnesLike Pack Pad PadV2 Pow Prod Range Rank "
                            + "ReadVariableOp RealDiv Relu Relu6 Relu6Grad ReluGrad Reshape ResourceGather Round Rsqrt "
                            + "RsqrtGrad Select SelectV2 Selu SeluGrad Shape Sigmoid SigmoidGrad Sign Sin Sinh Size Slice "
                            + "Softmax SoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign SoftsignGrad "
                            + "SparseSoftmaxCrossEntropyWithLogits Split Sqrt SqrtGrad Square SquaredDifference Squeeze "
                            + "StatelessRandomGetKeyCounter StatelessRandomNormalV2 StatelessRandomUniformV2 StopGradient "
                            + "StridedSlice Sub Sum Tan Tanh TanhGrad Tile Transpose Unpack VarHandleOp VarIsInitializedOp "
                            + "ZerosLike")
                    .split(" "));

    /** What has been found right. */
    private final Map<String, Boolean> known = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_KEPT;
        }
    };

    /** Whether an op type has to be asked about; not so are functions, which have been in a graph. */
    static boolean isNeeded(String type) {
        return !SURE.contains(type) && OpDefs.of(type).isPresent();
    }

    /**
     * Asks about a call that is about to run.
     *
     * @throws OpException if the op could not be put into a graph
     */
    void require(OpCall call) {
        if (runsFunctions(call)) {
            return; // The shape functions of what runs functions look at no shape.
        }
        String key = key(call);
        if (known.containsKey(key)) {
            return;
        }
        try (Graph graph = new Graph()) {
            infer(graph, call);
        } catch (TensorFlowException | IllegalArgumentException e) {
            throw EagerExecutor.failure(call, e.getMessage());
        }
        known.put(key, true);
    }

    private static boolean runsFunctions(OpCall call) {
        for (int i = 0; i < call.attributes(); i++) {
            Object value = call.attributeValue(i);
            if (value instanceof ConcreteFunction
                    || value instanceof ConcreteFunction[]
                    || value instanceof Tensor
                    || value instanceof Tensor[]) {
                return true;
            }
        }
        return false;
    }

    private static String key(OpCall call) {
        StringBuilder key = new StringBuilder(call.signature());
        for (int i = 0; i < call.inputs(); i++) {
            Output<?> input = call.input(i);
            key.append('|').append(input.dataType().getNumber()).append(Tensors.shape(input));
            long[] numbers = WholeNumbers.of(input);
            if (numbers != null) {
                key.append(Arrays.toString(numbers));
            }
        }
        return key.toString();
    }

    private static void infer(Graph graph, OpCall call) {
        Scope scope = graph.baseScope();
        Output<?>[] inputs = new Output<?>[call.inputs()];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = standIn(graph, scope, call.input(i), i);
        }
        OperationBuilder builder = graph.opBuilder(call.type(), "asked", scope);
        call.copyTo(builder, inputs).build();
    }

    /** A handle says nothing of what is behind it, and some functions take its own shape, [], for that. */
    private static Output<?> standIn(Graph graph, Scope scope, Output<?> input, int place) {
        Shape shape = Tensors.shape(input);
        long[] numbers = WholeNumbers.of(input);
        if (numbers != null && numbers.length > 0) {
            return constant(Ops.create(graph), input.dataType(), shape.numDimensions() == 0, numbers);
        }
        return graph.opBuilder("Placeholder", "input" + place, scope)
                .setAttr("dtype", input.dataType())
                .setAttr("shape", input.dataType() == DataType.DT_RESOURCE ? Shape.unknown() : shape)
                .build()
                .output(0);
    }

    private static Output<?> constant(Ops tf, DataType type, boolean scalar, long[] numbers) {
        if (type == DataType.DT_INT64) {
            return (scalar ? tf.constant(numbers[0]) : tf.constant(numbers)).asOutput();
        }
        int[] ints = Arrays.stream(numbers).mapToInt(number -> (int) number).toArray();
        return (scalar ? tf.constant(ints[0]) : tf.constant(ints)).asOutput();
    }
}
