/**
 * Optimizers, by Keras' names and definitions. An {@link io.github.tapeloop.optimizer.Optimizer} changes variables by their
 * gradients, at a learning rate that may follow a {@link io.github.tapeloop.optimizer.Schedule}. A {@link
 * io.github.tapeloop.optimizer.Optimizer.Transform}, clipping and weight decay for example, goes with any of them.
 */
package io.github.tapeloop.optimizer;
