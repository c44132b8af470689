/**
 * The front door: a {@link io.github.tapeloop.Trainer} trains a model. To read how, open {@code FitLoop}, then
 * {@code TrainStep}.
 */
package io.github.tapeloop;
