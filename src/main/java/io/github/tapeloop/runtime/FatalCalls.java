package io.github.tapeloop.runtime;

import static java.util.Map.entry;

import io.github.tapeloop.op.OpAttributes;
import io.github.tapeloop.op.OpCall;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.family.TNumber;

/**
 * Table of the calls that TensorFlow does not refuse but dies of, and the whole process with it, or that it answers with
 * memory nobody has written: by op type what is asked of ranks, sizes and numbers, and what is done instead. It is looked at
 * before an op is made, now or in a graph. In a graph a dimension may not be known, which is then for TensorFlow to judge;
 * numbers that are not known there go through ops that make of fatal ones such as TensorFlow refuses.
 */
final class FatalCalls {

    private static final int ANY = -1;

    private static final Map<String, Row> BY_TYPE = Map.ofEntries(
            entry("Transpose", row(ANY, ANY).where(FatalCalls::negativeAxis).cured(FatalCalls::safeOrder)),
            entry(
                    "ConjugateTranspose",
                    row(ANY, ANY).where(FatalCalls::negativeAxis).cured(FatalCalls::safeOrder)),
            entry("Conv2D", row(4, 4).where(WindowCalls::misfit).cured(WideCalls.or(WindowCalls::convolution))),
            entry(
                    "Conv2DBackpropInput",
                    row(1, 4, 4).where(sizes(0, WindowCalls::misfit)).cured(WideCalls.or(WindowCalls::toImage))),
            entry(
                    "Conv2DBackpropFilter",
                    row(4, 1, 4).where(sizes(1, WindowCalls::misfit)).cured(WideCalls.or(WindowCalls::toKernel))),
            entry(
                    "DepthwiseConv2dNative",
                    row(4, 4).where(WindowCalls::misfit).cured(WideCalls.or(WindowCalls::convolution))),
            entry(
                    "DepthwiseConv2dNativeBackpropInput",
                    row(1, 4, 4).where(sizes(0, WindowCalls::misfit)).cured(WideCalls.or(WindowCalls::toImage))),
            entry(
                    "DepthwiseConv2dNativeBackpropFilter",
                    row(4, 1, 4).where(sizes(1, WindowCalls::misfit)).cured(WideCalls.or(WindowCalls::toKernel))),
            entry(
                    "Conv3D",
                    row(5, 5)
                            .where(WindowCalls::misfit)
                            .cured(WideCalls.or(VolumeCalls.cut(WindowCalls::convolution, 0)))),
            entry(
                    "Conv3DBackpropInputV2",
                    row(1, 5, 5)
                            .where(sizes(0, WindowCalls::misfit))
                            .cured(WideCalls.or(VolumeCalls.grownToSizes(WindowCalls::toImage)))),
            entry(
                    "Conv3DBackpropFilterV2",
                    row(5, 1, 5)
                            .where(sizes(1, WindowCalls::misfit))
                            .cured(WideCalls.or(VolumeCalls.cut(WindowCalls::toKernel, 0)))),
            entry("AvgPool", row(4).cured(PoolCalls::pool)),
            entry("AvgPoolGrad", row(1, 4).where(PoolCalls::wrongAverage).cured(PoolCalls::toAveraged)),
            entry("AvgPool3D", row(5).cured(VolumeCalls.cut(PoolCalls::pool, 0))),
            entry(
                    "AvgPool3DGrad",
                    row(1, 5).where(PoolCalls::wrongAverage).cured(VolumeCalls.grownToSizes(PoolCalls::toAveraged))),
            entry("MaxPool", row(4).cured(PoolCalls::pool)),
            entry("MaxPoolV2", row(4, 1, 1)),
            entry("MaxPoolGrad", row(4, 4, 4).cured(PoolCalls::toPooled)),
            entry("MaxPoolGradV2", row(4, 4, 4, 1, 1).cured(PoolCalls::toPooled)),
            entry("MaxPoolGradGrad", row(4, 4, 4)),
            entry("MaxPoolGradGradV2", row(4, 4, 4, 1, 1)),
            entry("MaxPoolWithArgmax", row(4)),
            entry("MaxPoolGradWithArgmax", row(4, 4, 4).cured(PoolCalls::toPooled)),
            entry("MaxPool3D", row(5).cured(VolumeCalls.cut(PoolCalls::pool, 0))),
            entry("MaxPool3DGrad", row(5, 5, 5).cured(VolumeCalls.grown(PoolCalls::toPooled))),
            entry("MaxPool3DGradGrad", row(5, 5, 5).cured(VolumeCalls.cut(null, 0, 2))),
            entry("RFFT", transform(1)),
            entry("RFFT2D", transform(2)),
            entry("RFFT3D", transform(3)),
            entry("IRFFT", transform(1)),
            entry("IRFFT2D", transform(2)),
            entry("IRFFT3D", transform(3)),
            entry("Gather", row(ANY, ANY)),
            entry("GatherV2", row(ANY, ANY, 0).where(call -> batchDimensions(call, Tensors.rank(call.input(0))))),
            entry("ResourceGather", row(ANY, ANY).where(FatalCalls::gathered)),
            entry("LookupTableExportV2", row(ANY).where(HandleTypes::wrongTable)),
            entry("CropAndResize", row(4, 2, 1, 1).cured(CropCalls::boxes)),
            entry("CropAndResizeGradImage", row(4, 2, 1, 1).cured(CropCalls::boxes)),
            entry("CropAndResizeGradBoxes", row(4, 4, 2, 1).cured(CropCalls::boxes)),
            entry("TensorScatterUpdate", row(ANY, ANY, ANY).where(FatalCalls::scattered)),
            entry("TensorScatterAdd", row(ANY, ANY, ANY).where(FatalCalls::scattered)),
            entry("TensorScatterSub", row(ANY, ANY, ANY).where(FatalCalls::scattered)),
            entry("TensorScatterMax", row(ANY, ANY, ANY).where(FatalCalls::scattered)),
            entry("TensorScatterMin", row(ANY, ANY, ANY).where(FatalCalls::scattered)),
            entry("FakeQuantWithMinMaxVarsPerChannel", row(ANY, 1, 1).where(call -> channels(call, 0))),
            entry(
                    "FakeQuantWithMinMaxVarsPerChannelGradient",
                    row(ANY, ANY, 1, 1).where(call -> channels(call, 1))),
            entry("LSTMBlockCell", CellCalls.lstm()),
            entry("LSTMBlockCellGrad", CellCalls.lstmGradient()),
            entry("BlockLSTM", CellCalls.block()),
            entry("BlockLSTMV2", CellCalls.block()),
            entry("BlockLSTMGrad", CellCalls.blockGradient()),
            entry("BlockLSTMGradV2", CellCalls.blockGradient()),
            entry("GRUBlockCell", CellCalls.gru()),
            entry("GRUBlockCellGrad", CellCalls.gruGradient()),
            entry(
                    "FractionalAvgPoolGrad",
                    row(1, 4, 1, 1).where(FractionalCalls::average).cured(FractionalCalls::inOrder)),
            entry(
                    "FractionalMaxPoolGrad",
                    row(4, 4, 4, 1, 1).where(FractionalCalls::largest).cured(FractionalCalls::inOrder)),
            entry("MultiDeviceIteratorInit", row(ANY, ANY, 0)),
            entry("MultiDeviceIteratorGetNextFromShard", row(ANY, 0, 0)),
            entry("TensorListGetItem", row(ANY, 0, ANY)),
            entry("TensorListSetItem", row(ANY, 0, ANY)),
            entry("TensorListReserve", CountedCalls.PLACES.by(1, ANY, 0)),
            entry("TensorListResize", CountedCalls.PLACES.by(1, ANY, 0)),
            entry("TensorArrayV3", CountedCalls.PLACES.by(0, 0)),
            entry("SparseFillEmptyRows", CountedCalls.PLACES.by(2, 2, 1, 1, 0)),
            entry("LearnedUnigramCandidateSampler", row(2).where(CountedCalls.PLACES.by("range_max"))),
            entry("ThreadUnsafeUnigramCandidateSampler", row(2).where(CountedCalls.PLACES.by("range_max"))),
            entry("ThreadPoolHandle", row().where(CountedCalls.THREADS.by("num_threads"))),
            entry("ExperimentalThreadPoolHandle", row().where(CountedCalls.THREADS.by("num_threads"))),
            entry("PrivateThreadPoolDataset", CountedCalls.THREADS.by(1, ANY, 0)),
            entry("ExperimentalPrivateThreadPoolDataset", CountedCalls.THREADS.by(1, ANY, 0)),
            entry("RaggedTensorToVariantGradient", row(1, 1, 1)),
            entry("ImageProjectiveTransformV2", row(4, 2, 1).where(FatalCalls::transformed)),
            entry("ImageProjectiveTransformV3", row(4, 2, 1, 0).where(FatalCalls::transformed)),
            entry("XlaSvd", row(ANY).where(FatalCalls::noMatrix)),
            entry("XlaSelfAdjointEig", row(ANY).where(FatalCalls::noMatrix)),
            entry("XlaDynamicSlice", row(ANY, 1, 1)),
            entry("XlaDynamicUpdateSlice", row(ANY, ANY, 1)),
            entry("RandomPoisson", row(1, ANY).cured(finite(1))),
            entry("RandomPoissonV2", row(1, ANY).cured(finite(1))),
            entry("StatelessRandomPoisson", row(1, 1, ANY).cured(finite(2))),
            entry("StatefulRandomBinomial", row(ANY, ANY, 1, ANY, ANY).cured(finite(4))),
            entry("StatelessRandomBinomial", row(1, 1, ANY, ANY).cured(finite(3))),
            entry("SparseCrossV2", new Row(null, call -> scalars(call, 1, 1), null)),
            entry("SparseCrossHashed", new Row(null, call -> scalars(call, 3, 2), null)),
            entry("RaggedGather", new Row(null, FatalCalls::ragged, null)),
            entry("Enter", row(ANY).where(call -> least(call, "parallel_iterations", 1))),
            entry("CustomAggregator", row(ANY).where(call -> least(call, "num_bins", 0))),
            entry("DumpTensor", row(ANY).where(FatalCalls::elsewhere)),
            entry("SplitDedupData", row(ANY).where(FatalCalls::elsewhere)),
            entry("MergeDedupData", row(ANY, ANY).where(FatalCalls::elsewhere)),
            entry("TfLiteSubgraphExecute", new Row(null, FatalCalls::elsewhere, null)),
            entry("ParseExampleDataset", new Row(null, FatalCalls::parsed, null)),
            entry("ParseExampleDatasetV2", new Row(null, FatalCalls::parsed, null)),
            entry("ExperimentalParseExampleDataset", new Row(null, FatalCalls::parsed, null)),
            entry("SplitV", row(ANY, 1, 0)),
            entry("LoadAndRemapMatrix", row(ANY, ANY, 1, 1, 1)),
            entry("MatrixSolveLs", row(ANY, ANY, 0).cured(FatalCalls::noEquations)),
            entry("CombinedNonMaxSuppression", row(4, 3, 0, 0, 0, 0)),
            entry("SparseTensorDenseMatMul", row(2, 1, 1, 2).where(sizes(2, call -> null))),
            entry("Unpack", row(ANY).where(FatalCalls::parts)),
            entry("CTCLoss", row(3, 2, 1, 1).where(FatalCalls::noClasses)),
            entry("CTCLossV2", row(3, 2, 1, 1).where(FatalCalls::noClasses)),
            entry("CTCBeamSearchDecoder", row(3, 1).where(FatalCalls::beams)),
            entry("XlaReplicaId", row().where(FatalCalls::elsewhere)),
            entry("Variable", row().where(FatalCalls::elsewhere)),
            entry("RpcServer", row().where(FatalCalls::elsewhere)));

