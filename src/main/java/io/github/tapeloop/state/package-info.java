/**
 * What training changes: {@link io.github.tapeloop.state.Variable}s, in order and by name as {@link
 * io.github.tapeloop.state.Parameters}; their {@link io.github.tapeloop.state.Gradients}; and {@link
 * io.github.tapeloop.state.Stateful}, which everything is that has variables to save.
 */
package io.github.tapeloop.state;
