package io.github.tapeloop;

import io.github.tapeloop.FitHandle.Progress;
import io.github.tapeloop.FitHandle.State;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.lifetime.Hold;
import io.github.tapeloop.lifetime.UseLock;
import io.github.tapeloop.loop.Conductor;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.warning.Warnings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A run of {@code fitAsync} behind its handle: the loop asks it between batches, which is where it pauses and saves; any
 * thread may ask it for something. What is asked for is guarded by {@code monitor}.
 */
final class AsyncFit implements Conductor {

    /** How often a pause looks whether the trainer or its session is to be closed, which tells nobody. */
    private static final long LOOK_MILLIS = 20;

    /** What the loop does between two batches. */
    private enum Next {
        SAVE,
        PAUSE,
        GO_ON
    }

    private final Hold hold;
    private final BooleanSupplier closingAround;
    private final BooleanSupplier insideTrainer;
    private final Function<AsyncFit, History> fit;
    private final RunListener told = new RunListener();
    private final CompletableFuture<History> history = new RunFuture<>(this::cannotWait);

    private final Object monitor = new Object();
    private State state = State.WAITING;
    private boolean pauseAsked;
    /** Whether a pause is over that the thread of the run has not come back from: it takes a batch before another one. */
    private boolean resumed;

    private boolean lent;
    private final List<CompletableFuture<Progress>> pauses = new ArrayList<>();
    private final List<CompletableFuture<Path>> checkpoints = new ArrayList<>();
    /** Whether the run is where it can be saved: not in the middle of a validation. Of the run's thread. */
    private boolean savesNow;
    /** Tell of checkpoints, as soon as the run goes on or pauses again. */
    private final List<Runnable> saved = new ArrayList<>();

    private String reason;
    private long pausedSince;
    /** Whether the loop has to stop between batches; read by it without the monitor. */
    private volatile boolean attention;

    /** Counted down just before the history is there: what others do with that does not hold up who closes. */
    private final CountDownLatch over = new CountDownLatch(1);

    private volatile boolean closing;
    private volatile boolean historyAsked;
    private volatile Thread thread;
    private TapeSession.Use session;

    private volatile long began;
    private volatile long ended;
    private volatile long pausedNanos;

    /**
     * @param hold on the trainer, from before the run begins to its end
     * @param closingAround whether somebody wants to close the trainer or its session
     * @param insideTrainer whether the calling thread is inside the trainer
     * @param fit trains, on a thread that is inside the trainer
     */
    AsyncFit(Hold hold, BooleanSupplier closingAround, BooleanSupplier insideTrainer, Function<AsyncFit, History> fit) {
        this.hold = hold;
        this.closingAround = closingAround;
        this.insideTrainer = insideTrainer;
        this.fit = fit;
    }

    /** Trains, unless the run was closed before it began. */
    void run(TapeSession in) {
        synchronized (monitor) {
            if (state != State.WAITING) {
                return;
            }
            state = State.RUNNING;
            thread = Thread.currentThread();
            began = System.nanoTime();
        }
        History result = null;
        Throwable failure = null;
        try (UseLock.Use call = hold.begin();
                TapeSession.Use use = in.enter("fit")) {
            session = use;
            result = fit.apply(this);
        } catch (Throwable e) { // Whatever it is, who waits for the history is told.
            if (session == null && isClosing()) {
                result = unbegun("closed");
            } else {
                failure = e;
            }
        }
        end(result, failure);
    }

    private void end(History result, Throwable failure) {
        List<Runnable> waiting;
        List<CompletableFuture<Path>> unsaved;
        synchronized (monitor) {
            state = failure == null ? State.ENDED : State.FAILED;
            ended = System.nanoTime();
            reason = result == null ? reason : result.stopReason().orElse(null);
            waiting = takeWaiting();
            unsaved = List.copyOf(checkpoints);
            checkpoints.clear();
        }
        thread = null;
        session = null;
        if (failure != null && !historyAsked) {
            Warnings.warn(
                    FitHandle.class,
                    "A run of fitAsync has failed, and nobody has asked for its history() until now: " + failure,
                    failure);
        }
        told.feeds().end(Optional.ofNullable(failure));
        waiting.forEach(Runnable::run);
        unsaved.forEach(checkpoint -> checkpoint.completeExceptionally(hasEnded()));
        over.countDown();
        if (failure == null) {
            history.complete(result);
        } else {
            history.completeExceptionally(failure);
        }
    }

