/**
 * Layers, by Keras' names and definitions, and models. A {@link io.github.tapeloop.layer.Layer} makes its weights when it
 * sees the first batch; a {@link io.github.tapeloop.layer.Model} is a layer made of layers. Activation functions, {@code
 * RELU} for example, are constants of {@link io.github.tapeloop.layer.Activations}.
 *
 * <p>The layer API speaks of {@code Operand<TFloat32>}, the type that nearly every network computes in. It stands for "a tensor
 * of a type that the layer takes at run time", for layers and models alike, so that any of them can follow any other:
 *
 * <ul>
 *   <li>A layer says what it takes by {@link io.github.tapeloop.layer.Layer#inputType()}: floating point input unless it says
 *       otherwise, {@link io.github.tapeloop.layer.InputType#NUMBERS} for ids and raw data, {@link
 *       io.github.tapeloop.layer.InputType#TEXT}, or {@link io.github.tapeloop.layer.InputType#ANY}. Its {@code call} begins
 *       with {@code Ops tf = pass.tf(this, x)}, which refuses the rest with the path of the layer and what to do.
 *   <li>A model is called with operands of any type by {@link io.github.tapeloop.layer.ForwardPass#call(Layer,
 *       org.tensorflow.Operand)}, as a trainer does; within a model {@link
 *       io.github.tapeloop.layer.ForwardPass#input} gives ids or text to a layer. These two are the only places where a type
 *       is taken on trust, as the layer behind them looks.
 *   <li>Weights are float32 or float64: they take the type of the input they first see, so the same model fed with float64
 *       data computes in float64. A layer that takes other numbers asks for its weights in a type of its own choice.
 *   <li>Code that makes constants follows its input: {@code tf.dtypes.cast(tf.constant(2f), x.type())}.
 * </ul>
 */
package io.github.tapeloop.layer;
