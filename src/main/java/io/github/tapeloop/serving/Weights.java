package io.github.tapeloop.serving;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TensorValue;
import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.serving.ServedGraph.Slot;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Variable;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TType;

/**
 * The values of variables at one moment, by their paths. They share memory with the variables until those change, so taking
 * them copies nothing on a CPU; an update of a variable that is shared takes memory of its own.
 */
public final class Weights implements AutoCloseable {

    /** So many differences are listed. */
    private static final int MOST = 20;

    private final Map<String, TType> tensors;

    private Weights(Map<String, TType> tensors) {
        this.tensors = tensors;
    }

    /**
     * Takes the values of the variables that a graph reads, on the session's thread.
     *
     * @param variables by path, more than those perhaps
     * @return to be closed by the caller, by any thread
     * @throws IllegalArgumentException if one is missing, or of another shape or type: all that differs in one message
     */
    public static Weights of(TapeSession session, ServedGraph graph, Map<String, Variable<?>> variables) {
        List<String> differences = new ArrayList<>();
        graph.slots().forEach((path, slot) -> {
            Variable<?> found = variables.get(path);
            difference(path, slot, found == null ? null : Slot.describe(found.type(), found.shape()), differences);
        });
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException(message(differences));
        }
        Map<String, TType> taken = new TreeMap<>();
        session.unrecorded(() -> take(graph, path -> taken(session, variables.get(path)), taken));
        return new Weights(taken);
    }

    /**
     * Takes the values of the variables that a graph reads.
     *
     * @param saved a checkpoint, which stays the caller's
     * @return to be closed by the caller, by any thread
     * @throws CheckpointException if a file cannot be read, or a value is missing or of another shape or type: all that differs in
     *     one message
     */
    public static Weights of(Contents saved, ServedGraph graph) {
        Map<String, TensorValue> values = saved.variables();
        values.forEach(Weights::requireToEvaluate);
        List<String> differences = new ArrayList<>();
        graph.slots().forEach((path, slot) -> {
            TensorValue found = values.get(path);
            difference(path, slot, found == null ? null : Slot.describe(found.type(), found.shape()), differences);
        });
        if (!differences.isEmpty()) {
            throw new CheckpointException(message(differences));
        }
        Map<String, TType> taken = new TreeMap<>();
        take(graph, saved::tensor, taken);
        return new Weights(taken);
    }

    /** ScheduleFreeAdamW says by 0 that what it trains holds the values to train on. */
    private static void requireToEvaluate(String path, TensorValue value) {
        boolean tells = path.endsWith("/averaged") && value.type() == TFloat64.class && value.bytes() == Double.BYTES;
        if (tells && value.slice(0, Double.BYTES).order(ByteOrder.LITTLE_ENDIAN).getDouble() == 0) {
            throw new CheckpointException("Expected weights to evaluate with, got the weights to train on, as '" + path
                    + "' tells: this optimizer computes the others when a trainer evaluates. Load the checkpoint by a trainer"
                    + " that is built as the one that saved it, and ask that for its predictor()");
        }
    }

    private static void take(ServedGraph graph, Function<String, TType> value, Map<String, TType> taken) {
        try {
            graph.slots().keySet().forEach(path -> taken.put(path, value.apply(path)));
        } catch (RuntimeException | Error e) {
            taken.values().forEach(TType::close);
            throw e;
        }
    }

    private static <T extends TType> T taken(TapeSession session, Variable<T> variable) {
        return session.tensor(variable.read(session.tf()));
    }

    private static void difference(String path, Slot slot, String found, List<String> differences) {
        String expected = Slot.describe(slot.type(), slot.shape());
        if (!expected.equals(found)) {
            differences.add("'" + path + "' is " + (found == null ? "missing, " : found + " instead of ") + expected);
        }
    }

    private static String message(List<String> differences) {
        List<String> some = differences.subList(0, Math.min(differences.size(), MOST));
        return "Expected the weights of the model that is served; they differ in " + differences.size()
                + (differences.size() == 1 ? " thing" : " things") + ", so nothing was changed:\n  "
                + String.join("\n  ", some)
                + (differences.size() > MOST ? "\n  and " + (differences.size() - MOST) + " more" : "")
                + "\nBuild the same layers, with the names they had, or make another predictor";
    }

    TType get(String path) {
        return tensors.get(path);
    }

    @Override
    public void close() {
        ClosingActions.each(tensors.values(), TType::close);
    }
}
