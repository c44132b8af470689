/** Predictions of a model by many threads at a time, while it is trained elsewhere. Not exported: who serves has a {@code Predictor}. */
package io.github.tapeloop.serving;
