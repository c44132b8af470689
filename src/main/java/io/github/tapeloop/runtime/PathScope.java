package io.github.tapeloop.runtime;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.DeviceSpec;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.op.Scope;

/**
 * The naming scope of a session's ops: just the path. TensorFlow Java's own makes every name unique with a regular
 * expression, a hash map and a format string, which costs as much as a small op; eager names serve messages only, and
 * a graph that is being traced makes its names unique itself.
 */
final class PathScope implements Scope {

    private final ExecutionEnvironment env;
    private final String prefix;
    private final String opName;
    private final String device;
    private final List<Operation> controls;
    private final DtypePolicy precision;

    PathScope(ExecutionEnvironment env, String device) {
        this(env, "", null, device, List.of(), DtypePolicy.FULL);
    }

    private PathScope(
            ExecutionEnvironment env,
            String prefix,
            String opName,
            String device,
            List<Operation> controls,
            DtypePolicy precision) {
        this.env = env;
        this.prefix = prefix;
        this.opName = opName;
        this.device = device;
        this.controls = controls;
        this.precision = precision;
    }

    DtypePolicy precision() {
        return precision;
    }

    /** Ops over this scope, but with another precision. */
    Ops withPrecision(DtypePolicy other) {
        Scope scope = new PathScope(env, prefix, opName, device, controls, other);
        return Ops.create(new ScopedEnvironment(env, scope));
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
        String name = opName == null ? childScopeName : opName;
        return new PathScope(env, prefix + name + "/", null, device, controls, precision);
    }

    @Override
    public Scope withName(String newOpName) {
        return new PathScope(env, prefix, newOpName, device, controls, precision);
    }

    @Override
    public Scope withNameAsSubScope(String defaultName) {
        return withSubScope(defaultName);
    }

    @Override
    public Scope withDevice(DeviceSpec newDevice) {
        return new PathScope(env, prefix, opName, newDevice.toString(), controls, precision);
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
    public Scope withControlDependencyOps(Iterable<Operation> more) {
        List<Operation> all = new ArrayList<>();
        more.forEach(all::add);
        return new PathScope(env, prefix, opName, device, List.copyOf(all), precision);
    }

    @Override
    public OperationBuilder apply(OperationBuilder builder) {
        builder.setDevice(device);
        for (int i = 0; i < controls.size(); i++) {
            builder.addControlInput(controls.get(i));
        }
        return builder;
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
