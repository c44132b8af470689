/**
 * The front door: a {@link io.github.tapeloop.Trainer} trains a {@link io.github.tapeloop.layer.Model} as {@link
 * io.github.tapeloop.Fit} says, and gives a {@link io.github.tapeloop.History}. To read how, open {@code FitLoop}, then
 * {@code TrainStep}.
 */
package io.github.tapeloop;
