package io.github.tapeloop.tape;

import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * One op on the way back: what a {@link GradientRule} sees. Types are the caller's to know, as in TensorFlow's own
 * {@code Operand}: {@code op.<TFloat32>input(0)}.
 *
 * <p>A rule looks at types, shapes, attributes and values of the op's inputs and outputs, and at {@link #variable}, but not
 * at what made an input: on a tape that is replayed in a graph that is another op.
 */
public final class OpGradient {

    private final Ops tf;
    private final RecordedOp op;
    private final Origins origins;
    private final Operand<?>[] outputGradients;
    private final boolean[] needed;
    private final Operand<?>[] inputGradients;

    OpGradient(Ops tf, RecordedOp op, Origins origins, Operand<?>[] outputGradients, boolean[] needed) {
        this.tf = tf;
        this.op = op;
        this.origins = origins;
        this.outputGradients = outputGradients;
        this.needed = needed;
        this.inputGradients = new Operand<?>[op.inputs()];
    }

    /**
     * The op's type.
     *
     * @return a TensorFlow op type, {@code MatMul} for example
     */
    public String type() {
        return op.type();
    }

    /**
     * The op's name, which begins with the path of the layer that made it.
     *
     * @return the name, not unique in eager mode
     */
    public String name() {
        return op.name();
    }

    /**
     * How many inputs the op has, those of input lists counted one by one.
     *
     * @return the number of inputs
     */
    public int inputs() {
        return op.inputs();
    }

    /**
     * How many outputs the op has.
     *
     * @return the number of outputs
     */
    public int outputs() {
        return op.outputs();
    }

    /**
     * An attribute that was given when the op was made.
     *
     * @param name the attribute's name
     * @param attributeType its Java type: {@code Boolean}, {@code Long}, {@code Float}, {@code String}, {@code DataType},
     *     {@code Shape} and arrays of their primitives
     * @param <T> its Java type
     * @return the value, or empty if the op was made with the attribute's default
     */
    public <T> Optional<T> attribute(String name, Class<T> attributeType) {
        return op.attribute(name, attributeType);
    }

    /**
     * A boolean attribute whose default is false, such as {@code transpose_a}.
     *
     * @param name the attribute's name
     * @return its value, false if it was not given
     */
    public boolean flag(String name) {
        return op.flag(name);
    }

    /** Sets an attribute on another op, if it was given. */
    void copyAttribute(String name, OperationBuilder builder) {
        op.copyAttribute(name, builder);
    }

    /**
     * The variable that an input is: its handle, or its value as it was read, unchanged.
     *
     * @param input which, from 0
     * @return the variable's shape, or empty if the input is anything else
     */
    public Optional<Shape> variable(int input) {
        return Optional.ofNullable(origins.of(op, input).variable());
    }

    /** The whole numbers of an input that is a constant, a scalar's too; empty if it is computed. */
    Optional<List<Long>> constant(int input) {
        return Optional.ofNullable(origins.of(op, input).numbers());
    }

    /**
     * An input of the op.
     *
     * @param index which, from 0, input lists flattened
     * @param <T> its type
     * @return the input
     */
    @SuppressWarnings("unchecked")
    public <T extends TType> Operand<T> input(int index) {
        return (Operand<T>) op.input(index);
    }

    /**
     * An output of the op.
     *
     * @param index which, from 0
     * @param <T> its type
     * @return the output
     */
    @SuppressWarnings("unchecked")
    public <T extends TType> Operand<T> output(int index) {
        return (Operand<T>) op.output(index);
    }

    /**
     * Whether the target depends on an output.
     *
     * @param output which, from 0
     * @return false if its gradient is zero because nothing leads from it to the target
     */
    public boolean hasGradient(int output) {
        return outputGradients[output] != null;
    }

    /**
     * The gradient of the target with respect to an output.
     *
     * @param output which, from 0
     * @param <T> its type
     * @return the gradient, with the output's shape and type; zeros if the target does not depend on the output
     */
    @SuppressWarnings("unchecked")
    public <T extends TType> Operand<T> gradient(int output) {
        if (outputGradients[output] == null) {
            outputGradients[output] = tf.zerosLike(op.output(output));
        }
        return (Operand<T>) outputGradients[output];
    }

    /**
     * Whether anybody asked for what lies behind an input. Rules need not ask: {@link #propagate} makes nothing that is
     * not needed.
     *
     * @param input which, from 0
     * @return true if a source is reached through it
     */
    public boolean needs(int input) {
        return needed[input];
    }

    /**
     * Sets the gradient of an input.
     *
     * @param input which, from 0
     * @param gradient makes the gradient, of the input's shape and type; not called if the input needs none
     */
    public void propagate(int input, Supplier<? extends Operand<?>> gradient) {
        if (input < 0 || input >= needed.length) {
            throw new IllegalArgumentException("Op " + op.type() + " has " + needed.length
                    + " inputs, but its gradient rule propagates to input " + input);
        }
        if (needed[input]) {
            Operand<?> made = gradient.get();
            if (made == null) {
                throw new IllegalArgumentException("The gradient rule of op " + op.type() + " propagates null to input "
                        + input + ": to give an input no gradient, do not call propagate for it");
            }
            inputGradients[input] = made instanceof IndexedSlices<?> ? made : made.asOutput();
        }
    }

    /**
     * Sets the gradient of a variable that the function of a {@link CustomGradient} reads.
     *
     * @param variable the variable
     * @param gradient makes the gradient, of the variable's shape and type; not called if the variable needs none
     * @throws IllegalArgumentException if the function does not read the variable, or tapes do not watch it by themselves
     */
    public void propagate(Variable<?> variable, Supplier<? extends Operand<?>> gradient) {
        Operation handle = variable.handle(tf).op();
        for (int i = 0; i < needed.length; i++) {
            if (op.input(i).op() == handle) {
                propagate(i, gradient);
                return;
            }
        }
        throw new IllegalArgumentException("The gradient rule of op " + op.type() + " propagates to variable '"
                + variable.name() + "', which "
                + (variable.trainable() ? "its function does not read" : "is not trainable"));
    }

    /** From now on the first inputs need no gradient. */
    void deny(int inputs) {
        Arrays.fill(needed, 0, inputs, false);
    }

    /** An input, for formulas. */
    <T extends TType> Formula<T> in(int index) {
        return Formula.of(tf, input(index));
    }

    /** An output, for formulas. */
    <T extends TType> Formula<T> out(int index) {
        return Formula.of(tf, output(index));
    }

    /** The gradient of an output, for formulas. */
    <T extends TType> Formula<T> dy(int index) {
        return Formula.of(tf, gradient(index));
    }

    /** The gradient of the first output, for formulas. */
    <T extends TType> Formula<T> dy() {
        return dy(0);
    }

    Operand<?> inputGradient(int input) {
        return inputGradients[input];
    }

    /** Which outputs have a gradient and which inputs need one, as text for a cache key. */
    String pattern() {
        StringBuilder text = new StringBuilder();
        for (Operand<?> gradient : outputGradients) {
            text.append(gradient == null ? '0' : '1');
        }
        text.append('>');
        for (boolean need : needed) {
            text.append(need ? '1' : '0');
        }
        return text.toString();
    }

    /** Names the op. */
    @Override
    public String toString() {
        return "OpGradient of " + op.type() + " '" + op.name() + "'";
    }
}
