/** A look at one step before training begins. Not exported. */
package io.github.tapeloop.preflight;
