package io.github.tapeloop.runtime;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.tensorflow.Operation;

/** Who listens to an environment, and which ops every tape watches by itself. */
abstract class Recorders {

    private final List<OpRecorder> recorders = new ArrayList<>();
    private final Set<Operation> autoWatched = Collections.newSetFromMap(new IdentityHashMap<>());
    private boolean muted;

    final void tell(OpCall call, Operation operation) {
        if (recorders.isEmpty() || muted) {
            return;
        }
        RecordedOp op = new RecordedOp(call, operation);
        for (int i = 0; i < recorders.size(); i++) {
            recorders.get(i).record(op);
        }
    }

    /** Keeps all recorders from hearing what happens until {@link #unmute}, which takes what this returns. */
    final boolean mute() {
        boolean before = muted;
        muted = true;
        return before;
    }

    final void unmute(boolean before) {
        muted = before;
    }

    public final void startRecording(OpRecorder recorder) {
        recorders.add(recorder);
    }

    public final void stopRecording(OpRecorder recorder) {
        recorders.remove(recorder);
    }

    public final void autoWatch(Operation handle) {
        autoWatched.add(handle);
    }

    public final boolean isAutoWatched(Operation operation) {
        return autoWatched.contains(operation);
    }

    public final void endAutoWatch(Operation handle) {
        autoWatched.remove(handle);
    }
}
