package io.github.tapeloop.step;

import io.github.tapeloop.tape.GradientTape;

/** The second half of a training step: what follows the loss, gradients, update and metrics. */
@FunctionalInterface
public interface Backward {

    /** Runs op by op, or into the graph that is being traced. */
    Backward PLAIN = (step, tape, forward, body) -> body.run(step, tape, forward);

    /**
     * Runs the second half.
     *
     * @param step the step under way
     * @param tape has recorded the first half
     * @param forward what the first half left
     * @param body makes the ops of the second half
     */
    void run(StepRun step, GradientTape tape, Forward forward, Body body);

    /** The ops of the second half: they can run at once or be traced into a graph. */
    @FunctionalInterface
    interface Body {

        /**
         * Makes the ops.
         *
         * @param step the step under way, or the part of it that is being traced
         * @param tape has recorded the first half
         * @param forward what the first half left, or what stands for it in the graph
         */
        void run(StepRun step, GradientTape tape, Forward forward);
    }
}
