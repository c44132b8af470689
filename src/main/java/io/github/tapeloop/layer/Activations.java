package io.github.tapeloop.layer;

/** The usual activation functions. */
public final class Activations {

    /** f(x) = x. */
    public static final ActivationFunction LINEAR = (tf, x) -> x;

    /** f(x) = max(x, 0). */
    public static final ActivationFunction RELU = (tf, x) -> tf.nn.relu(x);

    /** f(x) = 1 / (1 + e^-x). */
    public static final ActivationFunction SIGMOID = (tf, x) -> tf.math.sigmoid(x);

    /** f(x) = tanh(x). */
    public static final ActivationFunction TANH = (tf, x) -> tf.math.tanh(x);

    /** f(x) = e^x / Σ e^x over the last axis. */
    public static final ActivationFunction SOFTMAX = (tf, x) -> tf.nn.softmax(x);

    private Activations() {}
}
