package io.github.tapeloop.account;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.tensorflow.Operand;

/**
 * The account of all that makes the next step of a trainer what it is: the variables of model, optimizer and metrics, and
 * the counters, flags and texts beside them, each under a path that begins with the role of its part: {@code model/…},
 * {@code optimizer/…}, {@code others/0/…}, {@code scores/train/…}, {@code loop/…}, {@code callbacks/EarlyStopping/…}. What goes
 * back to an earlier moment, a dry run or a search for a learning rate, does so by a {@link #snapshot} of it.
 *
 * <p>A part is registered once; what it consists of is asked each time, since variables are made when they are first needed.
 */
public final class TrainingState {

    private final TapeSession session;
    private final Map<String, Part> parts = new LinkedHashMap<>();

    private record Part(
            Supplier<Parameters> variables, Consumer<Stateful.Writer> save, Consumer<Stateful.Reader> load) {}

    /**
     * The state of no part yet.
     *
     * @param session where the variables of all parts are, and where new ones will be made
     */
    public TrainingState(TapeSession session) {
        this.session = session;
    }

    /**
     * Registers a part.
     *
     * @param role what it is, {@code others/0} for example; other parts have other roles
     * @param part has the variables and the values
     * @throws IllegalArgumentException if the role is taken
     */
    public void register(String role, Stateful part) {
        register(role, part::state, part::saveState, part::loadState);
    }

    /**
     * Registers a part of values alone.
     *
     * @param role what it is, {@code callbacks/EarlyStopping} for example; other parts have other roles
     * @param save writes the values
     * @param load takes them back
     * @throws IllegalArgumentException if the role is taken
     */
    public void register(String role, Consumer<Stateful.Writer> save, Consumer<Stateful.Reader> load) {
        register(role, Parameters::of, save, load);
    }

    private void register(
            String role,
            Supplier<Parameters> variables,
            Consumer<Stateful.Writer> save,
            Consumer<Stateful.Reader> load) {
        if (parts.putIfAbsent(role, new Part(variables, save, load)) != null) {
            throw new IllegalArgumentException("Two parts have the role '" + role + "': give each a role of its own");
        }
    }

    /**
     * Withdraws a part: a callback when its run has ended.
     *
     * @param role its role; nothing happens if there is none
     */
    public void withdraw(String role) {
        parts.remove(role);
    }

    /**
     * The roles of all parts.
     *
     * @return the roles, in the order in which they were registered
     */
    public List<String> roles() {
        return List.copyOf(parts.keySet());
    }

    /**
     * All variables there are now, each once.
     *
     * @return by path, in the order of the parts
     */
    public Map<String, Variable<?>> variables() {
        Map<String, Variable<?>> all = new LinkedHashMap<>();
        Set<Variable<?>> known = new HashSet<>();
        parts.forEach((role, part) -> {
            for (Variable<?> variable : part.variables().get()) {
                if (known.add(variable)) { // A part may be a part of another.
                    all.put(path(role, variable), variable);
                }
            }
        });
        return Collections.unmodifiableMap(all);
    }

    private static String path(String role, Variable<?> variable) {
        String name = variable.name();
        return name.startsWith(role + "/") ? name : role + "/" + name;
    }

    /**
     * All values beside the variables.
     *
     * @return by path, sorted: Long, Double, Boolean, String or double[]
     */
    public Map<String, Object> values() {
        Map<String, Object> all = new TreeMap<>();
        save(role -> true)
                .forEach((role, values) -> values.all().forEach((name, value) -> all.put(role + "/" + name, value)));
        return all;
    }

    /**
     * Keeps a value for a variable that does not exist yet: it is the first value of the variable, in place of its own, when
     * that is made.
     *
     * @param path the path that the variable will have in this account
     * @param value gives a value of the variable's shape and type when it is made
     */
    public void expect(String path, Supplier<? extends Operand<?>> value) {
        List<String> names = new ArrayList<>();
        names.add(path);
        parts.keySet().stream()
                .filter(role -> path.startsWith(role + "/"))
                .forEach(role -> names.add(path.substring(role.length() + 1)));
        Variable.expect(session, names, value);
    }

    private Map<String, StateValues> save(Predicate<String> roles) {
        Map<String, StateValues> saved = new LinkedHashMap<>();
        parts.forEach((role, part) -> {
            if (roles.test(role)) {
                StateValues values = new StateValues(role);
                part.save().accept(values);
                saved.put(role, values);
            }
        });
        return saved;
    }

    /**
     * Everything as it is now, to go back to: variables made while the snapshot is open go back to their first value.
     *
     * @return a snapshot, to be closed by the caller
     */
    public Snapshot snapshot() {
        return snapshot(role -> true);
    }

    /**
     * All variables as they are now and the values of some parts, to go back to; the values of others stay as they are then.
     *
     * @param roles whether to go back to the values of the part of a role
     * @return a snapshot, to be closed by the caller
     */
    public Snapshot snapshot(Predicate<String> roles) {
        Map<String, StateValues> saved = save(roles);
        return Snapshot.withNewVariables(session, variables().values()).afterwards(() -> load(saved));
    }

    private void load(Map<String, StateValues> saved) {
        saved.forEach((role, values) -> {
            Part part = parts.get(role);
            if (part != null) { // A callback's run may have ended.
                part.load().accept(values);
            }
        });
    }
}
