package io.github.tapeloop.bridge;

import java.util.Locale;

/**
 * Native memory, as far as JavaCPP, which TensorFlow Java allocates with, has a say in it.
 *
 * <p>JavaCPP compares the memory of the whole process with four times the largest Java heap. Beyond that each allocation
 * calls the garbage collector, sleeps, and fails, though nothing waits for the collector here: scopes free what they
 * own. A small heap and a large model are no error, so the comparison is switched off, unless the program asked for one
 * by {@code -Dorg.bytedeco.javacpp.maxPhysicalBytes} or {@code -Dorg.bytedeco.javacpp.maxBytes}.
 */
public final class NativeMemory {

    private static final String PREFIX = "org.bytedeco.javacpp.";
    private static final String LIMIT = PREFIX + "maxPhysicalBytes";

    static { // JavaCPP reads it once, when its first class is initialized.
        boolean asked = false;
        for (String property : new String[] {LIMIT, PREFIX + "maxBytes"}) { // JavaCPP knows both spellings.
            asked |= System.getProperty(property) != null
                    || System.getProperty(property.toLowerCase(Locale.ROOT)) != null;
        }
        if (!asked) {
            System.setProperty(LIMIT, "0");
        }
    }

    private NativeMemory() {}

    /** Called before anything else of TensorFlow by whoever may be the first to use it. */
    public static void prepare() {
        // The static initializer has done it.
    }
}
