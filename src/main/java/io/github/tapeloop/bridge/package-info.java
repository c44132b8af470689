/**
 * The bridge to what TensorFlow Java keeps to itself: its native handles, its memory, its texts. {@link
 * io.github.tapeloop.bridge.TensorFlowInternals} is the one class that uses reflection.
 */
package io.github.tapeloop.bridge;
