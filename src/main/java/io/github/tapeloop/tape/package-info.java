/**
 * Gradients. A {@link io.github.tapeloop.tape.GradientTape} records ops and goes back through them by rules: those of {@link
 * io.github.tapeloop.tape.GradientRegistry}, where a program can add its own, else TensorFlow's C++ ones. Rules are
 * written in ops, so a tape can record another one's gradients.
 */
package io.github.tapeloop.tape;
