/**
 * TensorFlow sessions whose native memory has owners. A {@link io.github.tapeloop.runtime.TapeSession} makes ops, eager or
 * traced into a {@link io.github.tapeloop.runtime.TracedFunction}; what they make lives until its {@link
 * io.github.tapeloop.runtime.TensorScope} closes.
 */
package io.github.tapeloop.runtime;
