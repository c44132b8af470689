package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.TensorFlowInternals;
import io.github.tapeloop.op.SerialExecutor;
import java.util.HashMap;
import java.util.Map;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.EagerSession;
import org.tensorflow.proto.FunctionDef;

/** The traced functions that ops of a session can run: TensorFlow knows each by its name as long as somebody holds it. */
final class SessionFunctions {

    private final EagerSession eager;
    private final EagerExecutor executor;
    private final boolean oneThread;
    private final Map<String, Integer> holders = new HashMap<>();
    private final Map<String, FunctionReplay> replays = new HashMap<>();

    private long made;

    /** @param oneThread whether there is one thread only to run ops */
    SessionFunctions(EagerSession eager, EagerExecutor executor, boolean oneThread) {
        this.eager = eager;
        this.executor = executor;
        this.oneThread = oneThread;
    }

    /** A name that no other function has: TensorFlow's own names can be the same for different shapes. */
    String unique(String name) {
        return name + "_" + made++;
    }

    /** Whether no two ops of a function run at the same time, nor wait for one on another device. */
    boolean areSerial() {
        return oneThread && devices() == 1 && SerialExecutor.isPossible(System.getenv("TF_XLA_FLAGS"));
    }

    /** How many devices there are to run ops on. */
    int devices() {
        return executor.devices();
    }

    /** Makes a function known to ops outside any graph, unless it is. */
    void attach(ConcreteFunction function) {
        TensorFlowInternals.handle(function); // Says whether it is closed; its name would be read from freed memory.
        String name = function.getDefinedName();
        if (!isHeld(name) && !replays.containsKey(name)) {
            eager.attachFunction(function);
        }
    }

    /** What a function that is known consists of. */
    FunctionDef definition(String name) {
        return FunctionReplay.read(TensorFlowInternals.context(eager), name);
    }

    /** Makes a function known, which nobody holds yet. */
    void add(ConcreteFunction function) {
        executor.addFunction(function);
        hold(function.getDefinedName());
    }

    /** @param name of a function that somebody holds already */
    void hold(String name) {
        holders.merge(name, 1, Integer::sum);
    }

    void release(String name) {
        if (holders.merge(name, -1, (count, less) -> count + less == 0 ? null : count + less) == null) {
            replays.remove(name);
            executor.removeFunction(name);
        }
    }

    boolean isHeld(String name) {
        return holders.containsKey(name);
    }

    /** How many functions are held. */
    int size() {
        return holders.size();
    }

    /** The functions that were replayed, by name: reading one costs more than running it. */
    Map<String, FunctionReplay> replays() {
        return replays;
    }
}
