package io.github.tapeloop.account;

import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;

/** A state of small values alone, without variables. */
public interface ValueState extends Stateful {

    @Override
    default Parameters state() {
        return Parameters.of();
    }

    @Override
    void saveState(Writer out);

    @Override
    void loadState(Reader in);
}