    private static IllegalStateException hasEnded() {
        return new IllegalStateException("The run has ended: there is nothing left to save");
    }

    /** Takes the run back that no executor has taken. */
    void withdraw() {
        synchronized (monitor) {
            if (state != State.WAITING) {
                return;
            }
            state = State.ENDED;
        }
        hold.end();
    }

    /** Ends the run before it has begun, if it has not. */
    void cancelUnlessBegun() {
        synchronized (monitor) {
            if (state != State.WAITING) {
                return;
            }
            state = State.ENDED;
            if (reason == null) {
                reason = "closed";
            }
        }
        hold.end();
        end(unbegun(reason), null);
    }

    private static History unbegun(String why) {
        return new History(List.of(), Optional.of(why), 0, 0, 0, List.of());
    }

    // What any thread asks for.

    CompletableFuture<Progress> pause() {
        CompletableFuture<Progress> pause = new RunFuture<>(this::cannotWait);
        synchronized (monitor) {
            if (!isOver()) {
                pauseAsked = reason == null && !closing;
                attention |= pauseAsked;
                told.look(); // A pause has logs to show.
                if (!lent || resumed) {
                    pauses.add(pause);
                    return pause;
                }
                hold.share(pauseAsked);
            }
        }
        pause.complete(progress());
        return pause;
    }

    void resume() {
        List<CompletableFuture<Progress>> waiting;
        synchronized (monitor) {
            pauseAsked = false;
            resumed = lent;
            hold.share(false);
            monitor.notifyAll();
            waiting = List.copyOf(pauses);
            pauses.clear();
        }
        waiting.forEach(pause -> pause.complete(progress()));
    }

    void stop(String why) {
        Objects.requireNonNull(why, "reason: why the run is to stop");
        String first;
        synchronized (monitor) {
            reason = reason == null ? why : reason;
            first = reason;
        }
        told.stop(first);
        resumeToEnd();
    }

    /** Ends a pause; those who wait for one are told when the run has ended. */
    private void resumeToEnd() {
        synchronized (monitor) {
            pauseAsked = false;
            hold.share(false);
            monitor.notifyAll();
        }
    }

    void close(Duration bound) {
        cancelUnlessBegun();
        closing = true;
        resumeToEnd();
        if (!cannotWait() && hold.awaitEnd(bound)) {
            awaitOver();
        }
    }

