package io.github.tapeloop.execution;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.state.Stateful;
import java.util.function.Supplier;

/**
 * How far the verification of compiled steps is, as a part of the state.
 *
 * @param execution that for the layers that are frozen now
 */
record Verification(Supplier<VerifiedExecution> execution) implements ValueState {

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
