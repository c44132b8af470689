package io.github.tapeloop.fuzz;

import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.MaxPool1D;
import io.github.tapeloop.layer.MaxPool2D;
import java.util.regex.Pattern;

/** Ops that are not tried, or not in every way, each with the reason. */
final class PassedOver {

    /** They wait for another thread or another machine, for ever if none comes: that is what they are for. */
    private static final Pattern WAITS = Pattern.compile(
            "Queue(Dequeue|Enqueue).*|Barrier.*|.*Unstage.*|.*StagePeek|(Ordered)?MapPeek|.*Recv.*"
                    + "|Collective.*|Nccl.*|Reader.*|RecordInput|Mutex.*|.*TakeGradient|Send|_Send|_HostSend|Batch|BatchFunction|Unbatch.*"
                    + "|.*Rpc.*|DataService.*|.*SleepDataset|WaitForDistributed.*|AllToAll|CrossReplicaSum|SyncDevice|(Ordered)?(Map)?Stage");

    /** They end the process, or write files: that is what they are for. */
    private static final Pattern ACTS = Pattern.compile(
            "Abort|WriteFile|Save.*|DistributedSave|MergeV2Checkpoints"
                    + "|FileSystemSetConfiguration|.*SummaryWriter|.*SummaryFileWriter|.*SummaryDbWriter|Print.*|DebugIdentity.*|DatasetToTFRecord|ExperimentalDatasetToTFRecord|CalibrationStatisticsSaver");

    private static final Pattern RANDOM = Pattern.compile(
            ".*Random.*|.*Multinomial.*|.*Truncated.*|.*Sample.*|.*Shuffle.*|.*KMeans.*|.*Kmc2.*|Rng.*|Stateful.*|.*Timestamp.*"
                    + "|FractionalM.*|FractionalA.*|Empty|.*Dataset.*|.*Handle.*|Anonymous.*|NonDeterministic.*|.*Kmeans.*|KMC2.*|Skipgram|.*Session.*|ImmutableConst|.*Stack.*|.*TensorArray.*|TensorList.*|.*Candidate.*|NegTrain|.*GlobalIterId|Stochastic.*|UniqueDataset.*|.*Dropout.*|CudnnRNN.*|TemporaryVariable|.*Experimental.*");

    /**
     * Their gradient is not the slope, on purpose: straight through a staircase; of a symmetric matrix, of a distribution, of
     * sorted and distinct places, none of which a random input is; not with respect to all inputs; 0 by convention at 0; a
     * sawtooth of any period; none by nature, says TensorFlow, of ranges and decoders.
     */
    private static final Pattern STAIRCASE = Pattern.compile(
            "FakeQuant.*|Quantize.*|.*Bitcast|StopGradient|PreventGradient"
                    + "|CheckNumerics.*|Fractional.*|Qr|.*Svd|SelfAdjointEig.*|Eig|Lu|.*TriangularSolve|Cholesky.*|.*MatrixSolveLs"
                    + "|SoftmaxCrossEntropyWithLogits|CTC.*|Sparse.*|MaxPool.*Grad.*|IsotonicRegression|RGBToHSV|HSVToRGB"
                    + "|Zeta|Betainc|Igamma.*|Polygamma|Xlogy|Xlog1py|Xdivy|MulNoNan|DivNoNan|Bessel.*0e|NthElement|ClipByValue|.*Mod|FloorDiv|RaggedRange");

    /**
     * Outputs that nobody writes, because they were not asked for ({@code compute_v} is false, training, steps beyond a
     * length), or that are NaN but
     * for half of a matrix, which says enough.
     */
    private static final Pattern UNWRITTEN = Pattern.compile(
            "Svd|Eig|SelfAdjointEig.*|BatchSelfAdjointEig.*|FusedBatchNorm.*|Cholesky.*|BatchCholesky.*|FakeParam"
                    + "|Empty|.*ImmutableConst|BlockLSTM.*|.*MaxPool.*");

    private PassedOver() {}

    static boolean isPassedOver(String type) {
        return type.startsWith("_")
                || WAITS.matcher(type).matches()
                || ACTS.matcher(type).matches();
    }

    /** Whether two calls need not give the same. */
    static boolean isRandom(String type) {
        return RANDOM.matcher(type).matches();
    }

    static boolean isStaircase(String type) {
        return STAIRCASE.matcher(type).matches();
    }

    /**
     * Whether a layer looks past what is not a number, in another place each time: TensorFlow's kernels of the largest of a
     * window pass over NaN, and where the gradient goes is then up to the kernel, of which oneDNN has two.
     */
    static boolean isBlindToNaN(Layer layer) {
        return layer instanceof MaxPool1D || layer instanceof MaxPool2D;
    }

    /**
     * Whether a trace refuses what would be in the way of speed: of no images, of which it does not know that they are none,
     * oneDNN gives the image for the convolution, which no bias fits. A cure would stand between the two, which are one kernel.
     */
    static boolean isOfNoImages(RawValue x, RuntimeException e) {
        return x.numbers().length == 0 && String.valueOf(e.getMessage()).contains("as many biases");
    }

    static boolean leavesUnwritten(String type) {
        return UNWRITTEN.matcher(type).matches();
    }
}
