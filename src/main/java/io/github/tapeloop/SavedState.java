package io.github.tapeloop;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.execution.Execution;
import io.github.tapeloop.store.Checkpoint;
import io.github.tapeloop.store.CheckpointDirectory;
import io.github.tapeloop.store.Moment;
import io.github.tapeloop.store.Retention;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The state of a trainer outside of a run, on its way to a directory and from there. A trainer that has made no variables yet takes
 * over what was saved when it sees its first batch.
 */
final class SavedState {

    private final Engine engine;
    /** What is to be taken over; null if nothing waits. */
    private Path waiting;

    SavedState(Engine engine) {
        this.engine = engine;
    }

    void save(Path directory) {
        try (CheckpointDirectory saved = CheckpointDirectory.open(directory, Retention.newest())) {
            saved.save(new Moment(
                    engine.progress().steps(),
                    Map.of(),
                    Map.of(),
                    engine.state().capture()));
        }
    }

    /** Everything in it is read and checked now, whenever it is taken over. */
    void load(Path directory) {
        try (Checkpoint saved = CheckpointDirectory.read(directory)) {
            boolean hasVariables = engine.model().variables().size() > 0;
            waiting = hasVariables ? null : directory;
            if (hasVariables) {
                engine.restore(own(saved));
            }
        }
    }

    /** Takes over what waits, before a call works on some batches. */
    void settle(Supplier<Execution> way, Batches data) {
        if (waiting != null) {
            try (BatchIterator batches = data.open(engine.session().seed(), 0)) {
                if (batches.hasNext()) {
                    settle(way, batches.next());
                }
            }
        }
    }

    /** Takes over what waits, before a call works on a batch, which makes the variables. */
    void settle(Supplier<Execution> way, Batch batch) {
        if (waiting == null) {
            return;
        }
        try (Checkpoint saved = CheckpointDirectory.read(waiting)) {
            Contents own = own(saved);
            engine.goOn(own);
            engine.build(way.get(), batch);
            engine.restore(own);
            waiting = null;
        }
    }

    /** Without what only the run knows that has saved it. */
    private static Contents own(Checkpoint saved) {
        return saved.contents().only(role -> !role.startsWith("run/") && !role.startsWith("callbacks/"));
    }
}
