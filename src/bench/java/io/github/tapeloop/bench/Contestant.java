package io.github.tapeloop.bench;

/** One way to train a workload. */
interface Contestant extends AutoCloseable {

    /** Takes some steps and tells how long one took, in microseconds. */
    double microsPerStep(int steps);

    @Override
    void close();
}
