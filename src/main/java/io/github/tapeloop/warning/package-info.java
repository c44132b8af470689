/** What a run warns of, on its way to people. Not exported. */
package io.github.tapeloop.warning;
