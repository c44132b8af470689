package io.github.tapeloop.runtime;

import io.github.tapeloop.op.EffectListener;
import io.github.tapeloop.op.OpCall;
import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.Recording;
import io.github.tapeloop.op.RecordingEnvironment;
import java.util.AbstractMap.SimpleEntry;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.Scope;
import org.tensorflow.proto.FunctionDefLibrary;

/**
 * The base of the environments of a session, whether ops run now or go into a graph: who listens, which ops every
 * tape watches by itself, and what is left to TensorFlow's environment underneath.
 */
abstract class SessionEnvironment implements RecordingEnvironment {

    private final TapeSession session;
    private final ExecutionEnvironment target;
    private final Scope baseScope;
    private final List<OpRecorder> recorders = new ArrayList<>();
    /** Where each recording was started, in debug mode. */
    private final Map<OpRecorder, Throwable> sites = new IdentityHashMap<>();

    private final Map<Operation, Shape> autoWatched = new IdentityHashMap<>();
    /** How many of the recorders, the first ones, do not hear what happens inside a composite op. */
    private int deaf;

    private boolean muted;

    /** Null if nobody holds changes back. */
    private EffectListener effects;

    SessionEnvironment(TapeSession session, ExecutionEnvironment target, String device) {
        this.session = session;
        this.target = target;
        this.baseScope = new PathScope(this, device);
    }

    final void tell(OpCall call, Operation operation) {
        if (!isRecording()) {
            return;
        }
        tell(new RecordedOp(call, operation, null));
    }

    final void tell(RecordedOp op) {
        for (int i = deaf; i < recorders.size(); i++) {
            recorders.get(i).record(op);
        }
    }

    @Override
    public final boolean isRecording() {
        return recorders.size() > deaf && !muted;
    }

    @Override
    public final List<Operand<?>> composite(
            String type,
            List<? extends Operand<?>> inputs,
            Object tag,
            Function<List<Operand<?>>, ? extends List<? extends Operand<?>>> body) {
        boolean entered = session.begin();
        try {
            return isRecording()
                    ? new CompositeOp(this, type, inputs).run(body, tag)
                    : List.copyOf(body.apply(List.copyOf(inputs)));
        } finally {
            session.end(entered);
        }
    }

    /** Keeps those who record now from hearing what happens until {@link #hearAgain}, which takes what this returns. */
    final int deafen() {
        int before = deaf;
        deaf = recorders.size();
        return before;
    }

    final void hearAgain(int before) {
        deaf = Math.min(before, recorders.size());
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

    @Override
    public final <A> A attachment(Class<A> type, Supplier<A> make) {
        return session.attachment(type, make);
    }

    @Override
    public final int devices() {
        return session.functions().devices();
    }

    @Override
    public final void startRecording(OpRecorder recorder) {
        boolean entered = session.begin();
        try {
            recorders.add(recorder);
            if (session.isDebug()) {
                sites.put(recorder, new Throwable("opened here"));
            }
        } finally {
            session.end(entered);
        }
    }

    @Override
    public final void stopRecording(OpRecorder recorder) {
        if (session.isClosed()) {
            return;
        }
        boolean entered = session.begin();
        try {
            int index = recorders.indexOf(recorder);
            if (index >= 0) {
                recorders.remove(index);
                sites.remove(recorder);
                deaf -= index < deaf ? 1 : 0;
            }
        } finally {
            session.end(entered);
        }
    }

    @Override
    @SuppressWarnings("unchecked") // A recording of a tape is of the type of the tape.
    public final <T> Optional<Recording<T>> recording(T tape) {
        for (OpRecorder recorder : recorders) {
            if (recorder instanceof Recording<?> recording && recording.tape() == tape) {
                return Optional.of((Recording<T>) recording);
            }
        }
        return Optional.empty();
    }

    /** Who is told of ops now, with where that began, which is null but in debug mode. */
    final List<Map.Entry<OpRecorder, Throwable>> recorders() {
        List<Map.Entry<OpRecorder, Throwable>> all = new ArrayList<>();
        recorders.forEach(recorder -> all.add(new SimpleEntry<>(recorder, sites.get(recorder))));
        return all;
    }

    @Override
    public final EffectListener effects() {
        return effects;
    }

    @Override
    public final EffectListener effects(EffectListener listener) {
        EffectListener before = effects;
        effects = listener;
        return before;
    }

    @Override
    public final void autoWatch(Operation handle, Shape shape) {
        autoWatched.put(handle, shape);
    }

    @Override
    public final Optional<Shape> watchedShape(Operation handle) {
        return Optional.ofNullable(autoWatched.get(handle));
    }

    @Override
    public final boolean isAutoWatched(Operation operation) {
        return autoWatched.containsKey(operation);
    }

    @Override
    public final void endAutoWatch(Operation handle) {
        autoWatched.remove(handle);
    }

    /** The environment of an {@code Ops} that a session handed out. */
    static SessionEnvironment of(Ops tf) {
        return (SessionEnvironment) RecordingEnvironment.of(tf);
    }

    final TapeSession session() {
        return session;
    }

    @Override
    public final Scope baseScope() {
        return baseScope;
    }

    @Override
    public final void attachFunction(ConcreteFunction function) {
        target.attachFunction(function);
    }

    /**
     * Has the table of fatal calls look at a call before its op is made. Nobody hears of the ops that it makes.
     *
     * @return the op that takes its place, or null
     * @throws OpException if TensorFlow would die of it
     */
    final Operation guarded(FatalCalls.Row row, OpCall call) {
        boolean before = mute();
        try {
            return row.guard(this, call);
        } finally {
            unmute(before);
        }
    }

    /** Makes an op without asking the table of fatal calls, and without telling anybody. */
    abstract Operation unguarded(OpCall call);

    /** Makes functions that ops outside any graph can call known here. */
    abstract void attachLibrary(FunctionDefLibrary library);

    @Override
    public final Types environmentType() {
        return target.environmentType();
    }

    @Override
    public final boolean isOpEnabled(String opType) {
        return target.isOpEnabled(opType);
    }

    @Override
    public final boolean isInitializer(Operation op) {
        return false;
    }

    @Override
    public final void checkInput(Operation input) {
        if (input.env() != target) {
            throw new IllegalArgumentException("Op '" + input.name() + "' belongs to another session or to a graph");
        }
    }
}