    private FatalCalls() {}

    /** Looks at what is known in Java already or lies in host memory. */
    @FunctionalInterface
    interface Check {

        /** What is wrong with a call, or null. */
        String reason(OpCall call);
    }

    /** Makes something else of a call. */
    @FunctionalInterface
    interface Cure {

        /** An op with the outputs that the call should have, made without the table's eyes, or null to leave it as it is. */
        Operation make(SessionEnvironment environment, OpCall call);
    }

    /**
     * What is asked of an op type.
     *
     * @param ranks of its inputs, {@link #ANY} where several are right; null for any number of inputs
     * @param check what else is asked, or null
     * @param cure what is made instead, or null
     */
    record Row(int[] ranks, Check check, Cure cure) {

        Row where(Check next) {
            return new Row(ranks, next, cure);
        }

        Row cured(Cure next) {
            return new Row(ranks, check, next);
        }

        /**
         * Looks at a call before its op is made.
         *
         * @return the op that takes its place, or null
         * @throws OpException if TensorFlow would die
         */
        Operation guard(SessionEnvironment environment, OpCall call) {
            if (ranks != null && call.inputs() != ranks.length) {
                return null; // TensorFlow says so.
            }
            String reason = ranks == null ? null : wrongRank(call);
            if (reason == null && check != null) {
                reason = check.reason(call);
            }
            if (reason != null) {
                throw EagerExecutor.failure(call, reason);
            }
            OpCall ranked = environment.isEager() || ranks == null ? call : ranked(environment, call);
            Operation cured = cure == null ? null : cure.make(environment, ranked);
            return cured == null && ranked != call ? environment.unguarded(ranked) : cured;
        }

