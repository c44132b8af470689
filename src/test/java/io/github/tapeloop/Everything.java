package io.github.tapeloop;

import io.github.tapeloop.runtime.TapeSession;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All that makes the next step of a trainer what it is, as values to compare. */
final class Everything {

    private Everything() {}

    /** Numbers of variables and values beside them, by their paths in the account. */
    static Map<String, Object> of(Trainer trainer) {
        Map<String, Object> all = new LinkedHashMap<>(trainer.state().values());
        all.putAll(variables(trainer));
        return all;
    }

    /** The numbers of the variables, by their paths in the account. */
    static Map<String, List<Double>> variables(Trainer trainer) {
        TapeSession session = trainer.session();
        Map<String, List<Double>> all = new LinkedHashMap<>();
        session.unrecorded(() -> trainer.state()
                .variables()
                .forEach((path, variable) -> all.put(
                        path,
                        Arrays.stream(FiniteDifferences.values(session, variable.read(session.tf())))
                                .boxed()
                                .toList())));
        return all;
    }
}
