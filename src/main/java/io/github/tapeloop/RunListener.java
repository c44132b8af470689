package io.github.tapeloop;

import io.github.tapeloop.FitHandle.Progress;
import io.github.tapeloop.FitHandle.State;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The listener of a run on a thread of its own: remembers how far it is, for whoever asks, and publishes what it hears. Written by the
 * thread of the run, read by any.
 */
final class RunListener implements Callback {

    private final EventFeeds feeds = new EventFeeds();
    private volatile Run run;
    private volatile String stopped;
    private volatile int epochs;
    private volatile OptionalLong steps = OptionalLong.empty();
    private volatile Place place = new Place(-1, 0, 0, Map.of());
    private volatile Event.EpochEnd lastEpoch;
    /** Whether somebody has asked for logs since they were read. */
    private volatile boolean looked;

    /** @param logs as they were after {@code logsStep} steps of the epoch */
    private record Place(int epoch, long step, long logsStep, Map<String, Double> logs) {}

    EventFeeds feeds() {
        return feeds;
    }

    /** Stops the run, now or when it begins. */
    void stop(String reason) {
        stopped = reason;
        Run begun = run;
        if (begun != null) {
            begun.stop(reason);
        }
    }

    /** Why the run is about to stop. */
    Optional<String> stopReason() {
        Run begun = run;
        return begun == null ? Optional.ofNullable(stopped) : begun.stopReason();
    }

    /** Has the logs be read after the next batch. */
    void look() {
        looked = true;
    }

    /** How far the run is. */
    Progress progress(State state, Optional<String> stopReason, double seconds) {
        look();
        Place now = place;
        return new Progress(
                state,
                stopReason,
                now.epoch(),
                epochs,
                now.step(),
                steps,
                now.logsStep(),
                now.logs(),
                Optional.ofNullable(lastEpoch),
                seconds,
                feeds.dropped());
    }

    @Override
    public void onTrainBegin(Run begun, Event.TrainBegin event) {
        epochs = event.epochs();
        steps = event.steps();
        run = begun;
        String reason = stopped; // Whoever stops later finds the run.
        if (reason != null) {
            begun.stop(reason);
        }
        feeds.publish(event);
    }

    @Override
    public void onEpochBegin(Run of, Event.EpochBegin event) {
        place = new Place(event.epoch(), 0, 0, Map.of());
        feeds.publish(event);
    }

    @Override
    public void onTrainBatchBegin(Run of, Event.BatchBegin event) {
        feeds.publish(event);
    }

    @Override
    public void onTrainBatchEnd(Run of, Event.BatchEnd event) {
        Place before = place;
        long step = event.batch() + 1;
        boolean published = feeds.wants(Event.BatchEnd.class);
        if (published || looked) {
            looked = false;
            place = new Place(before.epoch(), step, step, event.logs());
        } else {
            place = new Place(before.epoch(), step, before.logsStep(), before.logs());
        }
        if (published) {
            feeds.publish(event);
        }
    }

    @Override
    public void onTestBegin(Run of, Event.TestBegin event) {
        feeds.publish(event);
    }

    @Override
    public void onTestBatchBegin(Run of, Event.BatchBegin event) {
        feeds.publish(event);
    }

    @Override
    public void onTestBatchEnd(Run of, Event.BatchEnd event) {
        if (feeds.wants(Event.BatchEnd.class)) {
            event.logs(); // They can be read while this is told, and no later.
            feeds.publish(event);
        }
    }

    @Override
    public void onTestEnd(Run of, Event.TestEnd event) {
        feeds.publish(event);
    }

    @Override
    public void onEpochEnd(Run of, Event.EpochEnd event) {
        lastEpoch = event;
        feeds.publish(event);
    }

    @Override
    public void onTrainEnd(Run of, Event.TrainEnd event) {
        feeds.publish(event);
    }

    @Override
    public void onWarning(Run of, Event.Warning event) {
        feeds.publish(event);
    }
}