        /** In a graph a rank may be open: it is looked at when the graph runs. */
        private OpCall ranked(SessionEnvironment environment, OpCall call) {
            Output<?>[] inputs = null;
            for (int i = 0; i < ranks.length; i++) {
                if (ranks[i] >= 0 && Tensors.rank(call.input(i)) < 0) {
                    inputs = inputs == null ? call.inputsCopied() : inputs;
                    long[] open = new long[ranks[i]];
                    Arrays.fill(open, Shape.UNKNOWN_SIZE);
                    inputs[i] = Ops.create(environment)
                            .scope()
                            .opBuilder("EnsureShape", "Rank")
                            .addInput(call.input(i))
                            .setAttr("shape", Shape.of(open))
                            .build()
                            .output(0);
                }
            }
            return inputs == null ? call : call.withInputs(inputs);
        }

        private String wrongRank(OpCall call) {
            for (int i = 0; i < ranks.length; i++) {
                int rank = ranks[i] == ANY ? ANY : Tensors.rank(call.input(i));
                if (rank >= 0 && rank != ranks[i]) {
                    return "its input " + i + " must have " + ranks[i] + " dimensions, got " + rank;
                }
            }
            return null;
        }
    }

    /** Ops on variables. */
    private static final Row VARIABLES = new Row(null, HandleTypes::wrongVariable, null);

