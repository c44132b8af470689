package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Gradients;

/** A transform that is made of a function, a name, blank of one that is still to be named, and what is said of both. */
record Named(String name, GradientTransform formula, boolean isTraceable) implements GradientTransform {

    @Override
    public Gradients apply(Update update, Gradients gradients) {
        return formula.apply(update, gradients);
    }

    @Override
    public String toString() {
        return name.isBlank() ? "GradientTransform.each(…)" : name;
    }
}
