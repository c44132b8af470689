package io.github.tapeloop;

import io.github.tapeloop.callback.Event;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/**
 * A run of {@link Trainer#fitAsync}, to look at, to pause and to end while it goes on. Any thread may call any method at any
 * moment; callbacks of the run as well, which must not wait for it: where they would, it is an
 * {@link IllegalStateException}.
 *
 * <pre>{@code
 * try (FitHandle run = trainer.fitAsync(train, Fit.epochs(20))) {
 *     run.pause().join();
 *     FloatNdArray samples = trainer.predict(some);
 *     run.resume();
 *     System.out.println(run.progress());
 *     History history = run.history().join();
 * }
 * }</pre>
 *
 * <p>A run that is paused, resumed and looked at gives the numbers of {@link Trainer#fit}, bit for bit.
 */
public final class FitHandle implements AutoCloseable {

    private static final Duration CLOSING = Duration.ofSeconds(30);

    private final AsyncFit run;

    FitHandle(AsyncFit run) {
        this.run = run;
    }

    /** What a run is doing. */
    public enum State {
        /** Its executor has not begun it. */
        WAITING,
        /** It trains or validates. */
        RUNNING,
        /** It waits for {@link FitHandle#resume}; the trainer can be used to evaluate and predict. */
        PAUSED,
        /** It has ended, at its last epoch or since it was asked to stop: there is a history. */
        ENDED,
        /** Something was thrown, which the history gives. */
        FAILED
    }

    /**
     * How far the run is.
     *
     * @return a value of this moment
     */
    public Progress progress() {
        return run.progress();
    }

    /**
     * Asks the run to pause at the end of the batch, of training or validation, or of several that are one call; between epochs it
     * pauses there. While it does, any thread may call the trainer's {@link Trainer#evaluate}, {@link Trainer#predict}, {@link
     * Trainer#predictAll} and {@link Trainer#testOnBatch}, one at a time, and use its session; they see the weights as they are
     * then, those to evaluate with, and leave no trace in the run. Time that is spent in pauses is in no number of seconds of
     * history and progress; a callback with a clock of its own goes on counting, one that asks {@link io.github.tapeloop.callback.Run#seconds} does not.
     *
     * @return completed when the run has paused, with its progress then; also when it has ended before that, or was {@link
     *     #resume resumed}, as the state of that progress tells
     */
    public CompletableFuture<Progress> pause() {
        return run.pause();
    }

    /**
     * Lets a paused run go on, as soon as no other thread is inside the trainer or its session. Otherwise does nothing. The run
     * takes at least a batch, or several that are one call, before a {@link #pause} that follows.
     */
    public void resume() {
        run.resume();
    }

    /**
     * Asks the run to stop, as a callback does by {@link io.github.tapeloop.callback.Run#stop}: at the end of the batch, after the
     * validation of the epoch, or, if it is paused, at once. The history has the first reason given.
     *
     * @param reason why, for people to read
     */
    public void stop(String reason) {
        run.stop(reason);
    }

    /**
     * Asks for a checkpoint, which {@link Fit#checkpoints} has a place for: at the end of the batch, or of several that are one call,
     * and of a validation if one is running; also in a pause.
     *
     * @return completed with the directory of the checkpoint when it is on the disk; exceptionally if the run has no checkpoints, has
     *     taken no step yet or has ended, or if it cannot be written
     */
    public CompletableFuture<Path> checkpoint() {
        return run.checkpoint();
    }

    /**
     * Everything that callbacks are told, after they were told: the same events in the same order, from when somebody
     * subscribes. Training never waits for a subscriber: what finds no room beside the 256 events that it has not
     * taken yet is dropped, and {@link Progress#droppedEvents counted}. Subscribers are called by threads of the common pool; after
     * the last event they hear that the run has completed, or the error with which it failed.
     *
     * <p>As long as somebody hears of batches, the metrics are read after each, which takes time from small steps: whoever wants
     * epochs only, asks for {@link #events(Class) those}.
     *
     * @return a publisher for any number of subscribers
     */
    public Flow.Publisher<Event> events() {
        return events(Event.class);
    }

    /**
     * The {@link #events} of one kind.
     *
     * @param kind {@code Event.EpochEnd.class}, for example
     * @param <E> the kind
     * @return a publisher for any number of subscribers
     */
    public <E extends Event> Flow.Publisher<E> events(Class<E> kind) {
        return run.feeds().of(kind);
    }

    /**
     * What the run did. When it is there, the trainer is free. What {@link Trainer#fit} would throw completes it
     * exceptionally; a failure that comes before anybody has called this is logged, too.
     *
     * @return a future of the caller's own: to complete or to cancel it does nothing to the run
     */
    public CompletableFuture<History> history() {
        return run.history();
    }

