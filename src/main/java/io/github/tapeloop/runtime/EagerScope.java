package io.github.tapeloop.runtime;

import org.tensorflow.DeviceSpec;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Scope;

/**
 * The naming scope of eager ops. TensorFlow Java's own makes every name unique with a regular expression, a hash map
 * and a format string, which costs as much as a small op; eager names serve messages only, so these just say the path.
 */
final class EagerScope implements Scope {

    private final ExecutionEnvironment env;
    private final String prefix;
    private final String opName;
    private final String device;

    EagerScope(ExecutionEnvironment env, String device) {
        this(env, "", null, device);
    }

    private EagerScope(ExecutionEnvironment env, String prefix, String opName, String device) {
        this.env = env;
        this.prefix = prefix;
        this.opName = opName;
        this.device = device;
    }

    @Override
    public ExecutionEnvironment env() {
        return env;
    }

    @Override
    public OperationBuilder opBuilder(String type, String name) {
        return env.opBuilder(type, makeOpName(name), this);
    }

    @Override
    public Scope withSubScope(String childScopeName) {
        return new EagerScope(env, prefix + (opName == null ? childScopeName : opName) + "/", null, device);
    }

    @Override
    public Scope withName(String newOpName) {
        return new EagerScope(env, prefix, newOpName, device);
    }

    @Override
    public Scope withNameAsSubScope(String defaultName) {
        return withSubScope(defaultName);
    }

    @Override
    public Scope withDevice(DeviceSpec newDevice) {
        return new EagerScope(env, prefix, opName, newDevice.toString());
    }

    @Override
    public Scope withInitScope() {
        return this;
    }

    @Override
    public String makeOpName(String defaultName) {
        String name = opName == null ? defaultName : opName;
        return prefix.isEmpty() ? name : prefix + name;
    }

    @Override
    public String makeUnique(String id) {
        return id;
    }

    @Override
    public void refreshNames() {
        // Nothing is remembered, so nothing can be out of date.
    }

    @Override
    public Scope withControlDependencyOps(Iterable<Operation> controls) {
        return this; // Eager ops run in program order.
    }

    @Override
    public OperationBuilder apply(OperationBuilder builder) {
        return builder.setDevice(device);
    }

    @Override
    public String getDeviceString() {
        return device;
    }

    @Override
    public boolean isInit() {
        return false;
    }
}