    /** The shape functions of most end the process; no layer is made of them, and TensorFlow has given them up. */
    private static final Row TREES =
            new Row(null, call -> "boosted trees do not work here: their ops do not look at what they are given", null);

    /** What is asked of an op type; null for the many of which nothing is. */
    static Row of(String type) {
        Row row = BY_TYPE.get(type);
        if (row != null) {
            return row;
        }
        return type.startsWith("Resource") ? VARIABLES : type.startsWith("BoostedTrees") ? TREES : null;
    }

    /** The op types of which something is asked. */
    static Set<String> types() {
        return BY_TYPE.keySet();
    }

    private static Row row(int... ranks) {
        return new Row(ranks, null, null);
    }

    private static Row transform(int dimensions) {
        return row(ANY, 1).where(call -> emptyTransform(call, dimensions)).cured(FatalCalls::safeLength);
    }

    private static String negativeAxis(OpCall call) {
        return hasLess(call, 1, 0)
                ? "its permutation has a negative number: count the axes from the front, from 0 to rank - 1"
                : null;
    }

    /** In a graph, a permutation that is computed: -1 becomes the largest number there is, which no tensor has as an axis. */
    private static Operation safeOrder(SessionEnvironment environment, OpCall call) {
        if (environment.isEager() || WholeNumbers.of(call.input(1)) != null) {
            return null;
        }
        Ops tf = Ops.create(environment);
        Operand<TNumber> order = operand(call, 1);
        Operand<TNumber> largest = order.asOutput().dataType() == DataType.DT_INT64
                ? untyped(tf.constant(Long.MAX_VALUE))
                : untyped(tf.constant(Integer.MAX_VALUE));
        return replaced(environment, call, 1, tf.bitwise.bitwiseAnd(order, largest));
    }

    private static String emptyTransform(OpCall call, int dimensions) {
        Shape x = Tensors.shape(call.input(0));
        int rank = x.numDimensions();
        if (rank >= 0 && rank < dimensions) {
            return "it transforms " + dimensions + " dimensions, and its input has fewer";
        }
        for (int i = rank - dimensions; i < rank; i++) {
            if (rank >= 0 && x.get(i) == 0) {
                return "there is nothing to transform in its input";
            }
        }
        return hasLess(call, 1, 1) ? "its fft_length must be positive" : null;
    }

