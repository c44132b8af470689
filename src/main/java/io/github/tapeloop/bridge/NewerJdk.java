package io.github.tapeloop.bridge;

import java.io.Console;

/** Methods that the oldest JDK supported does not have. */
public final class NewerJdk {

    private NewerJdk() {}

    /** Whether a console is a terminal. From JDK 22 on there is a console without one, too, which says so. */
    public static boolean isTerminal(Console console) {
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true; // Before JDK 22.
        }
    }
}
