package io.github.tapeloop.warning;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.NOPLogger;

/**
 * The warnings of a run. Whatever warns, at any depth, calls {@link #warn}: the text goes to the log, and to the collector
 * that was opened last on this thread, where it is said once however often it comes. {@code fit} hands on what it has
 * collected to callbacks and puts it into its history.
 *
 * <p>Without an SLF4J binding a log is not heard: what nobody collects for people is then written to standard error.
 */
public final class Warnings implements AutoCloseable {

    private static final ThreadLocal<Warnings> CURRENT = new ThreadLocal<>();

    private final Warnings before;
    private final boolean heard;
    private final Set<String> said = new LinkedHashSet<>();
    private final List<String> waiting = new ArrayList<>();

    private Warnings(Warnings before, boolean heard) {
        this.before = before;
        this.heard = heard;
    }

    /**
     * Collects what is warned of on this thread, until closed.
     *
     * @param heard whether people hear of it without a log
     * @return a collector, to be closed on this thread
     */
    public static Warnings open(boolean heard) {
        Warnings opened = new Warnings(CURRENT.get(), heard);
        CURRENT.set(opened);
        return opened;
    }

    /**
     * Says what looks wrong, though the work goes on: where, what was expected and what came, and the cure.
     *
     * @param by whose log it goes to
     * @param text what to say; the same text is said once in a run
     */
    public static void warn(Class<?> by, String text) {
        warn(by, text, null);
    }

    /**
     * Says what looks wrong, with a stack for the log.
     *
     * @param by whose log it goes to
     * @param text what to say
     * @param where an exception that was or was not thrown, or null
     */
    public static void warn(Class<?> by, String text, Throwable where) {
        Warnings current = CURRENT.get();
        if (current != null && !current.add(text)) {
            return;
        }
        Logger log = LoggerFactory.getLogger(by);
        log.warn(text, where);
        if (log instanceof NOPLogger && (current == null || !current.heard)) {
            System.err.println("Tapeloop warning: " + text);
        }
    }

    private boolean add(String text) {
        if (!said.add(text)) {
            return false;
        }
        waiting.add(text);
        return true;
    }

    /**
     * What was warned of since this was asked last.
     *
     * @return texts in their order; mostly none
     */
    public List<String> next() {
        if (waiting.isEmpty()) {
            return List.of();
        }
        List<String> next = List.copyOf(waiting);
        waiting.clear();
        return next;
    }

    /**
     * All that was warned of.
     *
     * @return texts in their order, each once
     */
    public List<String> all() {
        return List.copyOf(said);
    }

    /**
     * What nobody has asked for with {@link #next} yet.
     *
     * @return texts in their order
     */
    public List<String> waiting() {
        return List.copyOf(waiting);
    }

    /**
     * Goes on with what was warned of before, in another process: it is not said again.
     *
     * @param before all that was said, in its order
     * @param notHeard what {@link #next} is still to give
     */
    public void goOn(List<String> before, List<String> notHeard) {
        said.clear();
        said.addAll(before);
        waiting.clear();
        waiting.addAll(notHeard);
    }

    /** Ends the collecting; what was collected stays. */
    @Override
    public void close() {
        if (before == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(before);
        }
    }
}