    /** In a graph, a length that is computed: of 0 becomes -1, which TensorFlow refuses. */
    private static Operation safeLength(SessionEnvironment environment, OpCall call) {
        if (environment.isEager() || WholeNumbers.of(call.input(1)) != null) {
            return null;
        }
        Ops tf = Ops.create(environment);
        Operand<TNumber> length = operand(call, 1);
        Operand<TNumber> none = untyped(tf.dtypes.cast(tf.math.equal(length, tf.zerosLike(length)), length.type()));
        return replaced(environment, call, 1, tf.math.sub(length, none));
    }

    /** Asks for a shape without negative numbers, and then for what else is given. */
    private static Check sizes(int input, Check then) {
        return call ->
                hasLess(call, input, 0) ? "its input " + input + ", a shape, has a negative number" : then.reason(call);
    }

    /** Whether an input that is known has a number below a limit. */
    private static boolean hasLess(OpCall call, int input, long limit) {
        long[] numbers = WholeNumbers.of(call.input(input));
        return numbers != null && Arrays.stream(numbers).anyMatch(number -> number < limit);
    }

    private static String batchDimensions(OpCall call, int rank) {
        int ofIndices = Tensors.rank(call.input(1));
        long given = call.attribute("batch_dims") instanceof Long number ? number : 0;
        if (ofIndices >= 0 && (given < -ofIndices || given > ofIndices) || rank >= 0 && given > rank) {
            return "batch_dims of " + given + " are more dimensions than it is given";
        }
        return null;
    }

    private static String gathered(OpCall call) {
        String reason = batchDimensions(call, ANY);
        return reason == null ? HandleTypes.wrongVariable(call) : reason;
    }

    private static String scattered(OpCall call) {
        Shape x = Tensors.shape(call.input(0));
        Shape indices = Tensors.shape(call.input(1));
        Shape updates = Tensors.shape(call.input(2));
        if (x.isUnknown() || indices.isUnknown() || updates.isUnknown()) {
            return null;
        }
        if (x.numDimensions() == 0 || indices.numDimensions() == 0) {
            return "it needs a tensor and indices with at least one dimension";
        }
        long depth = indices.get(-1);
        if (depth < 0) {
            return null;
        }
        int outer = indices.numDimensions() - 1;
        return depth > x.numDimensions() || updates.numDimensions() != outer + x.numDimensions() - depth
                ? "indices of the last dimension " + depth + " and these updates do not fit its first input"
                : null;
    }

    private static String channels(OpCall call, int input) {
        Shape x = Tensors.shape(call.input(input));
        if (x.isUnknown()) {
            return null;
        }
        for (int i = input + 1; i < call.inputs() && x.numDimensions() > 0; i++) {
            Shape limits = Tensors.shape(call.input(i));
            if (!limits.isUnknown() && !limits.isCompatibleWith(Shape.of(x.get(-1)))) {
                return "it needs a limit for each of " + x.get(-1) + " channels";
            }
        }
        return x.numDimensions() == 0 ? "it needs channels, the last dimension" : null;
    }

    private static String parts(OpCall call) {
        Shape x = Tensors.shape(call.input(0));
        long axis = call.attribute("axis") instanceof Long number ? number : 0;
        if (x.isUnknown() || axis >= x.numDimensions() || axis < -x.numDimensions()) {
            return null;
        }
        long size = x.get((int) axis);
        return size >= 0 && call.attribute("num") instanceof Long number && number != size
                ? "it gives " + size + " parts, not " + number
                : null;
    }

    private static String parsed(OpCall call) {
        return length(call, "dense_keys") == length(call, "dense_shapes")
                        && length(call, "sparse_keys") == length(call, "sparse_types")
                ? null
                : "it needs a shape for each of its dense_keys, and a type for each of its sparse_keys";
    }

    private static int length(OpCall call, String attribute) {
        return call.attribute(attribute) instanceof Object[] list ? list.length : 0;
    }

    /** Of no equations TensorFlow leaves the unknowns unwritten; the least that solve them are zeros. */
    private static Operation noEquations(SessionEnvironment environment, OpCall call) {
        Shape matrix = Tensors.shape(call.input(0));
        Shape right = Tensors.shape(call.input(1));
        int rank = matrix.numDimensions();
        boolean none = rank >= 2
                && right.numDimensions() == rank
                && !matrix.hasUnknownDimension()
                && !right.hasUnknownDimension()
                && matrix.get(-2) == 0
                && right.get(-2) == 0;
        if (!none) {
            return null;
        }
        long[] shape = matrix.asArray();
        shape[rank - 2] = matrix.get(-1);
        shape[rank - 1] = right.get(-1);
        return WindowCalls.zeros(
                environment, call.input(1), Ops.create(environment).constant(shape));
    }

