package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpRecorder;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tensorflow.internal.c_api.global.tensorflow;

/**
 * The native handles that a session holds at one moment, and the tapes that record: a forgotten one keeps every op that it
 * hears.
 *
 * @param liveHandles how many tensor handles are live, those of variables and constants included
 * @param liveBytes the size of their values in bytes; a variable's handle counts as zero, its value lives in a resource
 * @param origins the same by origin, the largest first
 * @param tapes the tapes that are open and record, the first opened first
 */
public record LeakReport(int liveHandles, long liveBytes, List<Origin> origins, List<OpenTape> tapes) {

    /** Of a level above, so that only its name is known here. */
    private static final String TAPE = "io.github.tapeloop.tape.GradientTape";

    /** Nothing. */
    static final LeakReport EMPTY = new LeakReport(0, 0, List.of(), List.of());

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
     * A tape that records.
     *
     * @param ops how many ops it keeps
     * @param site where it was opened ({@code class.method(file:line)}), or empty when the session is not in debug mode
     */
    public record OpenTape(int ops, String site) {}

    /**
     * Creates a report; the lists are copied.
     *
     * @param liveHandles how many tensor handles are live
     * @param liveBytes the size of their values in bytes
     * @param origins the same by origin
     * @param tapes the tapes that record
     */
    public LeakReport {
        origins = List.copyOf(origins);
        tapes = List.copyOf(tapes);
    }

    /** What a scope and those around it hold, and what is being recorded. */
    static LeakReport of(TensorScope innermost, List<Map.Entry<OpRecorder, Throwable>> recorders) {
        record Key(String type, String site) {}
        Map<Key, Origin> origins = new HashMap<>();
        int handles = 0;
        long bytes = 0;
        for (TensorScope scope = innermost; scope != null; scope = scope.parent()) {
            for (OwnedHandle handle = scope.newest(); handle != null; handle = handle.previous) {
                Origin origin = new Origin(handle.type, site(handle.site), 1, bytes(handle));
                handles++;
                bytes += origin.bytes();
                origins.merge(new Key(origin.type(), origin.site()), origin, Origin::plus);
            }
        }
        Comparator<Origin> largest = Comparator.comparingLong(Origin::bytes);
        List<Origin> sorted = origins.values().stream()
                .sorted(largest.thenComparingInt(Origin::handles).reversed())
                .toList();
        List<OpenTape> tapes = recorders.stream()
                .filter(entry -> entry.getKey().kept().isPresent())
                .map(entry -> new OpenTape(entry.getKey().kept().getAsInt(), site(entry.getValue())))
                .toList();
        return new LeakReport(handles, bytes, sorted, tapes);
    }

    /** The innermost caller outside this package, the tape and TensorFlow, if that was noted. */
    private static String site(Throwable noted) {
        if (noted == null) {
            return "";
        }
        for (StackTraceElement frame : noted.getStackTrace()) {
            String caller = frame.getClassName();
            if (!caller.startsWith("org.tensorflow.")
                    && !caller.startsWith(LeakReport.class.getPackageName() + ".")
                    && !caller.startsWith(OpRecorder.class.getPackageName() + ".")
                    && !caller.equals(TAPE)) {
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
            text.append(String.format(
                    Locale.ROOT, "%n  %d x %s, %d bytes", origin.handles(), origin.type(), origin.bytes()));
            if (!origin.site().isEmpty()) {
                text.append(", made at ").append(origin.site());
            }
        }
        for (OpenTape tape : tapes) {
            text.append(String.format(Locale.ROOT, "%n  a GradientTape that records, %d ops kept", tape.ops()));
            if (!tape.site().isEmpty()) {
                text.append(", opened at ").append(tape.site());
            }
        }
        return text.toString();
    }
}
