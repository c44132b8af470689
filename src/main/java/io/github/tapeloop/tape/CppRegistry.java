package io.github.tapeloop.tape;

import java.util.Set;

/**
 * The op types that the C++ gradient registry of TensorFlow 2.18, the library inside TensorFlow Java 1.1.0, has a gradient
 * for. The library has no function that lists them.
 */
final class CppRegistry {

    private static final Set<String> OP_TYPES = Set.of("""
            Abs Acos Acosh Add AddN AddV2 Angle Asin Asinh Atan Atan2 Atanh AvgPool AvgPool3D BatchMatMul
            BatchMatMulV2 BatchMatMulV3 BatchToSpace BatchToSpaceND BiasAdd BroadcastTo Cast CheckNumerics
            ClipByValue Complex ConcatV2 Conj Conv2D Conv2DBackpropInput Cos Cosh CropAndResize Cumsum
            DepthToSpace DepthwiseConv2dNative Diag DiagPart Div DivNoNan DynamicPartition DynamicStitch Einsum
            Elu Erf Erfinv Exp ExpandDims Expm1 Fill FractionalAvgPool FractionalMaxPool FusedBatchNormV3
            GatherNd GatherV2 Identity Imag Inv L2Loss LRN LeakyRelu LeakyReluGrad Lgamma Log Log1p LogSoftmax
            MatMul MatrixBandPart MatrixDiag Max MaxPool MaxPool3D MaxPoolV2 Maximum Mean Min Minimum MirrorPad
            MirrorPadGrad Mul Ndtri Neg Pack Pad PadV2 ParallelDynamicStitch PartitionedCall Pow Prod
            QuantizeAndDequantize QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 ReadVariableOp Real RealDiv
            Reciprocal RefIdentity Relu Relu6 Reshape ResizeBicubic ResizeBilinear ResizeNearestNeighbor
            ReverseSequence ReverseV2 Roll Rsqrt ScaleAndTranslate ScatterNd ScatterNdNonAliasingAdd SegmentSum
            Select SelectV2 Selu Sigmoid Sign Sin Sinh Slice Softmax SoftmaxCrossEntropyWithLogits Softplus
            Softsign SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze
            StatefulPartitionedCall StridedSlice Sub Sum Tan Tanh Tile Transpose Unpack UnsortedSegmentMax
            UnsortedSegmentMin UnsortedSegmentSum
            """.strip().split("\\s+"));

    private CppRegistry() {}

    static boolean hasGradient(String opType) {
        return OP_TYPES.contains(opType);
    }

    static Set<String> opTypes() {
        return OP_TYPES;
    }
}
