package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.NativeMemory;
import io.github.tapeloop.bridge.TensorFlowInternals;
import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.lifetime.UseLock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.tensorflow.EagerSession;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.family.TType;

/**
 * The home of everything native: it owns a TensorFlow {@link EagerSession}, the variables made in it and the memory of
 * every op run through {@link #tf()}, and frees them all in {@link #close()}.
 *
 * <pre>{@code
 * try (TapeSession session = TapeSession.builder().seed(42).build()) {
 *     Ops tf = session.tf();
 *     try (TensorScope scope = session.scope()) {
 *         double y = session.scalar(tf.math.square(tf.constant(3f)));
 *     }
 * }
 * }</pre>
 *
 * <p>Outside any {@link #scope()}, what ops make lives until the session closes.
 *
 * <p><b>Threads.</b> A session belongs to the first thread that uses it: any use by another one (an op, reading a value, a
 * scope, a tape, a variable) is an {@link IllegalStateException} that names both, until the owner calls {@link
 * #handOver()}. A session made with {@link SessionBuilder#takeTurns} belongs to nobody: threads use it in turn, each as long as
 * its call runs or a scope that it opened is open, and one that comes meanwhile gets that exception. A trainer makes its
 * session so. Either way {@link #enter} takes a session for several calls and gives it back. Sessions of different threads
 * share nothing.
 *
 * <p>{@link #close()} may be called by any thread at any moment; {@link #isClosing()}, {@link #isClosed()}, {@link
 * #requestClose()}, {@link #liveHandles()} and the settings may be asked by any thread, too. What TensorFlow Java itself
 * does with an operand, {@code asTensor()} and {@code shape()}, knows of no threads: it belongs to the owner's.
 */
public final class TapeSession extends OperandReader implements AutoCloseable {

    /** Where an operand is asked for its type, its shape or its value by TensorFlow Java alone, which knows no lock. */
    private static final String TENSORFLOW_JAVA = "org.tensorflow.EagerOperation";

    private final EagerSession eager;
    private final EagerExecutor executor;
    private final EagerEnvironment environment;
    private final Ops tf;
    private final SessionFunctions functions;
    private final ScopeStack scopes = new ScopeStack(this);
    private final UseLock lock = new UseLock("This TapeSession", this::free);
    private final SessionUse use;
    private final SessionHandles handles;
    private final ClosingActions onClose = new ClosingActions();
    private final Map<Class<?>, Object> attachments = new HashMap<>();
    private final long seed;
    private final boolean debug;
    private final String device;
    private final Threads threads;
    private long passes;

    TapeSession(SessionBuilder builder) {
        NativeMemory.prepare();
        TensorFlowInternals.requireAccess();
        this.seed = builder.seed();
        this.debug = builder.isDebug();
        this.device = builder.device();
        this.threads = builder.threads();
        this.eager = EagerSession.options().config(builder.config()).build();
        try {
            this.executor = new EagerExecutor(TensorFlowInternals.context(eager));
        } catch (RuntimeException | Error e) {
            eager.close();
            throw e;
        }
        this.use = new SessionUse(lock, scopes, builder.takesTurns());
        this.handles = new SessionHandles(this, use, executor);
        this.environment = new EagerEnvironment(this, eager, executor, builder.device());
        this.tf = Ops.create(environment);
        this.functions = new SessionFunctions(eager, executor, builder.threads().interOp() == 1);
    }

    /**
     * Opens a session with TensorFlow's default threads and devices and seed 0.
     *
     * @return a new session, to be closed by the caller
     */
    public static TapeSession open() {
        return builder().build();
    }

    /**
     * Starts the description of a session.
     *
     * @return a builder
     */
    public static SessionBuilder builder() {
        return new SessionBuilder();
    }

    /**
     * The session that an {@code Ops} belongs to.
     *
     * @param tf ops handed out by a session
     * @return that session
     * @throws IllegalArgumentException if {@code tf} does not come from a session
     */
    public static TapeSession of(Ops tf) {
        return SessionEnvironment.of(tf).session();
    }

    /**
     * The ops of this session: each runs at once.
     *
     * @return the only way to make ops here
     */
    @Override
    public Ops tf() {
        lock.requireUsable();
        return tf;
    }

    /**
     * Opens a scope inside the innermost open one.
     *
     * @return a scope to be closed by the caller, best by try-with-resources
     */
    public TensorScope scope() {
        boolean entered = use.begin();
        try {
            return scopes.open();
        } finally {
            use.end(entered);
        }
    }

    /**
     * Takes the session for several calls, so that no other thread comes between them; a trainer's call does so. What
     * scopes are opened inside and not closed are closed with it. Costs nothing for each op: less than the calls one by
     * one.
     *
     * @param what what the thread is about to do, for the message to another one that comes meanwhile: {@code fit}
     * @return to be closed by the same thread, which gives the session back; may be nested
     * @throws IllegalStateException if the session belongs to another thread or is in use by it, or is closed
     */
    public Use enter(String what) {
        return use.enter(what);
    }

