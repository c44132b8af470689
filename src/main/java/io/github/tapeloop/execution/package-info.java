/** The ways to run a step: op by op, traced, several in a loop, both ways to compare. Not exported. */
package io.github.tapeloop.execution;
