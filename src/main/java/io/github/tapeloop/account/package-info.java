/**
 * The account of a training's state: {@link io.github.tapeloop.account.TrainingState} has all that makes the next step what it is, by
 * role and path.
 */
package io.github.tapeloop.account;
