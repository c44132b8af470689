/**
 * Layers, by Keras' names and definitions, and models. A {@link io.github.tapeloop.layer.Layer} makes its weights when it
 * sees the first batch; a {@link io.github.tapeloop.layer.Model} is a layer made of layers. Activation functions, {@code
 * RELU} for example, are constants of {@link io.github.tapeloop.layer.Activations}.
 *
 * <p>The layer API speaks of {@code TFloat32}, the type that nearly every network computes in; the weights of a layer take
 * the type of the input they first see, so the same model fed with float64 data computes in float64. Code that makes
 * constants follows its input: {@code tf.dtypes.cast(tf.constant(2f), x.type())}.
 */
package io.github.tapeloop.layer;
