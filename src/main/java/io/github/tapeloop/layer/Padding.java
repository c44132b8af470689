package io.github.tapeloop.layer;

/** What a window does at the edges of an image or a series. */
public enum Padding {
    /** It stays inside: the output is smaller. */
    VALID,
    /**
     * Zeros are added around, so that with strides of 1 the output is as large as the input; of an odd number of zeros, the
     * odd one is added at the end.
     */
    SAME,
    /** Zeros are added before a series only, so that no output depends on later inputs. For {@link Conv1D}. */
    CAUSAL
}
