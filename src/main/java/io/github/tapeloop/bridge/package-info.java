/**
 * The bridge to what is not to be had otherwise: what TensorFlow Java keeps to itself ({@link
 * io.github.tapeloop.bridge.TensorFlowInternals}), native memory and texts, methods of newer JDKs. Reflection is used here only.
 */
package io.github.tapeloop.bridge;
