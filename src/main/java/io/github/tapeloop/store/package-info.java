/**
 * Checkpoints on disk: {@link io.github.tapeloop.store.CheckpointDirectory} is the directory that one run writes to, {@link
 * io.github.tapeloop.store.Checkpoint} one of the checkpoints in it, {@link io.github.tapeloop.store.Retention} which of them stay. What is in
 * a checkpoint is an account's contents: this package knows of no trainer and no run.
 */
package io.github.tapeloop.store;
