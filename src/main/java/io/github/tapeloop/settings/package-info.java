/** What the parts of a training (layers, losses, metrics, optimizers, callbacks) are set to: legal values, and how long they can change. */
package io.github.tapeloop.settings;
