package io.github.tapeloop.loop;

import io.github.tapeloop.account.Contents;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** The archive of a run: where its checkpoints go, and where the newest of them comes from. */
public interface RunArchive extends AutoCloseable {

    /** The newest checkpoint, to be closed by the caller; empty if the run is to begin. */
    Optional<Contents> latest();

    /**
     * Keeps a checkpoint, perhaps in the background; what failed since the last call is thrown here.
     *
     * @param steps how many steps the run has gone over: more than at the last call, or as many, at the end of an epoch
     * @param logs those of the epoch that has just ended; empty in the middle of one
     * @param contents what to keep; closed by the archive
     * @return done with where it is when it is kept
     */
    CompletionStage<Path> save(long steps, Map<String, Double> logs, Contents contents);

    /**
     * Tells of the run, for people who look at many.
     *
     * @param state {@code running}, {@code ended}, {@code stopped: …}, {@code failed: …}
     * @param seconds how long it has taken
     * @param epochs the logs of each epoch that has ended
     */
    void report(String state, double seconds, List<Map<String, Double>> epochs);

    /** Between two steps: what has failed since the last call is thrown here. Costs next to nothing. */
    void check();

    /** Waits until all is kept; what failed is thrown. An interrupt does not end the wait. */
    void await();

    /** Lets go of the place where the checkpoints are, when all is kept or has failed. */
    @Override
    void close();
}
