package io.github.tapeloop.runtime;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.internal.c_api.global.tensorflow;

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
    public record Origin(String type, String site, int handles, long bytes) {

        private Origin plus(Origin other) {
            return new Origin(type, site, handles + other.handles, bytes + other.bytes);
        }
    }

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

    /** What a scope and those around it hold; nothing for null. */
    static LeakReport of(TensorScope innermost) {
        record Key(String type, String site) {}
        Map<Key, Origin> origins = new HashMap<>();
        int handles = 0;
        long bytes = 0;
        for (TensorScope scope = innermost; scope != null; scope = scope.parent()) {
            for (OwnedHandle handle = scope.newest(); handle != null; handle = handle.previous) {
                Origin origin = new Origin(handle.type, site(handle), 1, bytes(handle));
                handles++;
                bytes += origin.bytes();
                origins.merge(new Key(origin.type(), origin.site()), origin, Origin::plus);
            }
        }
        Comparator<Origin> largest = Comparator.comparingLong(Origin::bytes);
        List<Origin> sorted = origins.values().stream()
                .sorted(largest.thenComparingInt(Origin::handles).reversed())
                .toList();
        return new LeakReport(handles, bytes, sorted);
    }

    /** The innermost caller outside this package and TensorFlow, if that was noted. */
    private static String site(OwnedHandle handle) {
        if (handle.site == null) {
            return "";
        }
        for (StackTraceElement frame : handle.site.getStackTrace()) {
            String caller = frame.getClassName();
            if (!caller.startsWith("org.tensorflow.") && !caller.startsWith(LeakReport.class.getPackageName() + ".")) {
                return frame.toString();
            }
        }
        return "";
    }

    private static long bytes(OwnedHandle handle) {
        long width = tensorflow.TF_DataTypeSize(tensorflow.TFE_TensorHandleDataType(handle));
        return width == 0 ? 0 : width * Math.max(0, handle.shape().size());
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
