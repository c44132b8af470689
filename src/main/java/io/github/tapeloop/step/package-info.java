/** The pipeline of a step, in terms of ops only: forward, losses, gradients, reduce, guard, measure, apply. Not exported. */
package io.github.tapeloop.step;
