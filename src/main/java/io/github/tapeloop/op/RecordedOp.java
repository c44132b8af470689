package io.github.tapeloop.op;

import java.util.Optional;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;

/**
 * One op as it was made: its type, inputs, attributes and outputs. What a gradient rule looks at. Valid as long as the
 * operands it names are; immutable.
 */
public final class RecordedOp {

    private final OpCall call;
    private final Operation operation;
    /** What the maker of a composite op said of it, or null. */
    private final Object tag;

    public RecordedOp(OpCall call, Operation operation, Object tag) {
        this.call = call;
        this.operation = operation;
        this.tag = tag;
    }

    /**
     * What goes with an op that stands for several, such as a gradient rule of its own.
     *
     * @param type what kind of thing is asked for
     * @param <T> that kind
     * @return what was given to {@link RecordingEnvironment#composite}, if it is of that kind
     */
    public <T> Optional<T> tag(Class<T> type) {
        return type.isInstance(tag) ? Optional.of(type.cast(tag)) : Optional.empty();
    }

    /**
     * Whether this op stands for several.
     *
     * @return true if it was made by {@link RecordingEnvironment#composite}
     */
    public boolean isComposite() {
        return tag != null;
    }

    /**
     * The op's type.
     *
     * @return a TensorFlow op type, {@code MatMul} for example
     */
    public String type() {
        return call.type();
    }

    /**
     * The op's name, which begins with the path of the layer that made it.
     *
     * @return the name, not unique in eager mode
     */
    public String name() {
        return call.name();
    }

    /**
     * The op itself.
     *
     * @return TensorFlow's operation, the same object for every output of the op
     */
    public Operation operation() {
        return operation;
    }

    /**
     * How many inputs the op has, those of input lists counted one by one.
     *
     * @return the number of inputs
     */
    public int inputs() {
        return call.inputs();
    }

    /**
     * One input.
     *
     * @param index which, from 0, input lists flattened
     * @return the input
     */
    public Output<?> input(int index) {
        return call.input(index);
    }

    /**
     * How many outputs the op has.
     *
     * @return the number of outputs
     */
    public int outputs() {
        return operation.numOutputs();
    }

    /**
     * One output.
     *
     * @param index which, from 0
     * @return the output
     */
    public Output<?> output(int index) {
        return operation.output(index);
    }

    /**
     * An attribute that was given when the op was made.
     *
     * @param name the attribute's name
     * @param type its Java type: {@code Boolean}, {@code Long}, {@code Float}, {@code String}, {@code DataType},
     *     {@code Shape} and arrays of their primitives, as the {@code setAttr} of {@link OperationBuilder} take them
     * @param <T> its Java type
     * @return the value, or empty if the op was made with the attribute's default
     */
    public <T> Optional<T> attribute(String name, Class<T> type) {
        return Optional.ofNullable(OpAttributes.as(type, call.attribute(name))).map(type::cast);
    }

    /**
     * Sets an attribute of this op on another one, if it was given.
     *
     * @param name the attribute's name
     * @param builder makes an op with an attribute of the same name and type
     */
    public void copyAttribute(String name, OperationBuilder builder) {
        Object value = call.attribute(name);
        if (value != null) {
            OpAttributes.copy(builder, name, value);
        }
    }

    /**
     * A boolean attribute whose default is false, such as {@code transpose_a}.
     *
     * @param name the attribute's name
     * @return its value, false if it was not given
     */
    public boolean flag(String name) {
        return Boolean.TRUE.equals(call.attribute(name));
    }

    /**
     * A text that is equal for ops of the same type with the same attributes and the same number of inputs.
     *
     * @return a key for caches
     */
    public String signature() {
        return call.signature();
    }

    /**
     * Makes the same op again elsewhere: all attributes are set on a builder, and the inputs given are added in the
     * groups (single or list) of the original.
     *
     * @param builder a builder for the same op type, in any environment
     * @param inputs as many inputs as this op has
     * @return the op built
     */
    public Operation rebuild(OperationBuilder builder, Output<?>[] inputs) {
        return call.copyTo(builder, inputs).build();
    }

    /**
     * Whether another op is the same but for its name, its inputs and its outputs: what {@link #signature()} tells, at a
     * fraction of its cost.
     *
     * @param other any recorded op
     * @return true if type, attributes and the number of inputs are equal
     */
    public boolean isLike(RecordedOp other) {
        return tag == other.tag && call.isLike(other.call);
    }

    /**
     * This op in another environment, in which it is not made: an operation that has its outputs stands for it.
     *
     * @param inputs as many inputs as this op has
     * @param operation has this op's outputs
     * @return an op of the same type, name and attributes
     */
    public RecordedOp standIn(Output<?>[] inputs, Operation operation) {
        return new RecordedOp(call.withInputs(inputs), operation, tag);
    }
}
