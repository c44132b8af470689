/** The loops over epochs and batches, and what goes in and out of them. Not exported. */
package io.github.tapeloop.loop;
