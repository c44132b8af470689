package io.github.tapeloop.step;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.state.Gradients;

/** A witness of one step that runs op by op: sees what passes between its parts, and changes nothing. */
public interface Witness extends AutoCloseable {

    /** The step on a batch is about to begin. */
    void begins(Batch batch);

    /** What the first half left: outputs beside their targets, and the losses. */
    void compared(Forward forward);

    /** Gradients of a loss, scaled if the optimizer scales it; of a custom step perhaps several times. */
    void descends(Gradients gradients);

    /** The step has ended, or failed. */
    @Override
    void close();
}
