package io.github.tapeloop.state;

import io.github.tapeloop.op.EffectListener;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.transaction.Storage;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.AssignAddVariableOp;
import org.tensorflow.op.core.AssignSubVariableOp;
import org.tensorflow.op.core.AssignVariableOp;
import org.tensorflow.op.core.DestroyResourceOp;
import org.tensorflow.op.core.ReadVariableOp;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.family.TType;

/** TensorFlow's resource behind a variable: where its value is, from the handle's making to its end. */
final class VariableResource<T extends TType> implements Storage {

    private final TapeSession session;
    private final String variable;
    private final String name;
    private final Shape shape;
    private final Class<T> type;
    private final boolean watched;
    private final Output<? extends TType> handle;
    private boolean closed;

    /**
     * @param variable the name of the variable, for messages
     * @param number makes the shared name another one than those of other variables of that name
     * @param watched whether tapes watch it by themselves
     */
    VariableResource(TapeSession session, String variable, long number, Shape shape, Class<T> type, boolean watched) {
        this.session = session;
        this.variable = variable;
        this.name = variable + "#" + number; // Two variables of one name must not share a value.
        this.shape = shape;
        this.type = type;
        this.watched = watched;
        this.handle = session.persist(
                        () -> VarHandleOp.create(session.tf().scope(), type, shape, VarHandleOp.sharedName(name))
                                .asOutput())
                .asOutput();
    }

    /** Gives it its first value; without one it is freed. */
    void begin(Supplier<? extends Operand<?>> initial) {
        try {
            unheard(() -> AssignVariableOp.create(session.tf().scope(), handle, initial.get()));
        } catch (RuntimeException e) {
            session.free(handle);
            throw e;
        }
    }

    /** Frees the value and the handle. */
    void end() {
        closed = true;
        RecordingEnvironment.of(session.tf()).endAutoWatch(handle.op());
        unheard(() ->
                DestroyResourceOp.create(session.tf().scope(), handle, DestroyResourceOp.ignoreLookupError(true)));
        session.free(handle);
    }

    boolean isClosed() {
        return closed;
    }

    /** The op that made the handle outside any graph. */
    Operation operation() {
        return handle.op();
    }

    /** Refuses to be used after the end, by the name of the variable and before the session, which cannot know it, does. */
    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("Variable '" + variable
                    + "' is closed: its session or trainer was closed, which frees what is theirs."
                    + " Make a new model or metric; a model can go on in a session(…) that both trainers have");
        }
    }

    /** The handle for ops. */
    Operand<? extends TType> in(Ops tf) {
        requireOpen();
        if (TapeSession.of(tf) != session) {
            throw new IllegalStateException(
                    "Variable '" + variable + "' belongs to another TapeSession. A model stays in"
                            + " the session where it was first called: make a new model for a new session or trainer;"
                            + " trainers whose models share layers are given one session");
        }
        return RecordingEnvironment.of(tf).resource(name, type, shape, handle);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean isWatched() {
        return watched;
    }

    @Override
    public Operand<T> read(Ops tf) {
        Output<T> value = ReadVariableOp.create(tf.scope(), in(tf), type).value();
        // A handle that is an input of a graph does not know the shape behind it, which gradient rules want to.
        boolean shapeless = tf.scope().env().isGraph() && Tensors.shape(value).isUnknown();
        return shapeless ? tf.ensureShape(value, shape) : value;
    }

    @Override
    public void write(Ops tf, How how, Operand<?> value) {
        Operand<? extends TType> here = in(tf);
        switch (how) {
            case SET -> AssignVariableOp.create(tf.scope(), here, value);
            case ADD -> AssignAddVariableOp.create(tf.scope(), here, value);
            case SUBTRACT -> AssignSubVariableOp.create(tf.scope(), here, value);
        }
    }

    /** Does something that no tape and no transaction hears of, and that is not undone. */
    private void unheard(Runnable body) {
        RecordingEnvironment environment = RecordingEnvironment.of(session.tf());
        EffectListener listener = environment.effects(null);
        try {
            session.unrecorded(body);
        } finally {
            environment.effects(listener);
        }
    }
}
