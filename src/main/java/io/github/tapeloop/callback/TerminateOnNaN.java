package io.github.tapeloop.callback;

/**
 * Stops training when the loss or a gradient is NaN or infinite: Keras' name for {@code
 * Fit.onNonFinite(NonFinite.stop())}, which {@code fit} takes it for. The step that found it has changed nothing.
 */
public final class TerminateOnNaN implements Callback {

    /** Asks {@code fit} to stop. */
    public TerminateOnNaN() {}

    @Override
    public String toString() {
        return "TerminateOnNaN";
    }
}
