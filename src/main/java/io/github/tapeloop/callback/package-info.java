/**
 * What happens besides training. A {@link io.github.tapeloop.callback.Callback} hears an {@link
 * io.github.tapeloop.callback.Event} when epochs, batches and validations begin and end, in Keras' order, and asks the loop
 * for something through its {@link io.github.tapeloop.callback.Run}: to stop, or for another learning rate.
 */
package io.github.tapeloop.callback;
