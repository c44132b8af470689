package io.github.tapeloop.account;

import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** In what a checkpoint differs from an account that is to take it over: all of it, each with its cure. */
final class Differences {

    /** So many are listed; who gives the model of another program gets no page of names. */
    private static final int MOST = 20;

    private final List<String> found = new ArrayList<>();

    /** Parts by role. */
    void parts(Collection<String> saved, Collection<String> here) {
        // What the loop remembers depends on how steps are run; what is missing is as at the beginning.
        saved.stream()
                .filter(role -> !role.startsWith("loop/") && !role.startsWith("run/"))
                .filter(role -> !here.contains(role))
                .forEach(role -> found.add("'" + role + "' is in the checkpoint, and not here: "
                        + (role.startsWith("callbacks/")
                                ? "give fit that callback again"
                                : "build the trainer as it was built then")));
        here.stream()
                .filter(role -> !role.startsWith("loop/") && !role.startsWith("run/"))
                .filter(role -> !saved.contains(role))
                .forEach(role -> found.add("'" + role + "' is here, and not in the checkpoint: "
                        + (role.startsWith("callbacks/")
                                ? "leave that callback out"
                                : "build the trainer as it was built then")));
    }

    /** Tensors by path. */
    void tensors(Map<String, TensorValue> saved, Map<String, Variable<?>> here) {
        saved.forEach((path, value) -> {
            Variable<?> variable = here.get(path);
            if (variable == null && !path.startsWith("model/")) {
                return; // A later step makes it: slots of a layer that is frozen, the sums of a validation.
            }
            if (variable == null) {
                found.add("'" + path + "' is in the checkpoint (" + describe(value)
                        + "), and no variable here has that name: build the same layers, with the names they had");
            } else if (variable.type() != value.type() || !variable.shape().equals(value.shape())) {
                found.add("'" + path + "' is " + describe(value) + " in the checkpoint and "
                        + describe(variable.type(), variable.shape())
                        + " here: give the part the size and type it had");
            }
        });
        here.forEach((path, variable) -> {
            if (!saved.containsKey(path) && !path.startsWith("scores/") && !path.startsWith("loop/")) {
                found.add("'" + path + "' is here (" + describe(variable.type(), variable.shape())
                        + "), and not in the checkpoint: leave that layer out, load some of the weights"
                        + " by trainer.loadWeights(directory, some), or begin anew with this model");
            }
        });
    }

    /** @throws CheckpointException that lists all, if there are any */
    void refuse() {
        if (found.isEmpty()) {
            return;
        }
        List<String> some = found.subList(0, Math.min(found.size(), MOST));
        throw new CheckpointException("Expected a checkpoint of this model and this trainer; it differs in "
                + found.size() + (found.size() == 1 ? " thing" : " things") + ", so nothing was changed:\n  "
                + String.join("\n  ", some)
                + (found.size() > MOST ? "\n  and " + (found.size() - MOST) + " more" : ""));
    }

    private static String describe(TensorValue value) {
        return describe(value.type(), value.shape());
    }

    private static String describe(Class<?> type, Object shape) {
        return type.getSimpleName().substring(1).toLowerCase(Locale.ROOT) + " " + shape;
    }
}
