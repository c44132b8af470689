package io.github.tapeloop.lifetime;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** A list of what is to be done at an end, in reverse order: all of it, whatever fails. */
public final class ClosingActions {

    private final Set<Runnable> actions = new LinkedHashSet<>();

    public void add(Runnable action) {
        actions.add(action);
    }

    public void remove(Runnable action) {
        actions.remove(action);
    }

    public int size() {
        return actions.size();
    }

    /**
     * Does all that is not withdrawn meanwhile, and what is added meanwhile. The first exception is thrown at the end, with
     * the others suppressed in it.
     */
    public void run() {
        Throwable first = null;
        while (!actions.isEmpty()) {
            List<Runnable> now = new ArrayList<>(actions);
            for (int i = now.size() - 1; i >= 0; i--) {
                if (actions.remove(now.get(i))) {
                    first = run(now.get(i), first);
                }
            }
        }
        rethrow(first);
    }

    /**
     * Does something with each of some parts, in their order: all of it, whatever fails. The first exception is thrown at
     * the end, with the others suppressed in it.
     *
     * @param parts what is to be closed
     * @param close closes one
     * @param <T> the type of a part
     */
    public static <T> void each(Iterable<? extends T> parts, Consumer<? super T> close) {
        Throwable first = null;
        for (T part : parts) {
            first = run(() -> close.accept(part), first);
        }
        rethrow(first);
    }

    private static void rethrow(Throwable first) {
        if (first instanceof Error error) {
            throw error;
        }
        if (first != null) {
            throw (RuntimeException) first;
        }
    }

    private static Throwable run(Runnable action, Throwable first) {
        try {
            action.run();
            return first;
        } catch (RuntimeException | Error e) {
            if (first != null && first != e) {
                first.addSuppressed(e);
            }
            return first == null ? e : first;
        }
    }
}
