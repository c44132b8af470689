package io.github.tapeloop.metric;

/** How a metric that has a value for each class, or for each column of a table, makes one of them. */
public enum ClassAverage {
    /** Not at all: {@link Metric#results} gives one value for each class, and {@link Metric#result} refuses. */
    NONE,
    /** From the counts of all classes together. */
    MICRO,
    /** The mean of the values of all classes. */
    MACRO,
    /** The mean of the values of all classes, each weighted by how often the class is a target. */
    WEIGHTED
}
