package io.github.tapeloop.layer;

/** What a window does at the edge of an image. */
public enum Padding {
    /** It stays inside: the output is smaller. */
    VALID,
    /** Zeros are added around, so that with strides of 1 the output is as large as the input. */
    SAME
}
