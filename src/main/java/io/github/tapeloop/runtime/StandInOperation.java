package io.github.tapeloop.runtime;

import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.types.family.TType;

/**
 * Operation of a graph under the type of another one that it was made in place of: TensorFlow Java compares the type with
 * the one it asked for. Its outputs are those of the operation itself.
 */
record StandInOperation(Operation real, String type) implements Operation {

    /** The operation that is in the graph. */
    static Operation real(Operation operation) {
        return operation instanceof StandInOperation standIn ? standIn.real : operation;
    }

    @Override
    public String name() {
        return real.name();
    }

    @Override
    public ExecutionEnvironment env() {
        return real.env();
    }

    @Override
    public int numOutputs() {
        return real.numOutputs();
    }

    @Override
    public int outputListLength(String name) {
        return real.outputListLength(name);
    }

    @Override
    public Output<?>[] outputList(int start, int length) {
        return real.outputList(start, length);
    }

    @Override
    public <T extends TType> Output<T> output(int index) {
        return real.output(index);
    }

    @Override
    public int inputListLength(String name) {
        return real.inputListLength(name);
    }
}
