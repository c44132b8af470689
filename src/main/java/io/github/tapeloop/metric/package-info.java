/**
 * Metrics, by Keras' names and definitions. A {@link io.github.tapeloop.metric.Metric} keeps sums in variables: batches
 * update them, and a result is asked for when it is needed. Two of a kind can be merged.
 */
package io.github.tapeloop.metric;
