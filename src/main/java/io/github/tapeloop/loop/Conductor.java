package io.github.tapeloop.loop;

import io.github.tapeloop.callback.Callback;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** The conductor of a run, from outside of it: is asked between batches whether the run may go on, and hears of it. */
@FunctionalInterface
public interface Conductor {

    /** Whether somebody wants to close what the run works with: it ends after the step in flight. */
    boolean isClosing();

    /**
     * Between two batches, of training or of an evaluation, and between epochs: the run goes on when this returns. No scope is
     * open and no batch is out, so what the run works with may be lent meanwhile.
     *
     * @param checkpoints saves the run as it is now, if it has where to
     * @param isBoundary whether the run can be saved here; in a validation it cannot
     */
    default void between(Optional<Supplier<CompletionStage<Path>>> checkpoints, boolean isBoundary) {}

    /** Who is told of everything after the callbacks, and does not throw. Nobody registers what it remembers. */
    default Callback listener() {
        return new Callback() {};
    }
}
