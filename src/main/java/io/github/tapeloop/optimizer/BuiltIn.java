package io.github.tapeloop.optimizer;

/** Marks what Tapeloop brings itself: its Java code makes the same ops in every step, so that they can be kept. */
interface BuiltIn {}