    /**
     * Lets another thread have the session: the next one that uses it owns it.
     *
     * @throws IllegalStateException if it belongs to another thread that has not ended, in the middle of a call, or if a
     *     scope is open
     */
    public void handOver() {
        use.handOver(null);
    }

    /**
     * Lets another thread have the session.
     *
     * @param next owns it from now on
     * @throws IllegalStateException as in {@link #handOver()}
     */
    public void handOver(Thread next) {
        use.handOver(Objects.requireNonNull(next, "next"));
    }

    /**
     * The seed that initializers, dropout and shuffling derive theirs from.
     *
     * @return the session's seed
     */
    public long seed() {
        return seed;
    }

    /**
     * Counts forward passes, for the seeds of random ops in hand-written loops.
     *
     * @return how many were counted before this one
     */
    public long nextPass() {
        return passes++;
    }

    /**
     * How many forward passes were counted.
     *
     * @return the number
     */
    public long passes() {
        return passes;
    }

    /**
     * Goes on to count forward passes from a number: that of an earlier process.
     *
     * @param counted how many were counted
     */
    public void passes(long counted) {
        this.passes = counted;
    }

    /**
     * Makes an operand that lives as long as the session, whatever scopes are open, and that no tape hears of: the handle
     * of a variable, a constant used in every step.
     *
     * @param body makes the operand; what else it makes is freed
     * @param <T> the operand's type
     * @return the operand
     */
    public <T extends TType> Operand<T> persist(Supplier<? extends Operand<T>> body) {
        return persist(scopes.root(), body);
    }

    <T extends TType> Operand<T> persist(TensorScope owner, Supplier<? extends Operand<T>> body) {
        boolean entered = use.begin();
        TensorScope before = scopes.replace(owner);
        boolean muted = environment.mute();
        try (TensorScope scratch = scope()) {
            return scratch.keep(body.get());
        } finally {
            scopes.replace(before);
            environment.unmute(muted);
            use.end(entered);
        }
    }

    @Override
    public void unrecorded(Runnable body) {
        boolean entered = use.begin();
        boolean muted = environment.mute();
        try (TensorScope scratch = scope()) {
            body.run();
        } finally {
            environment.unmute(muted);
            use.end(entered);
        }
    }

    /**
     * Frees one operand now, whatever scope owns it.
     *
     * @param operand an operand of this session; a freed one is left alone
     */
    public void free(Operand<?> operand) {
        handles.free(operand);
    }

    @Override
    public <T extends TType, R> R read(Operand<T> operand, Function<? super T, ? extends R> reader) {
        return handles.read(operand, reader);
    }

    /**
     * Takes a value out of the session: a tensor that shares the operand's memory, which goes on to exist as long as one of
     * them does.
     *
     * @param operand an operand of this session
     * @param <T> the operand's type
     * @return a tensor that is not to be written to, to be closed by the caller; by any thread, and after the session was closed if
     *     need be
     * @throws IllegalStateException if the operand has been freed
     */
    public <T extends TType> T tensor(Operand<T> operand) {
        return handles.tensor(operand);
    }

    /**
     * What this session holds now.
     *
     * @return all live handles by origin, and the tapes that record; nothing once the session is closed
     */
    public LeakReport leakReport() {
        if (isClosed()) {
            return LeakReport.EMPTY;
        }
        boolean entered = use.begin();
        try {
            return LeakReport.of(scopes.current(), environment.recorders());
        } finally {
            use.endUnclaimed(entered);
        }
    }

    /**
     * How many native tensor handles are live: a cheap {@link #leakReport()}.
     *
     * @return the number of live handles, 0 once the session is closed
     */
    public int liveHandles() {
        return scopes.live();
    }

    /**
     * Whether nothing can be done in the session any more.
     *
     * @return true after {@link #close()} or {@link #requestClose()}, but for the thread whose call still runs
     */
    public boolean isClosed() {
        return lock.isClosed();
    }

    /**
     * Whether somebody wants the session closed: a long call looks now and then, and comes to an end.
     *
     * @return true from the first {@link #close()} or {@link #requestClose()} on
     */
    public boolean isClosing() {
        return lock.isClosing();
    }

    /**
     * Whether this session remembers where each op was made.
     *
     * @return what {@link SessionBuilder#debug} was given
     */
    public boolean isDebug() {
        return debug;
    }

    /**
     * Registers what must be done before the session closes, in reverse order of registration. All is done, also after a
     * failure; later exceptions are suppressed in the first.
     *
     * @param action frees what belongs to the session
     */
    public void onClose(Runnable action) {
        boolean entered = use.begin();
        try {
            onClose.add(action);
        } finally {
            use.endUnclaimed(entered);
        }
    }

