package io.github.tapeloop.runtime;

import java.util.HashMap;
import java.util.Map;
import org.tensorflow.ConcreteFunction;

/** The traced functions that ops of a session can run: TensorFlow knows each by its name as long as somebody holds it. */
final class SessionFunctions {

    private final EagerExecutor executor;
    private final Map<String, Integer> holders = new HashMap<>();
    private final Map<String, FunctionReplay> replays = new HashMap<>();

    private long made;

    SessionFunctions(EagerExecutor executor) {
        this.executor = executor;
    }

    /** A name that no other function has: TensorFlow's own names can be the same for different shapes. */
    String unique(String name) {
        return name + "_" + made++;
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
