package io.github.tapeloop.execution;

import io.github.tapeloop.step.Witness;
import java.util.Optional;

/** A look at the next step: holds a witness until a step takes it. */
final class Look {

    /** Nobody is to see anything. */
    static final Look NONE = new Look();

    private Optional<Witness> witness = Optional.empty();

    /** Has the next step be seen. */
    void by(Witness sees) {
        witness = Optional.of(sees);
    }

    /** The witness, who sees one step only. */
    Optional<Witness> take() {
        Optional<Witness> taken = witness;
        witness = Optional.empty();
        return taken;
    }
}
