package io.github.tapeloop.store;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.warning.Warnings;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory in which a run keeps its checkpoints, and the one writer to it.
 *
 * <pre>
 * runs/mnist/
 *   .lock                    says who writes here
 *   run.json                 what is told of the run, for people who look at many
 *   000012-step-500/         a checkpoint: appears by one renaming, never changes
 *     model.safetensors  optimizer.safetensors  …
 *     checkpoint.json        the manifest, with the checksums of all and its own
 *   .tmp-…  .gone-…          being written, being deleted; left over by a process that was killed, they are swept by the next
 * </pre>
 *
 * <p>What was saved is on the disk when its future is done: files are forced, then the names in the directory, before and after it gets
 * its name. So at any moment, a loss of power included, there is the new checkpoint or those before it.
 *
 * <p>Used by one thread at a time. Writing is done by another one, which takes only what {@link #save} was given.
 */
public final class CheckpointDirectory implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CheckpointDirectory.class);
    private static final String WRITING = ".tmp-";
    private static final String DELETING = ".gone-";

    private final Path directory;
    private volatile Retention retention;
    private final DirectoryLock lock;
    private final BackgroundWriter writer;
    private final RunFile runFile;
    /** The scores of checkpoints, read once; of those that cannot be read there are none. */
    private final Map<CheckpointName, Map<String, Double>> scores = new TreeMap<>();
    /** Whether any of them could not be read: neither counted nor deleted, since somebody may want to look at it. */
    private final Set<CheckpointName> damaged = new TreeSet<>();

    private long next;
    private boolean closed;

    private CheckpointDirectory(Path directory, Retention retention, DirectoryLock lock) throws IOException {
        this.directory = directory;
        this.retention = retention;
        this.lock = lock;
        this.runFile = new RunFile(directory);
        sweep();
        List<CheckpointName> names = names(directory);
        this.next = 1 + names.stream().mapToLong(CheckpointName::number).max().orElse(0);
        this.writer = new BackgroundWriter("checkpoints of " + directory.getFileName());
    }

    /**
     * Opens a directory to write to, makes it if need be, and sweeps what a killed process has left over.
     *
     * @param directory what is in it besides is left alone
     * @param retention which checkpoints stay
     * @return the directory, to be closed by the caller
     * @throws CheckpointException if another writer has it open, which is named, or if it cannot be written to
     */
    public static CheckpointDirectory open(Path directory, Retention retention) {
        Objects.requireNonNull(retention, "retention");
        DirectoryLock lock = null;
        try {
            Files.createDirectories(directory);
            if (!Files.isWritable(directory)) { // A lock that is there could be taken all the same.
                throw new AccessDeniedException(directory.toString(), null, "this process has no right to write there");
            }
            lock = DirectoryLock.take(directory);
            return new CheckpointDirectory(directory, retention, lock);
        } catch (IOException e) {
            CheckpointException failure = new CheckpointException(
                    "Expected a directory for checkpoints that can be written to, got " + directory + ": "
                            + Disk.said(e) + ". Let the user of this process write there, or choose another directory",
                    e);
            try {
                if (lock != null) {
                    lock.close();
                }
            } catch (IOException later) {
                failure.addSuppressed(later);
            }
            throw failure;
        }
    }

    private void sweep() throws IOException {
        for (String prefix : new String[] {WRITING, DELETING}) {
            try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, prefix + "*")) {
                for (Path path : left) {
                    LOG.debug("{} was left over by a process that ended early, and is deleted", path);
                    Disk.delete(path);
                }
            }
        }
    }

    private static List<CheckpointName> names(Path directory) throws IOException {
        List<CheckpointName> names = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
            all.forEach(path -> CheckpointName.of(path).ifPresent(names::add));
        }
        names.sort(Comparator.reverseOrder());
        return names;
    }

    /** Where it is. */
    public Path path() {
        return directory;
    }

    /** Decides otherwise from the next checkpoint on which of them stay. */
    public void retention(Retention changed) {
        retention = Objects.requireNonNull(changed, "retention");
    }

    /** The checkpoints in it, the oldest first, whole ones or not. */
    public List<Path> checkpoints() {
        try {
            return names(directory).stream()
                    .sorted()
                    .map(name -> name.in(directory))
                    .toList();
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    /**
     * The newest checkpoint that is whole, after what is in flight. One that is not is passed over with a warning that says why.
     *
     * @return it, to be closed by the caller, or empty if there is no checkpoint
     * @throws CheckpointException if there are checkpoints, and none can be read
     */
    public Optional<Checkpoint> latest() {
        writer.await();
        return newest(directory, damaged);
    }

    /**
     * The checkpoint with the best score, after what is in flight.
     *
     * @param score its name, {@code val_loss}
     * @param higherIsBetter which way it should go
     * @return it, to be closed by the caller, or empty if none has this score
     * @throws CheckpointException if it cannot be read
     */
    public Optional<Checkpoint> best(String score, boolean higherIsBetter) {
        writer.await();
        try {
            return Retention.ranked(saved(), score, higherIsBetter).stream()
                    .findFirst()
                    .map(best -> checked(new CheckpointName(best.number(), best.step()).in(directory)));
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    /**
     * Reads a checkpoint, or the newest of a directory of them, whoever writes to it.
     *
     * @param path the directory of a checkpoint, or one that holds such
     * @return it, to be closed by the caller
     * @throws CheckpointException if it is none, or is damaged
     */
    public static Checkpoint read(Path path) {
        if (Files.exists(path.resolve(Manifest.NAME), LinkOption.NOFOLLOW_LINKS)
                || CheckpointName.of(path.toAbsolutePath()).isPresent()) {
            return checked(path);
        }
        return newest(path, new TreeSet<>())
                .orElseThrow(() -> new CheckpointException("Expected a checkpoint in " + path
                        + ", got none: give the directory that was saved to, or that of one of its checkpoints"));
    }

    private static Checkpoint checked(Path path) {
        try {
            return CheckpointFiles.read(path);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static Optional<Checkpoint> newest(Path directory, Set<CheckpointName> damaged) {
        try {
            List<CheckpointName> names = names(directory);
            IOException first = null;
            for (CheckpointName name : names) {
                try {
                    return Optional.of(CheckpointFiles.read(name.in(directory)));
                } catch (IOException e) {
                    requireDamage(e);
                    first = first == null ? e : first;
                    damaged.add(name);
                    Warnings.warn(
                            CheckpointDirectory.class,
                            "The checkpoint " + name.in(directory) + " is passed over, and the one before it is taken. "
                                    + Disk.said(e)
                                    + ". Delete it, if it is not needed to find out what happened to it");
                }
            }
            if (first != null) {
                throw new CheckpointException(
                        "Expected a checkpoint that is whole in " + directory + ", got " + names.size()
                                + " that are not; of the newest: " + Disk.said(first)
                                + ". Restore the directory, or begin anew in another one",
                        first);
            }
            return Optional.empty();
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    /**
     * Tells a file that is not as it was written, or a disk that does not give it back, from one that this process may not read or has no
     * handle left for: there an earlier checkpoint would be taken though the newest is whole.
     */
    private static void requireDamage(IOException e) throws IOException {
        boolean refused = e instanceof FileSystemException && !(e instanceof NoSuchFileException);
        if (refused || e instanceof ClosedChannelException) {
            throw e;
        }
    }

    private static CheckpointException unreadable(Path path, IOException e) {
        return new CheckpointException("The checkpoint in " + path + " cannot be read. " + Disk.said(e), e);
    }

    /**
     * Saves a moment, while the caller goes on. Waits for the one before, if that is being written still.
     *
     * @param moment its contents are closed when they are written, or could not be
     * @return done with the checkpoint's directory when it is on the disk
     * @throws CheckpointException if the moment before could not be saved, and nobody was told by {@link #check}; this one is not
     *     saved either
     */
    public CompletableFuture<Path> save(Moment moment) {
        boolean begun = false;
        try {
            requireOpen();
            CompletableFuture<Path> saved = writer.begin(() -> {
                try (Contents written = moment.contents()) {
                    return write(moment);
                }
            });
            begun = true;
            return saved;
        } finally {
            if (!begun) {
                moment.contents().close();
            }
        }
    }

    /** On the writer's thread. */
    private Path write(Moment moment) {
        CheckpointName name = new CheckpointName(next++, moment.step());
        Path writing = directory.resolve(WRITING + name.number());
        try {
            if (!lock.isHeld()) {
                throw new NoSuchFileException(
                        DirectoryLock.NAME, null, "it was deleted or replaced since this run began");
            }
            Files.createDirectory(writing);
            CheckpointFiles.write(writing, moment);
            Disk.rename(writing, name.in(directory));
            Disk.forceNames(directory);
        } catch (IOException | RuntimeException e) {
            throw unwritten(moment, writing, e);
        }
        scores.put(name, moment.scores());
        retain();
        return name.in(directory);
    }

    private CheckpointException unwritten(Moment moment, Path writing, Exception e) {
        CheckpointException failure = new CheckpointException(
                "The checkpoint of step " + moment.step() + ", "
                        + moment.contents().bytes()
                        + " bytes, could not be written to " + directory + ": " + Disk.said(e) + free()
                        + ". Those before it are as they were. Make room or keep fewer (keepLast), give the user of this"
                        + " process the right to write there, or restore the directory",
                e);
        try {
            if (Files.exists(writing, LinkOption.NOFOLLOW_LINKS)) {
                Disk.delete(writing);
            }
        } catch (IOException later) { // It is swept when the directory is opened next.
            failure.addSuppressed(later);
        }
        return failure;
    }

    private String free() {
        try {
            return " (" + Files.getFileStore(directory).getUsableSpace() + " bytes are free)";
        } catch (IOException e) {
            return " (the directory is not there any more)";
        }
    }

    /** Deletes what need not stay. That it cannot be deleted is no reason to end a run: what is to be kept is there. */
    private void retain() {
        try {
            for (Retention.Kept gone : retention.deletable(saved())) {
                CheckpointName name = new CheckpointName(gone.number(), gone.step());
                Path deleting = directory.resolve(DELETING + name);
                Disk.rename(name.in(directory), deleting);
                scores.remove(name);
                Disk.delete(deleting);
            }
        } catch (IOException e) {
            LOG.warn("A checkpoint in {} that need not stay could not be deleted", directory, e);
        }
    }

    private List<Retention.Kept> saved() throws IOException {
        List<Retention.Kept> saved = new ArrayList<>();
        for (CheckpointName name : names(directory)) {
            if (!scores.containsKey(name) && !damaged.contains(name)) {
                try {
                    scores.put(
                            name, CheckpointFiles.manifest(name.in(directory)).scores());
                } catch (IOException e) {
                    requireDamage(e);
                    LOG.debug("{} is neither counted nor deleted", name.in(directory), e);
                    damaged.add(name);
                }
            }
            if (!damaged.contains(name)) {
                saved.add(new Retention.Kept(name.number(), name.step(), scores.get(name)));
            }
        }
        return saved;
    }

    /**
     * Writes what is told of the run, in place of what was told before, while the caller goes on.
     *
     * @throws CheckpointException as {@link #check}
     */
    public void report(RunReport report) {
        requireOpen();
        writer.queue(() -> {
            try {
                runFile.write(report);
                return directory;
            } catch (IOException e) {
                throw new CheckpointException(
                        "The report of the run could not be written to " + directory + ": " + Disk.said(e) + free()
                                + ". Checkpoints are as they were",
                        e);
            }
        });
    }

    /** @throws CheckpointException if a moment could not be saved since this was asked last; costs next to nothing */
    public void check() {
        writer.check();
    }

    /**
     * Waits until all is on the disk.
     *
     * @throws CheckpointException as {@link #check}
     */
    public void flush() {
        writer.await();
        writer.check();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(directory + " is closed: save before closing it");
        }
    }

    /**
     * Waits until all is on the disk, and lets another writer in. Closing twice is allowed.
     *
     * @throws CheckpointException as {@link #check}; it is closed all the same
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        writer.close();
        try {
            lock.close();
        } catch (IOException e) {
            LOG.warn("The lock of {} could not be let go", directory, e);
        }
        writer.check();
    }

    @Override
    public String toString() {
        return directory.toString();
    }
}
