package io.github.tapeloop.optimizer;

/**
 * Something that a step does besides the optimizer's own formula. Give it to {@link Optimizer#with}. Its state, if it
 * has any, is in slots of the optimizer, so one object can serve several optimizers. One of your own is a {@link
 * GradientTransform}.
 */
public sealed interface Transform permits Clip, GradientAccumulation, GradientTransform, MovingAverage, WeightDecay {}
