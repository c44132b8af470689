package io.github.tapeloop.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Scope;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;

/**
 * The builder of one op: everything said about it before it is made. It stays in Java until {@link #build}: one
 * object then serves the native call, the tape's record, and the words of an error.
 */
public final class OpCall implements OperationBuilder {

    private static final Output<?>[] NO_INPUTS = {};
    private static final Object[] NO_ATTRIBUTES = {};

    private final Function<OpCall, Operation> run;
    private final String type;
    private final String name;
    private final Scope scope;
    private String device = "";
    private List<Operation> controls = List.of();
    private Output<?>[] inputs = NO_INPUTS;
    private int inputCount;
    /** For each input added by itself -1, for each list its length; null while there are only single inputs. */
    private int[] groups;

    private int groupCount;
    /** Names at even, values at odd places. */
    private Object[] attributes = NO_ATTRIBUTES;

    private int attributeCount;

    public OpCall(Function<OpCall, Operation> run, String type, String name, Scope scope) {
        this.run = run;
        this.type = type;
        this.name = name;
        this.scope = scope;
    }

    @Override
    public Operation build() {
        scope.apply(this);
        return run.apply(this);
    }

    public String type() {
        return type;
    }

    public String name() {
        return name;
    }

    public String device() {
        return device;
    }

    public int inputs() {
        return inputCount;
    }

    public Output<?> input(int index) {
        if (index >= inputCount) {
            throw new IndexOutOfBoundsException("Op " + type + " has " + inputCount + " inputs, not one at " + index);
        }
        return inputs[index];
    }

    /**
     * All inputs, to be changed.
     *
     * @return a new array
     */
    public Output<?>[] inputsCopied() {
        return Arrays.copyOf(inputs, inputCount);
    }

    /** The length of the list that was added as the argument of a number, -1 if a single input was. */
    public int group(int index) {
        return groups == null || index >= groupCount ? -1 : groups[index];
    }

    public int attributes() {
        return attributeCount;
    }

    public String attributeName(int index) {
        return (String) attributes[2 * index];
    }

    public Object attributeValue(int index) {
        return attributes[2 * index + 1];
    }

    public Object attribute(String attributeName) {
        for (int i = 0; i < attributeCount; i++) {
            if (attributeName(i).equals(attributeName)) {
                return attributeValue(i);
            }
        }
        return null;
    }

    public String signature() {
        StringBuilder text = new StringBuilder(type);
        text.append('(').append(inputCount);
        for (int i = 0; groups != null && i < groupCount; i++) {
            text.append(',').append(groups[i]);
        }
        text.append(')');
        for (int i = 0; i < attributeCount; i++) {
            text.append('|').append(attributeName(i)).append('=').append(valueText(attributeValue(i)));
        }
        return text.toString();
    }

    /** Whether another call differs from this one in name, place and inputs only. */
    public boolean isLike(OpCall other) {
        if (!type.equals(other.type)
                || inputCount != other.inputCount
                || groupCount != other.groupCount
                || attributeCount != other.attributeCount) {
            return false;
        }
        for (int i = 0; i < groupCount; i++) {
            if (groups[i] != other.groups[i]) {
                return false;
            }
        }
        for (int i = 0; i < attributeCount; i++) {
            if (!attributeName(i).equals(other.attributeName(i))
                    || !sameValue(attributeValue(i), other.attributeValue(i))) {
                return false;
            }
        }
        return true;
    }

    /** Tensors would compare their elements, and may be closed by now. */
    private static boolean sameValue(Object a, Object b) {
        return a == b || !(a instanceof Tensor) && !(a instanceof Tensor[]) && Objects.deepEquals(a, b);
    }

    /** The same call with other inputs. */
    public OpCall withInputs(Output<?>[] newInputs) {
        requireAsMany(newInputs);
        OpCall copy = new OpCall(run, type, name, scope);
        copy.device = device;
        copy.inputs = newInputs;
        copy.inputCount = inputCount;
        copy.groups = groups;
        copy.groupCount = groupCount;
        copy.attributes = attributes;
        copy.attributeCount = attributeCount;
        return copy;
    }

