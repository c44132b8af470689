package io.github.tapeloop.fuzz;

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

    /** Their gradient is not the slope, on purpose. */
    private static final Pattern STAIRCASE = Pattern.compile(
            "FakeQuant.*|Quantize.*|.*Bitcast|CTCLoss.*|StopGradient|PreventGradient|CheckNumerics.*|Fractional.*|Qr|.*Svd|SelfAdjointEig.*|Eig|Lu|.*MatrixTriangularSolve");

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
}