    private static String noMatrix(OpCall call) {
        int rank = Tensors.rank(call.input(0));
        return rank == 0 || rank == 1 ? "it takes matrices, and its input has " + rank + " dimensions" : null;
    }

    private static String noClasses(OpCall call) {
        Shape logits = Tensors.shape(call.input(0));
        return logits.numDimensions() == 3 && logits.get(2) == 0
                ? "it takes logits [time, batch, classes] with at least one class, the blank"
                : null;
    }

    private static String beams(OpCall call) {
        return call.attribute("beam_width") instanceof Long width && width > 1 << 20
                        || call.attribute("top_paths") instanceof Long paths && paths > 1 << 20
                ? "it keeps at most " + (1 << 20) + " beams"
                : null;
    }

    /** Behind lists of inputs there are some that must be numbers, counted from the back. */
    private static String scalars(OpCall call, int first, int count) {
        for (int i = call.inputs() - first; i >= 0 && i < call.inputs() - first + count; i++) {
            if (Tensors.rank(call.input(i)) != 0) {
                return "its input " + i + " must be a single number or text, known to be one";
            }
        }
        return null;
    }

    /** Its shape function counts dimensions that may not be there. */
    private static String ragged(OpCall call) {
        int rank = call.inputs() == 0 ? ANY : Tensors.rank(call.input(call.inputs() - 1));
        long expected = (long) call.inputs() - 2 + rank - 1;
        return rank < 0 || call.attribute("OUTPUT_RAGGED_RANK") instanceof Long given && given != expected
                ? "its output has a ragged rank of that of the values plus the dimensions of the indices, which must be"
                        + " known, less 1"
                : null;
    }

    /** With numbers that are finite: kernels that draw until something is right draw for ever where NaN never is. */
    private static Cure finite(int input) {
        return (environment, call) -> Tensors.isDifferentiable(call.input(input).dataType())
                ? replaced(environment, call, input, checked(environment, call, input))
                : null;
    }

    /** An input that is refused when it turns out not to be finite. */
    static Output<?> checked(SessionEnvironment environment, OpCall call, int input) {
        return Ops.create(environment)
                .scope()
                .opBuilder("CheckNumerics", "Finite")
                .addInput(call.input(input))
                .setAttr("message", "input " + input + " of " + call.type() + " '" + call.name() + "'")
                .build()
                .output(0);
    }

    /** Of other words TensorFlow leaves the image unwritten. */
    private static String transformed(OpCall call) {
        Object how = OpAttributes.as(String.class, call.attribute("interpolation"));
        Object fill = OpAttributes.as(String.class, call.attribute("fill_mode"));
        if (how != null && !Set.of("NEAREST", "BILINEAR").contains(how)) {
            return "interpolation must be NEAREST or BILINEAR, got " + how;
        }
        return fill != null && !Set.of("REFLECT", "WRAP", "CONSTANT", "NEAREST").contains(fill)
                ? "fill_mode must be REFLECT, WRAP, CONSTANT or NEAREST, got " + fill
                : null;
    }

    private static String least(OpCall call, String attribute, long limit) {
        return call.attribute(attribute) instanceof Long number && number < limit
                ? attribute + " must be at least " + limit + ", got " + number
                : null;
    }

    private static String elsewhere(OpCall call) {
        return "it works neither at once nor in a traced function";
    }

    /** The call with another input, made without asking the table again. */
    static Operation replaced(SessionEnvironment environment, OpCall call, int input, Operand<?> by) {
        Output<?>[] inputs = call.inputsCopied();
        inputs[input] = by.asOutput();
        return environment.unguarded(call.withInputs(inputs));
    }

    /** An input in a type that TensorFlow Java asks for. */
    @SuppressWarnings("unchecked") // TensorFlow checks the type itself.
    static Operand<TNumber> operand(OpCall call, int input) {
        return (Operand<TNumber>) call.input(input);
    }

    @SuppressWarnings("unchecked") // As above.
    static Operand<TNumber> untyped(Operand<?> operand) {
        return (Operand<TNumber>) operand;
    }
}
