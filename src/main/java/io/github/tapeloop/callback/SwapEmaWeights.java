package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Settings;

/**
 * Validates with the moving averages of the weights that an optimizer with a {@code MovingAverage} keeps, Keras'
 * {@code SwapEMAWeights}: they are put in place of the weights for the validation, and the weights back after it. With
 * {@link #swapOnEpoch} they are in place at the end of an epoch, too, for callbacks after this one to save.
 *
 * <pre>{@code
 * Trainer.of(model).loss(loss).optimizer(new Adam().with(MovingAverage.of(0.99))).build()
 *         .fit(train, Fit.epochs(5).validation(test).callbacks(new SwapEmaWeights()));
 * }</pre>
 *
 * <p>Fails with an {@link IllegalStateException} if the optimizer keeps no averages: before the first step, or, where a step of
 * the user's brings its optimizers, before the first validation.
 */
public final class SwapEmaWeights implements Callback {

    private final Settings settings = new Settings();
    private boolean swapOnEpoch;

    /** Swaps for validation only. */
    public SwapEmaWeights() {}

    /**
     * Also swaps at the end of each epoch, until the next one begins.
     *
     * @param swap false unless set
     * @return this
     */
    public SwapEmaWeights swapOnEpoch(boolean swap) {
        settings.change(this, "swapOnEpoch");
        this.swapOnEpoch = swap;
        return this;
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        settings.use();
        run.useAverages(event.isResumed() && run.averagesInPlace()); // Fails if there are none.
    }

    @Override
    public void onTestBegin(Run run, Event.TestBegin event) {
        run.useAverages(true);
    }

    @Override
    public void onTestEnd(Run run, Event.TestEnd event) {
        run.useAverages(false);
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        if (swapOnEpoch) {
            run.useAverages(true);
        }
    }

    @Override
    public String toString() {
        return "SwapEmaWeights";
    }
}
