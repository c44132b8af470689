package io.github.tapeloop;

import io.github.tapeloop.callback.Event;
import io.github.tapeloop.data.Batches;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** What the tests of runs in other hands share: data, a run without an end, and what a run leaves. */
final class HandledRuns {

    static final Batches DATA = Problems.batches(40, 8);
    static final Batches OTHER = Problems.batches(21, 6);

    /** A run that goes on until it is stopped. */
    static final Fit LONG = Fit.epochs(1_000_000);

    /** A callback with the handle of its own run. */
    static final class Own {
        private final CompletableFuture<FitHandle> handle = new CompletableFuture<>();

        FitHandle handle() {
            return handle.join();
        }

        FitHandle of(FitHandle run) {
            handle.complete(run);
            return run;
        }
    }

    static Map<String, Object> left(Trainer trainer, History history) {
        Map<String, Object> all = Everything.of(trainer);
        all.put("history", history.epochs().stream().map(Event.EpochEnd::logs).toList());
        return all;
    }

    private HandledRuns() {}
}
