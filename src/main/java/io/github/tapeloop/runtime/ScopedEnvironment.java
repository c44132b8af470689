package io.github.tapeloop.runtime;

import org.tensorflow.ConcreteFunction;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Scope;

/**
 * An environment that starts from another scope. It exists for a moment only: {@code Ops.create} takes a scope from an
 * environment and not otherwise, and the ops it makes belong to the scope's own environment.
 */
record ScopedEnvironment(ExecutionEnvironment env, Scope baseScope) implements ExecutionEnvironment {

    @Override
    public OperationBuilder opBuilder(String type, String name, Scope scope) {
        return env.opBuilder(type, name, scope);
    }

    @Override
    public void attachFunction(ConcreteFunction function) {
        env.attachFunction(function);
    }

    @Override
    public void checkInput(Operation input) {
        env.checkInput(input);
    }

    @Override
    public Types environmentType() {
        return env.environmentType();
    }

    @Override
    public boolean isInitializer(Operation op) {
        return env.isInitializer(op);
    }
}
