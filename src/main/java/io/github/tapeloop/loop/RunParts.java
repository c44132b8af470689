package io.github.tapeloop.loop;

import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.state.Stateful;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The parts of the account that only a run has: what goes on in another process has to know them beside the trainer's own state. */
final class RunParts {

    private final List<String> roles = new ArrayList<>();

    /** @param parts by what they are */
    void register(TrainingState account, Map<String, ? extends Stateful> parts) {
        parts.forEach((name, part) -> {
            account.registerPlace("run/" + name, part);
            roles.add("run/" + name);
        });
    }

    /** When the run has ended. */
    void withdraw(TrainingState account) {
        roles.forEach(account::withdraw);
        roles.clear();
    }
}
