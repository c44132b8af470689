package io.github.tapeloop.callback;

/** Which way a monitored value should go. */
public enum Mode {
    /** What the loss or the metric of that name says itself: down for losses and errors, up for accuracies. */
    AUTO,
    /** Lower is better. */
    MIN,
    /** Higher is better. */
    MAX
}
