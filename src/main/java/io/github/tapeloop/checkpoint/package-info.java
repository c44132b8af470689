/**
 * Runs that can be killed and started again: {@link io.github.tapeloop.checkpoint.Checkpoints} says where and when {@code fit} keeps its
 * state, {@link io.github.tapeloop.checkpoint.CheckpointStore} keeps that of a loop of one's own, and {@link
 * io.github.tapeloop.checkpoint.Runs} shows many runs side by side.
 *
 * <h2>What is on disk</h2>
 *
 * <p>A checkpoint is a directory such as {@code 000012-step-500}, where the first number counts the checkpoints of the run: tensors in
 * safetensors files, one for each kind of part, which other programs can read; and {@code checkpoint.json} with the rest and the checksums
 * (CRC32C) of all files and of itself. It is written beside, forced to the disk and renamed once, so there is never half of one, and
 * it never changes afterwards. The file {@code .lock} is held by the one process that writes; {@code run.json} tells of the run.
 *
 * <p>What a file says is checked before memory is taken for it or anything is changed: a checkpoint that is damaged, cut off, of another
 * model, of a later version or made to do harm is a {@link io.github.tapeloop.state.CheckpointException} that says which file, what was
 * expected and what came. Links are not followed inside a checkpoint.
 *
 * <p>On Windows the names in a directory cannot be forced to the disk by a program: what was saved last may be lost with the power there,
 * but those before it are whole. On network file systems the lock is as good as theirs is.
 */
package io.github.tapeloop.checkpoint;
