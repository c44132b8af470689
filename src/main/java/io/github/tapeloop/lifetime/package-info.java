/**
 * Who may use a thing, and how it ends: {@link io.github.tapeloop.lifetime.UseLock} lets one thread in at a time and closes at any moment,
 * {@link io.github.tapeloop.lifetime.ClosingActions} are all done, whichever of them fails.
 */
package io.github.tapeloop.lifetime;
