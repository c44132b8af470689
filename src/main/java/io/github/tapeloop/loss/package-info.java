/**
 * Losses, by Keras' names and definitions. A {@link io.github.tapeloop.loss.Loss} is a function of target and prediction
 * that gives a scalar, so a lambda is one; those here also take weights of examples, and a {@link
 * io.github.tapeloop.loss.Loss.Reduction}.
 */
package io.github.tapeloop.loss;
