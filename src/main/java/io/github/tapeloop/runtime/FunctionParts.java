package io.github.tapeloop.runtime;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.tensorflow.ConcreteFunction;

/**
 * The functions that one function is made of: itself, its branches and the bodies of its loops, which are freed with it,
 * and the functions it calls, which others free, and which stay known to TensorFlow as long as it.
 */
final class FunctionParts implements AutoCloseable {

    private final SessionFunctions functions;
    private final List<ConcreteFunction> owned = new ArrayList<>();
    private final Set<String> held = new LinkedHashSet<>();

    FunctionParts(TapeSession session) {
        this.functions = session.functions();
    }

    /** Takes over a function, which is from now on freed with this. */
    void own(ConcreteFunction function) {
        owned.add(function);
        functions.add(function);
        held.add(function.getDefinedName());
    }

    /** Takes over what a branch or a body is made of. */
    void own(FunctionParts part) {
        hold(part);
        owned.addAll(part.owned);
        part.owned.clear();
        part.close();
    }

    /**
     * Keeps what a function that is called is made of.
     *
     * @return the names of what was not kept before
     */
    List<String> hold(FunctionParts called) {
        List<String> more = called.held.stream().filter(held::add).toList();
        more.forEach(functions::hold);
        return more;
    }

    /** Frees all. Closing twice is allowed. */
    @Override
    public void close() {
        held.forEach(functions::release);
        held.clear();
        owned.forEach(ConcreteFunction::close);
        owned.clear();
    }
}
