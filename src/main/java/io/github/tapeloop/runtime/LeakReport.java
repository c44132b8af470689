package io.github.tapeloop.runtime;

import java.util.List;

/**
 * The native handles that a session holds at one moment.
 *
 * @param liveHandles how many tensor handles are live, those of variables and constants included
 * @param liveBytes the size of their values in bytes; a variable's handle counts as zero, its value lives in a resource
 * @param origins the same by origin, the largest first
 */
public record LeakReport(int liveHandles, long liveBytes, List<Origin> origins) {

    /**
     * Handles with one origin.
     *
     * @param type the op type that made them
     * @param site where the op was made ({@code class.method(file:line)}), or empty when the session is not in debug
     *     mode
     * @param handles how many of them are live
     * @param bytes the size of their values in bytes
     */
    public record Origin(String type, String site, int handles, long bytes) {}

    /**
     * Creates a report; the list is copied.
     *
     * @param liveHandles how many tensor handles are live
     * @param liveBytes the size of their values in bytes
     * @param origins the same by origin
     */
    public LeakReport {
        origins = List.copyOf(origins);
    }

    /** The report as text, a line an origin. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(liveHandles).append(" live handles, ").append(liveBytes).append(" bytes");
        for (Origin origin : origins) {
            text.append(String.format("%n  %d x %s, %d bytes", origin.handles(), origin.type(), origin.bytes()));
            if (!origin.site().isEmpty()) {
                text.append(", made at ").append(origin.site());
            }
        }
        return text.toString();
    }
}
