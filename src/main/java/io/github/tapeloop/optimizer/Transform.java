package io.github.tapeloop.optimizer;

/**
 * Something that a step does besides the optimizer's own formula. Give it to {@link Optimizer#with}. Its state, if it
 * has any, is in slots of the optimizer, so one object can serve several optimizers.
 */
public abstract sealed class Transform permits Clip, GradientAccumulation, MovingAverage, WeightDecay {

    Transform() {}
}
