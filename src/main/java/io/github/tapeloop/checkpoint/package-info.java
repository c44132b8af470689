/** Runs that can be killed and started again: {@link io.github.tapeloop.checkpoint.Checkpoints} says where and when a run keeps its state. */
package io.github.tapeloop.checkpoint;
