package io.github.tapeloop.optimizer;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019) by Keras' formula: v -= 0.004 lr v, then {@link Adam}'s
 * update. Defaults: learning rate 0.001, weight decay 0.004, β₁ 0.9, β₂ 0.999, ε 1e-7. For another decay, or to exclude
 * variables, give {@link #with} a {@link WeightDecay}, which takes the place of the default one.
 */
public final class AdamW extends AdamFormula<AdamW> {

    private static final WeightDecay DECAY = WeightDecay.of(0.004);

    /** AdamW with a learning rate of 0.001. */
    public AdamW() {
        this(0.001);
    }

    /**
     * AdamW with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public AdamW(double learningRate) {
        super(learningRate);
        withDefault(DECAY);
    }

    /**
     * AdamW with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public AdamW(Schedule schedule) {
        super(schedule);
        withDefault(DECAY);
    }

    @Override
    AdamW self() {
        return this;
    }
}
