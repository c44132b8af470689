package io.github.tapeloop.data;

/** What a column is for. Columns of a source come in this order. */
enum Role {
    INPUT,
    TARGET,
    WEIGHT
}
