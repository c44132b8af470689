package io.github.tapeloop.format;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What a thread allocates on the heap. */
public final class Allocated {

    /** Far above what messages and the trees of small files need, and far below what a size that is believed would take. */
    public static final long LITTLE = 8 << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocated() {}

    /** Bytes that the calling thread has allocated in its life. */
    public static long now() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }
}
