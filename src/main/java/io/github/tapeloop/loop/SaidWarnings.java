package io.github.tapeloop.loop;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.warning.Warnings;

/** The warnings of a run as a part of its state: each is said once, in however many processes the run is taken. */
record SaidWarnings(Warnings warnings) implements ValueState {

    @Override
    public void saveState(Writer out) {
        out.put("said", warnings.all());
        out.put("not_heard", warnings.waiting());
    }

    @Override
    public void loadState(Reader in) {
        warnings.goOn(in.getStrings("said"), in.getStrings("not_heard"));
    }
}