    /**
     * Withdraws {@link #onClose}, for what was freed earlier.
     *
     * @param action the object given to {@link #onClose}
     */
    public void cancelOnClose(Runnable action) {
        if (!isClosed()) {
            boolean entered = use.begin();
            try {
                onClose.remove(action);
            } finally {
                use.endUnclaimed(entered);
            }
        }
    }

    /**
     * The graphs of functions, for people to look at: those traced since this was first asked, by the names they were traced
     * with. If there are several of one name, for batches of different shapes, it is the first.
     *
     * @return a view, which grows with each function traced from now on
     */
    public Map<String, GraphDef> tracedGraphs() {
        return TracedGraphs.of(this).byName();
    }

    /**
     * An owner of what is to end before the session does: what a trainer made, for example.
     *
     * @return a new owner of nothing, closed with the session at the latest
     */
    public Owner owner() {
        return new Owner(this);
    }

    /** Names the seed, the threads and the device. */
    @Override
    public String toString() {
        return "seed " + seed + "; threads " + threads + "; device "
                + (device.isEmpty() ? "chosen by TensorFlow" : device) + (isClosed() ? "; closed" : "");
    }

    /** {@link #close(Duration)} within 30 seconds. */
    @Override
    public void close() {
        close(SessionUse.CLOSING);
    }

    /**
     * Frees everything: variables, open scopes, the TensorFlow session. Any thread may call it at any moment, and twice.
     *
     * <p>Nothing is freed under a call that is running. Called by another thread, it waits until that call has returned;
     * whatever its thread does next with the session is refused. Called from inside a call (a callback, a {@link #read}),
     * it returns at once, and the thread frees when the outermost call ends.
     *
     * @param bound how long to wait at most for a call of another thread. Afterwards the next op of that call is refused as
     *     well, and its thread frees when the call ends
     * @throws IllegalStateException if the call has not returned in time; it names the thread and says where it is
     */
    public void close(Duration bound) {
        lock.close(bound);
    }

    /** Asks the call that is running to come to an end, and refuses others; {@link #close()} is still to be called. */
    public void requestClose() {
        lock.requestClose();
    }

    private void free() {
        lock.awaitLastUser(TENSORFLOW_JAVA);
        ClosingActions last = new ClosingActions();
        last.add(eager::close);
        last.add(executor::close);
        last.add(() -> scopes.leave(scopes.root()));
        last.add(onClose::run);
        last.run();
    }

    void requireOpen() {
        lock.requireOpen();
    }

    /** Begins a call, unless one is running: {@link #end} is told what this returned. */
    boolean begin() {
        return use.begin();
    }

    void end(boolean entered) {
        use.end(entered);
    }

    SessionUse use() {
        return use;
    }

    SessionHandles handles() {
        return handles;
    }

    SessionFunctions functions() {
        return functions;
    }

    ScopeStack scopes() {
        return scopes;
    }

    EagerEnvironment environment() {
        return environment;
    }

    String device() {
        return device;
    }

    /** Something that this session has one of, such as a cache: made when it is first asked for. */
    <A> A attachment(Class<A> type, Supplier<A> make) {
        boolean entered = use.begin();
        try {
            Object found = attachments.get(type);
            if (found == null) {
                found = make.get();
                attachments.put(type, found);
            }
            return type.cast(found);
        } finally {
            use.endUnclaimed(entered);
        }
    }

    /** A use of the session for several calls, ended by its thread. */
    public interface Use extends AutoCloseable {

        /**
         * Lets other threads use the session, in turn, until some work has returned and nobody else is inside: a loop that
         * pauses waits in that work. Nobody frees the session before; an asked-for end is heard of by {@link #isClosing}.
         * Scopes that others have left open then are theirs no longer to make ops in.
         *
         * @param meanwhile what to do without the session, on this thread; what it throws is thrown on
         * @throws IllegalStateException if this thread is not inside
         */
        void lend(Runnable meanwhile);

        /** Ends the use. Closing twice is allowed. */
        @Override
        void close();
    }

    /**
     * TensorFlow's threads of a session, see {@link SessionBuilder#threads(int, int)}.
     *
     * @param interOp threads that run ops, 0 for TensorFlow's default
     * @param intraOp threads inside one op, 0 for TensorFlow's default
     */
    public record Threads(int interOp, int intraOp) {

        /**
         * Refuses negative numbers.
         *
         * @param interOp threads that run ops
         * @param intraOp threads inside one op
         */
        public Threads {
            if (interOp < 0 || intraOp < 0) {
                throw new IllegalArgumentException(
                        "Expected thread counts of 0 (the default) or more, got " + interOp + " and " + intraOp);
            }
        }

        /** Names both numbers. */
        @Override
        public String toString() {
            return name(interOp) + " inter-op, " + name(intraOp) + " intra-op";
        }

        private static String name(int count) {
            return count == 0 ? "default" : String.valueOf(count);
        }
    }
}
