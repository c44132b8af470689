package io.github.tapeloop.account;

import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.tensorflow.types.family.TType;

/**
 * All that an account holds at one moment, apart from any session: what a checkpoint is. It comes from {@link TrainingState#capture} or
 * from a file, and goes to a file or to {@link TrainingState#restore}, of another trainer perhaps. Any thread may read and close it.
 */
public final class Contents implements AutoCloseable {

    /**
     * What one part holds.
     *
     * @param tensors by their paths, which begin with the part's role
     * @param values by their names: Long, Double, Boolean, String, double[] or a list of Strings; the paths of variables whose earlier
     *     values the part has kept are such a list
     */
    public record Part(Map<String, TensorValue> tensors, Map<String, Object> values) {

        /** A part of these; the maps are copied. */
        public Part {
            tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
            values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        }
    }

    private final Map<String, Part> parts;

    /** @param parts by role; their tensors are closed with this */
    public Contents(Map<String, Part> parts) {
        this.parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
    }

    /** The parts by role, in the order in which they were registered. */
    public Map<String, Part> parts() {
        return parts;
    }

    /** Whether there is a part of a role. */
    public boolean has(String role) {
        return parts.containsKey(role);
    }

    /**
     * Gives the small values of one part to who takes them over.
     *
     * @throws CheckpointException if there is no such part, or its values are not those that are asked for
     */
    public void load(String role, Consumer<Stateful.Reader> part) {
        if (!has(role)) {
            throw new CheckpointException(
                    "Expected a part '" + role + "' in the checkpoint, got only " + parts.keySet());
        }
        load(role, name -> null, part);
    }

    /** @param kept gives the values of variables that the part has kept, by name */
    void load(String role, Function<String, Snapshot> kept, Consumer<Stateful.Reader> part) {
        try {
            part.accept(new StateValues(role, parts.get(role).values(), kept));
        } catch (CheckpointException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new CheckpointException(
                    "The part '" + role + "' cannot take over what the checkpoint has for it. " + e.getMessage()
                            + ". The part saves other values by now, or the checkpoint was changed after it was written",
                    e);
        }
    }

    /** Some of the parts, with the same tensors: close this one, or that one. */
    public Contents only(Predicate<String> role) {
        Map<String, Part> some = new LinkedHashMap<>(parts);
        some.keySet().removeIf(role.negate());
        return new Contents(some);
    }

    /** The tensors of all parts by path. */
    public Map<String, TensorValue> tensors() {
        Map<String, TensorValue> all = new LinkedHashMap<>();
        parts.values().forEach(part -> all.putAll(part.tensors()));
        return all;
    }

    /** The tensors that variables held: all but those of earlier values, which parts have kept. */
    public Map<String, TensorValue> variables() {
        Map<String, TensorValue> all = tensors();
        parts.forEach((role, part) -> part.values().forEach((name, value) -> {
            if (value instanceof List<?> held) { // There are no tensors of a list of texts of another kind.
                held.forEach(path -> all.remove(role + "/" + name + "/" + path));
            }
        }));
        return all;
    }

    /**
     * A tensor in memory of its own.
     *
     * @param path of one that variables held
     * @return to be closed by the caller
     * @throws io.github.tapeloop.state.CheckpointException if a file cannot be read
     */
    public TType tensor(String path) {
        return HostTensor.read(path, tensors().get(path));
    }

    /** How many bytes its tensors have. */
    public long bytes() {
        return tensors().values().stream().mapToLong(TensorValue::bytes).sum();
    }

    /** Lets all tensors go. Closing twice is allowed. */
    @Override
    public void close() {
        close(tensors().values());
    }

    static void close(Collection<? extends TensorValue> tensors) {
        ClosingActions.each(tensors, TensorValue::close);
    }

    /** Names the parts and how much they hold. */
    @Override
    public String toString() {
        return parts.entrySet().stream()
                .map(part -> part.getKey() + ": " + part.getValue().tensors().size() + " tensors, "
                        + part.getValue().values().size() + " values")
                .collect(Collectors.joining("; "));
    }
}
