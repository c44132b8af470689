/**
 * Metrics, by Keras' names and definitions. A {@link io.github.tapeloop.metric.Metric} keeps sums in variables: batches
 * update them, and a result is asked for when it is needed. Two of a kind can be merged.
 * {@link io.github.tapeloop.metric.Metric#of(io.github.tapeloop.loss.Loss)} makes one of any loss.
 */
package io.github.tapeloop.metric;
