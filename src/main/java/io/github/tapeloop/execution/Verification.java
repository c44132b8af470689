package io.github.tapeloop.execution;

import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import java.util.function.Supplier;

/**
 * How far the verification of compiled steps is, as a part of the state.
 *
 * @param execution that for the layers that are frozen now
 */
record Verification(Supplier<VerifiedExecution> execution) implements Stateful {

    @Override
    public Parameters state() {
        return Parameters.of();
    }

    @Override
    public void saveState(Stateful.Writer out) {
        out.put("left", (long) execution.get().left());
        out.put("agreed", execution.get().agreed());
    }

    @Override
    public void loadState(Stateful.Reader in) {
        execution.get().goOn(Math.toIntExact(in.getLong("left")), in.getBoolean("agreed"));
    }
}