    /** {@link #close(Duration)} within 30 seconds. */
    @Override
    public void close() {
        close(CLOSING);
    }

    /**
     * Ends the run, paused or not, after the step in flight, for the reason {@code closed}, and waits until the trainer is free. A
     * validation is cut short. A run that has ended is left alone; one that no thread has begun never begins. Called from
     * inside the run, by a callback, it returns at once.
     *
     * @param bound how long to wait at most
     * @throws IllegalStateException if the run has not ended in time; it names the thread and says where it is
     */
    public void close(Duration bound) {
        run.close(bound);
    }

    /** How far a run is: a value of one moment. */
    public static final class Progress {

        private final State state;
        private final Optional<String> stopReason;
        private final int epoch;
        private final int epochs;
        private final long step;
        private final OptionalLong steps;
        private final long logsStep;
        private final Map<String, Double> logs;
        private final Optional<Event.EpochEnd> lastEpoch;
        private final double seconds;
        private final long droppedEvents;

        Progress(
                State state,
                Optional<String> stopReason,
                int epoch,
                int epochs,
                long step,
                OptionalLong steps,
                long logsStep,
                Map<String, Double> logs,
                Optional<Event.EpochEnd> lastEpoch,
                double seconds,
                long droppedEvents) {
            this.state = state;
            this.stopReason = stopReason;
            this.epoch = epoch;
            this.epochs = epochs;
            this.step = step;
            this.steps = steps;
            this.logsStep = logsStep;
            this.logs = Collections.unmodifiableMap(new TreeMap<>(logs));
            this.lastEpoch = lastEpoch;
            this.seconds = seconds;
            this.droppedEvents = droppedEvents;
        }

        /**
         * What the run is doing.
         *
         * @return its state
         */
        public State state() {
            return state;
        }

        /**
         * Why the run is about to stop or has stopped before its last epoch.
         *
         * @return the first reason given, or empty
         */
        public Optional<String> stopReason() {
            return stopReason;
        }

        /**
         * The epoch that was begun last.
         *
         * @return its number, from 0; -1 before the first
         */
        public int epoch() {
            return epoch;
        }

        /**
         * The epoch to end before: without an initial epoch, how many.
         *
         * @return the number of epochs; 0 before training begins
         */
        public int epochs() {
            return epochs;
        }

        /**
         * How many training steps of that epoch were taken.
         *
         * @return the number of steps
         */
        public long step() {
            return step;
        }

        /**
         * How many steps the epoch has.
         *
         * @return the number of steps, or empty if that is not known
         */
        public OptionalLong steps() {
            return steps;
        }

        /**
         * The loss and the metrics of the epoch from its start until {@link #logsStep}. They are read in the step that follows
         * a call of {@link FitHandle#progress}, so that a run that nobody looks at loses no time, and the first call of an
         * epoch finds none.
         *
         * @return values sorted by name; empty if nobody has looked in this epoch
         */
        public Map<String, Double> logs() {
            return logs;
        }

        /**
         * After how many steps of the epoch the {@link #logs} were read.
         *
         * @return at most {@link #step}, a few fewer mostly
         */
        public long logsStep() {
            return logsStep;
        }

        /**
         * The epoch that ended last, with its validation.
         *
         * @return its results, or empty if none has ended
         */
        public Optional<Event.EpochEnd> lastEpoch() {
            return lastEpoch;
        }

        /**
         * How long the run has been running, without its pauses.
         *
         * @return seconds from its begin until now or its end
         */
        public double seconds() {
            return seconds;
        }

        /**
         * How many events did not reach a subscriber of {@link FitHandle#events}, which had no room for them.
         *
         * @return the number of events, counted for each subscriber that missed one
         */
        public long droppedEvents() {
            return droppedEvents;
        }

        /** One line: epochs and steps numbered from 1, as the progress bar numbers them. */
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(state.name().toLowerCase(Locale.ROOT));
            if (epoch >= 0) {
                text.append(", epoch ").append(epoch + 1).append(" of ").append(epochs);
                text.append(", step ").append(step);
                steps.ifPresent(all -> text.append(" of ").append(all));
            }
            if (!logs.isEmpty()) {
                text.append(", ").append(logs);
                text.append(logsStep == step ? "" : " after step " + logsStep);
            }
            stopReason.ifPresent(why -> text.append(", stopped: ").append(why));
            return text.toString();
        }
    }

    /** Says what the run is doing. */
    @Override
    public String toString() {
        return "FitHandle[" + run.progress().state() + "]";
    }
}
