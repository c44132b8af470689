/**
 * What a step writes, held back until all else of it has succeeded: a {@link io.github.tapeloop.transaction.Transaction} holds
 * {@link io.github.tapeloop.transaction.Write}s to the {@link io.github.tapeloop.transaction.Storage} of variables.
 */
package io.github.tapeloop.transaction;
