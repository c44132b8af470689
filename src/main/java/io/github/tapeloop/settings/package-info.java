/**
 * What the parts of a training (layers, losses, metrics, optimizers, callbacks) are set to: legal values, how long they can change, and
 * the seeds derived from a seed.
 */
package io.github.tapeloop.settings;
