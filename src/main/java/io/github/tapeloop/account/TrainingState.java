package io.github.tapeloop.account;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TType;

/**
 * The account of all that makes the next step of a trainer what it is: the variables of model, optimizer and metrics, and
 * the counters, flags and texts beside them, each under a path that begins with the role of its part: {@code model/…},
 * {@code optimizer/…}, {@code others/0/…}, {@code scores/train/…}, {@code loop/…}, {@code callbacks/EarlyStopping/…}. What goes
 * back to an earlier moment, a dry run or a search for a learning rate, does so by a {@link #snapshot} of it.
 *
 * <p>Some parts say where a run is, not what its next step is: how far it is in its data, what its epochs have measured, who
 * is frozen. What goes back in the middle of a run leaves them as they are; what goes on in another process, by a {@link
 * #capture} and {@link #restore}, takes them along.
 *
 * <p>A part is registered once; what it consists of is asked each time, since variables are made when they are first needed.
 */
public final class TrainingState {

    private final TapeSession session;
    private final Map<String, Part> parts = new LinkedHashMap<>();

    /** What is to come into variables that a later step makes, by their paths. */
    private final Map<String, Waiting> waiting = new LinkedHashMap<>();

    private record Waiting(String role, Operand<?> value) {}

    /** @param goesBack whether it is a part of {@link #snapshot}, too */
    private record Part(
            Supplier<Parameters> variables,
            Consumer<Stateful.Writer> save,
            Consumer<Stateful.Reader> load,
            boolean goesBack) {}

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
        register(role, new Part(part::state, part::saveState, part::loadState, true));
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
        register(role, new Part(Parameters::of, save, load, true));
    }

    /**
     * Registers a part that says where a run is: {@link #snapshot} leaves it out.
     *
     * @param role what it is, {@code run/history} for example; other parts have other roles
     * @param part has the variables and the values
     * @throws IllegalArgumentException if the role is taken
     */
    public void registerPlace(String role, Stateful part) {
        register(role, new Part(part::state, part::saveState, part::loadState, false));
    }

    private void register(String role, Part part) {
        if (parts.putIfAbsent(role, part) != null) {
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
     * All variables there are now that go back with a snapshot, each once.
     *
     * @return by path, in the order of the parts
     */
    public Map<String, Variable<?>> variables() {
        return variables(Part::goesBack);
    }

    /**
     * All variables there are now, those included that only say where a run is, each once.
     *
     * @return by path, in the order of the parts
     */
    public Map<String, Variable<?>> allVariables() {
        return variables(part -> true);
    }

    private Map<String, Variable<?>> variables(Predicate<Part> which) {
        Map<String, Variable<?>> all = new LinkedHashMap<>();
        variablesByRole(which).values().forEach(all::putAll);
        return Collections.unmodifiableMap(all);
    }

    private Map<String, Map<String, Variable<?>>> variablesByRole(Predicate<Part> which) {
        Map<String, Map<String, Variable<?>>> all = new LinkedHashMap<>();
        Set<Variable<?>> known = new HashSet<>();
        parts.forEach((role, part) -> {
            Map<String, Variable<?>> own = new LinkedHashMap<>();
            if (which.test(part)) {
                for (Variable<?> variable : part.variables().get()) {
                    if (known.add(variable)) { // A part may be a part of another.
                        own.put(path(role, variable), variable);
                    }
                }
            }
            all.put(role, own);
        });
        return all;
    }

    private static String path(String role, Variable<?> variable) {
        String name = variable.name();
        return name.startsWith(role + "/") ? name : role + "/" + name;
    }

    /**
     * All values beside the variables.
     *
     * @return by path, sorted: Long, Double, Boolean, String, double[] or a list of Strings
     */
    public Map<String, Object> values() {
        return values((role, part) -> true);
    }

    private Map<String, Object> values(BiPredicate<String, Part> which) {
        Map<String, Object> all = new TreeMap<>();
        parts.forEach((role, part) -> {
            if (which.test(role, part)) {
                save(role).all().forEach((name, value) -> all.put(role + "/" + name, value));
            }
        });
        return all;
    }

    private StateValues save(String role) {
        StateValues values = new StateValues(role);
        parts.get(role).save().accept(values);
        return values;
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

    /**
     * What decides on the next step, as it is now, to go back to: variables made while the snapshot is open go back to their
     * first value.
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
        return wayBack(variables(), (role, part) -> part.goesBack() && roles.test(role));
    }

    private Snapshot wayBack(Map<String, Variable<?>> variables, BiPredicate<String, Part> which) {
        return Snapshot.withNewVariables(session, variables.values()).beside(values(which), kept -> load(kept, which));
    }

    private void load(Map<String, Object> values, BiPredicate<String, Part> which) {
        parts.forEach((role, part) -> {
            if (which.test(role, part)) {
                part.load().accept(new StateValues(role, below(role + "/", values), name -> null));
            }
        });
    }

    private static <V> Map<String, V> below(String prefix, Map<String, V> all) {
        Map<String, V> own = new LinkedHashMap<>();
        all.forEach((path, value) -> {
            if (path.startsWith(prefix)) {
                own.put(path.substring(prefix.length()), value);
            }
        });
        return own;
    }

    /**
     * Everything as it is now, apart from the session: for a file, or for another account. All variables, the values of variables
     * that parts have kept, and what is beside them. Called by the session's thread between steps; nothing is copied, memory is
     * shared with the variables until they change.
     *
     * @return what each part holds, to be closed by the caller, on any thread, also after the session was closed
     * @throws CheckpointException if a variable holds text
     */
    public Contents capture() {
        Map<Variable<?>, String> paths = new LinkedHashMap<>();
        variablesByRole(part -> true)
                .values()
                .forEach(own -> own.forEach((path, variable) -> paths.put(variable, path)));
        List<TensorValue> taken = new ArrayList<>();
        try {
            Map<String, Contents.Part> captured = new LinkedHashMap<>();
            variablesByRole(part -> true).forEach((role, variables) -> {
                Map<String, TensorValue> tensors = new LinkedHashMap<>();
                variables.forEach((path, variable) ->
                        session.unrecorded(() -> tensors.put(path, taken(path, variable.read(session.tf()), taken))));
                waiting.forEach((path, kept) -> {
                    if (kept.role().equals(role) && !paths.containsValue(path)) {
                        session.unrecorded(() -> tensors.put(path, taken(path, kept.value(), taken)));
                    }
                });
                StateValues values = save(role);
                Map<String, Object> all = new TreeMap<>(values.all());
                values.kept().forEach((name, kept) -> {
                    List<String> held = new ArrayList<>();
                    kept.values().forEach((variable, value) -> {
                        if (paths.containsKey(variable)) { // One that is closed has no path.
                            String path = role + "/" + name + "/" + paths.get(variable);
                            held.add(paths.get(variable));
                            session.unrecorded(() -> tensors.put(path, taken(path, value, taken)));
                        }
                    });
                    all.put(name, held);
                    kept.beside().forEach((path, value) -> all.put(name + "/" + path, value));
                });
                captured.put(role, new Contents.Part(tensors, all));
            });
            return new Contents(captured);
        } catch (RuntimeException | Error e) {
            Contents.close(taken);
            throw e;
        }
    }

    private TensorValue taken(String path, Operand<?> value, List<TensorValue> taken) {
        TensorValue tensor = HostTensor.of(path, session, value);
        taken.add(tensor);
        return tensor;
    }

    /**
     * Takes over what another account, or this one, held. All names, shapes and types are compared first; values are read before
     * the first variable changes. A value of a variable that does not exist yet, since only a later step makes it, waits for it.
     *
     * @param contents has the same parts; the caller closes it
     * @throws CheckpointException if parts, names, shapes or types differ, with all differences in one message, or if a file
     *     cannot be read; nothing is changed
     */
    public void restore(Contents contents) {
        restore(contents, role -> true);
    }

    /**
     * Takes over some parts only, the weights of a model for example.
     *
     * @param contents has these parts; the caller closes it
     * @param roles of the parts
     * @throws CheckpointException as {@link #restore(Contents)}
     */
    public void restore(Contents contents, Predicate<String> roles) {
        Map<String, Variable<?>> variables = new LinkedHashMap<>();
        variablesByRole(part -> true).forEach((role, own) -> variables.putAll(roles.test(role) ? own : Map.of()));
        Map<String, TensorValue> tensors = contents.variables();
        Differences differences = new Differences();
        differences.parts(
                rolesOf(
                        contents.parts().keySet(),
                        role -> contents.parts().get(role).values()),
                rolesOf(parts.keySet(), role -> save(role).all()).stream()
                        .filter(roles)
                        .toList());
        differences.tensors(tensors, variables);
        differences.refuse();
        try (Snapshot before = wayBack(allVariables(), (role, part) -> true)) {
            try {
                assign(tensors, variables);
                load(contents, variables);
            } catch (RuntimeException | Error e) {
                before.restore();
                throw e;
            }
        }
        forgetWaiting();
        contents.parts().forEach((role, part) -> part.tensors().forEach((path, value) -> {
            boolean isMissing = tensors.containsKey(path) && !variables.containsKey(path);
            if (isMissing
                    && parts.containsKey(role)
                    && !path.startsWith("scores/")) { // Sums begin at 0 when they are made.
                Operand<?> kept = session.persist(() -> typed(HostTensor.operand(path, session.tf(), value)));
                waiting.put(path, new Waiting(role, kept));
                expect(path, () -> kept);
            }
        }));
    }

    private void forgetWaiting() {
        waiting.values().forEach(each -> session.free(each.value()));
        waiting.clear();
    }

    /** Callbacks that remember nothing may come and go. */
    private static Set<String> rolesOf(Set<String> roles, Function<String, Map<String, Object>> values) {
        Set<String> some = new LinkedHashSet<>(roles);
        some.removeIf(
                role -> role.startsWith("callbacks/") && values.apply(role).isEmpty());
        return some;
    }

    /** All values are read, which can fail, before the first is assigned. */
    private void assign(Map<String, TensorValue> values, Map<String, Variable<?>> variables) {
        session.unrecorded(() -> {
            List<Runnable> changes = new ArrayList<>();
            variables.forEach((path, variable) -> {
                if (values.containsKey(path)) {
                    changes.add(change(path, variable, values.get(path)));
                }
            });
            changes.forEach(Runnable::run);
        });
    }

    private <T extends TType> Runnable change(String path, Variable<T> variable, TensorValue value) {
        Operand<T> read = typed(HostTensor.operand(path, session.tf(), value));
        return () -> variable.assign(session.tf(), read);
    }

    private void load(Contents contents, Map<String, Variable<?>> variables) {
        parts.forEach((role, part) -> {
            if (contents.has(role)) {
                contents.load(role, name -> kept(role, name, contents, variables), part.load());
            }
        });
    }

    /** Values of variables that a part has kept. */
    private Snapshot kept(String role, String name, Contents contents, Map<String, Variable<?>> variables) {
        Contents.Part part = contents.parts().get(role);
        Map<Variable<?>, Supplier<? extends Operand<?>>> given = new LinkedHashMap<>();
        for (Object path : (List<?>) part.values().get(name)) {
            String whole = role + "/" + name + "/" + path;
            if (variables.containsKey(path)) {
                given.put(
                        variables.get(path),
                        () -> HostTensor.operand(
                                whole, session.tf(), part.tensors().get(whole)));
            }
        }
        return Snapshot.of(given).beside(below(name + "/", part.values()), nothing -> {});
    }

    @SuppressWarnings("unchecked") // The types were compared.
    private static <T extends TType> Operand<T> typed(Operand<?> value) {
        return (Operand<T>) value;
    }
}