    /** Waits for the little that is left to do when the trainer is free. */
    private void awaitOver() {
        boolean interrupted = Thread.interrupted();
        while (over.getCount() > 0 || !history.isDone()) {
            try {
                over.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    CompletableFuture<Path> checkpoint() {
        CompletableFuture<Path> saved = new RunFuture<>(this::cannotWait);
        synchronized (monitor) {
            if (!isOver()) {
                checkpoints.add(saved);
                attention = true;
                monitor.notifyAll();
                return saved;
            }
        }
        saved.completeExceptionally(hasEnded());
        return saved;
    }

    EventFeeds feeds() {
        return told.feeds();
    }

    CompletableFuture<History> history() {
        historyAsked = true;
        return history.copy();
    }

    /** Whether the run cannot go on before the calling thread does: it is the run's, or inside the trainer. */
    private boolean cannotWait() {
        return Thread.currentThread() == thread || insideTrainer.getAsBoolean();
    }

    Progress progress() {
        synchronized (monitor) {
            Optional<String> why = isOver() ? Optional.ofNullable(reason) : told.stopReason();
            return told.progress(state, why.or(() -> Optional.ofNullable(reason)), seconds());
        }
    }

    private boolean isOver() {
        return state == State.ENDED || state == State.FAILED;
    }

    private double seconds() {
        if (began == 0) {
            return 0;
        }
        long now = ended != 0 ? ended : lent ? pausedSince : System.nanoTime();
        return (now - began - pausedNanos) / 1e9;
    }

    // What the loop asks, on the thread of the run.

    /** A clock that stands still in pauses. */
    long nanoTime() {
        return System.nanoTime() - pausedNanos;
    }

    @Override
    public boolean isClosing() {
        return closing || closingAround.getAsBoolean();
    }

    /** Whether the calling thread is the run's, and the handle was closed. */
    boolean isClosedFromInside() {
        return closing && Thread.currentThread() == thread;
    }

    @Override
    public Callback listener() {
        return told;
    }

    @Override
    public void between(Optional<Supplier<CompletionStage<Path>>> saving, boolean isBoundary) {
        savesNow = isBoundary;
        Next next = attention ? Next.SAVE : Next.GO_ON;
        while (next != Next.GO_ON) {
            if (isBoundary) {
                save(saving);
            }
            next = next();
            if (next == Next.PAUSE) {
                hold.lend(() -> session.lend(this::rest));
            }
        }
    }

    /** What is asked for now. A checkpoint waits for a boundary, and a pause that follows a resume for the next batch. */
    private Next next() {
        List<Runnable> goOn;
        synchronized (monitor) {
            if (hasToSave()) {
                return Next.SAVE;
            }
            boolean pauses = pauseAsked && !isEnding();
            if (pauses && !resumed) {
                return Next.PAUSE;
            }
            resumed = false;
            attention = pauses || !checkpoints.isEmpty();
            goOn = List.copyOf(saved);
            saved.clear();
        }
        goOn.forEach(Runnable::run);
        return Next.GO_ON;
    }

    private void save(Optional<Supplier<CompletionStage<Path>>> saving) {
        List<CompletableFuture<Path>> asked;
        synchronized (monitor) {
            asked = List.copyOf(checkpoints);
            checkpoints.clear();
        }
        for (CompletableFuture<Path> checkpoint : asked) {
            CompletableFuture<Path> written = write(saving);
            Runnable tell = () -> written.whenComplete((path, failure) -> {
                if (failure == null) {
                    checkpoint.complete(path);
                } else {
                    checkpoint.completeExceptionally(failure);
                }
            });
            synchronized (monitor) {
                saved.add(tell);
            }
        }
    }

    private static CompletableFuture<Path> write(Optional<Supplier<CompletionStage<Path>>> saving) {
        try {
            return saving.orElseThrow(() -> new IllegalStateException("This run has nowhere to save itself"))
                    .get()
                    .toCompletableFuture();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Whether the run is about to end, so that it does not pause any more. */
    private boolean isEnding() {
        return reason != null || isClosing() || Thread.currentThread().isInterrupted();
    }

    /** Waits, with nothing in use, until the run is to go on, or a checkpoint is asked for. */
    private void rest() {
        List<Runnable> waiting;
        synchronized (monitor) {
            lent = true;
            state = State.PAUSED;
            pausedSince = System.nanoTime();
            hold.share(pauseAsked);
            waiting = takeWaiting();
        }
        try {
            waiting.forEach(Runnable::run);
        } finally {
            synchronized (monitor) {
                awaitAttention();
                lent = false;
                state = State.RUNNING;
                pausedNanos += System.nanoTime() - pausedSince;
                hold.share(false);
            }
        }
    }

    private boolean hasToSave() {
        return savesNow && !checkpoints.isEmpty();
    }

    private void awaitAttention() {
        while (pauseAsked && !resumed && !hasToSave() && !isEnding()) {
            try {
                TimeUnit.MILLISECONDS.timedWait(monitor, LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // It ends the pause, and the run.
            }
        }
    }

    /** Those who wait for a pause, and those who wait for what was saved before it, with the monitor held. */
    private List<Runnable> takeWaiting() {
        List<Runnable> waiting = new ArrayList<>(saved);
        saved.clear();
        pauses.forEach(pause -> waiting.add(() -> pause.complete(progress())));
        pauses.clear();
        return waiting;
    }
}
