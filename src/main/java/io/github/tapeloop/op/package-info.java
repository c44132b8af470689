/**
 * One op as a value: how it is called ({@link io.github.tapeloop.op.OpCall}), what a recorder hears of it ({@link
 * io.github.tapeloop.op.RecordedOp}), its definition and its attributes; and {@link io.github.tapeloop.op.RecordingEnvironment}, where ops
 * are made and heard.
 */
package io.github.tapeloop.op;
