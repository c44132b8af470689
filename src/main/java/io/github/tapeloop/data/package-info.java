/**
 * Where training data comes from: a {@link io.github.tapeloop.data.Dataset} describes examples, {@link
 * io.github.tapeloop.data.Batches} groups them, a {@link io.github.tapeloop.data.BatchIterator} pulls them once and
 * each {@link io.github.tapeloop.data.Batch} owns the native tensors of one step.
 */
package io.github.tapeloop.data;