    /** The same call with an attribute set to another value. */
    public OpCall with(String attributeName, Object value) {
        OpCall copy = withInputs(inputs);
        copy.attributes = Arrays.copyOf(attributes, Math.max(attributes.length, 2 * attributeCount + 2));
        for (int i = 0; i < attributeCount; i++) {
            if (attributeName(i).equals(attributeName)) {
                copy.attributes[2 * i + 1] = value;
                return copy;
            }
        }
        copy.attribute(attributeName, value);
        return copy;
    }

    private void requireAsMany(Output<?>[] newInputs) {
        if (newInputs != inputs && newInputs.length != inputCount) {
            throw new IllegalArgumentException(
                    "Op " + type + " has " + inputCount + " inputs, but " + newInputs.length + " were given");
        }
    }

    private static String valueText(Object value) {
        String text = Arrays.deepToString(new Object[] {value});
        return text.substring(1, text.length() - 1);
    }

    /** Sets the attributes on another builder and adds the given inputs in this op's groups. */
    public OperationBuilder copyTo(OperationBuilder target, Output<?>[] newInputs) {
        requireAsMany(newInputs);
        if (groups == null) {
            for (Output<?> input : newInputs) {
                target.addInput(input);
            }
        } else {
            int next = 0;
            for (int i = 0; i < groupCount; i++) {
                if (groups[i] < 0) {
                    target.addInput(newInputs[next++]);
                } else {
                    target.addInputList(Arrays.copyOfRange(newInputs, next, next + groups[i]));
                    next += groups[i];
                }
            }
        }
        for (int i = 0; i < attributeCount; i++) {
            OpAttributes.copy(target, attributeName(i), attributeValue(i));
        }
        return target;
    }

    @Override
    public OperationBuilder addInput(Output<?> input) {
        append(input);
        if (groups != null) {
            appendGroup(-1);
        }
        return this;
    }

    @Override
    public OperationBuilder addInputList(Output<?>[] list) {
        if (groups == null) {
            groups = new int[inputCount + 4];
            Arrays.fill(groups, 0, inputCount, -1);
            groupCount = inputCount;
        }
        for (Output<?> input : list) {
            append(input);
        }
        appendGroup(list.length);
        return this;
    }

    private void append(Output<?> input) {
        if (input == null) {
            throw new IllegalArgumentException("Input " + inputCount + " of op " + type + " '" + name + "' is null");
        }
        if (inputCount == inputs.length) {
            inputs = Arrays.copyOf(inputs, Math.max(4, 2 * inputCount));
        }
        inputs[inputCount++] = input;
    }

    private void appendGroup(int length) {
        if (groupCount == groups.length) {
            groups = Arrays.copyOf(groups, 2 * groupCount);
        }
        groups[groupCount++] = length;
    }

    private OperationBuilder attribute(String attributeName, Object value) {
        if (2 * attributeCount == attributes.length) {
            attributes = Arrays.copyOf(attributes, Math.max(4, 4 * attributeCount));
        }
        attributes[2 * attributeCount] = attributeName;
        attributes[2 * attributeCount + 1] = value;
        attributeCount++;
        return this;
    }

    @Override
    public OperationBuilder addControlInput(Operation control) {
        if (controls.isEmpty()) {
            controls = new ArrayList<>();
        }
        controls.add(control);
        return this;
    }

    public List<Operation> controls() {
        return controls;
    }

    @Override
    public OperationBuilder setDevice(String newDevice) {
        device = newDevice;
        return this;
    }

    @Override
    public OperationBuilder setAttr(String attributeName, String[] value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, String value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, byte[] value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, long value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, long[] value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, float value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, float[] value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, boolean value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, boolean[] value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, DataType value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, DataType[] value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, Tensor value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, Tensor[] value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, Shape value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, Shape[] value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, ConcreteFunction value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, ConcreteFunction[] value) {
        return attribute(attributeName, value);
    }

    @Override
    public OperationBuilder setAttr(String attributeName, AttrValue value) {
        return attribute(attributeName, value);
    }
}
