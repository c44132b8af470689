package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.NativeMemory;
import io.github.tapeloop.bridge.TensorFlowInternals;
import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.lifetime.UseLock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.EagerSession;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.types.family.TNumber;
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
 * #handOver()}. A session made with {@link Builder#takeTurns} belongs to nobody: threads use it in turn, each as long as
 * its call runs or a scope that it opened is open, and one that comes meanwhile gets that exception. A trainer makes its
 * session so. Either way {@link #enter} takes a session for several calls and gives it back. Sessions of different threads
 * share nothing.
 *
 * <p>{@link #close()} may be called by any thread at any moment; {@link #isClosing()}, {@link #isClosed()}, {@link
 * #requestClose()}, {@link #liveHandles()} and the settings may be asked by any thread, too. What TensorFlow Java itself
 * does with an operand, {@code asTensor()} and {@code shape()}, knows of no threads: it belongs to the owner's.
 */
public final class TapeSession implements AutoCloseable {

    /** Longer than a step, and than most layers' first one. */
    private static final Duration CLOSING = Duration.ofSeconds(30);

    /** Where an operand is asked for its type, its shape or its value by TensorFlow Java alone, which knows no lock. */
    private static final String TENSORFLOW_JAVA = "org.tensorflow.EagerOperation";

    private final EagerSession eager;
    private final EagerExecutor executor;
    private final EagerEnvironment environment;
    private final Ops tf;
    private final SessionFunctions functions;
    private final ScopeStack scopes = new ScopeStack(this);
    private final UseLock lock = new UseLock("This TapeSession", this::free);
    private final boolean takesTurns;
    private final ClosingActions onClose = new ClosingActions();
    private final Map<Class<?>, Object> attachments = new HashMap<>();
    private final long seed;
    private final boolean debug;
    private final String device;
    private final Threads threads;
    private long passes;
    private long ids;

    private TapeSession(Builder builder) {
        NativeMemory.prepare();
        TensorFlowInternals.requireAccess();
        this.takesTurns = builder.takesTurns;
        this.seed = builder.seed;
        this.debug = builder.debug;
        this.device = builder.device;
        this.threads = builder.threads;
        this.eager = EagerSession.options().config(builder.config()).build();
        try {
            this.executor = new EagerExecutor(TensorFlowInternals.context(eager));
        } catch (RuntimeException | Error e) {
            eager.close();
            throw e;
        }
        this.environment = new EagerEnvironment(this, eager, executor, builder.device);
        this.tf = Ops.create(environment);
        this.functions = new SessionFunctions(executor);
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
    public static Builder builder() {
        return new Builder();
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
        boolean entered = lock.enter();
        try {
            return scopes.open();
        } finally {
            end(entered);
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
        UseLock.Use use = lock.enter(what);
        TensorScope before = scopes.current();
        boolean[] left = new boolean[1];
        return () -> {
            if (!left[0]) {
                lock.requireInside();
                left[0] = true;
                try (use) {
                    scopes.leaveInside(before);
                }
            }
        };
    }

    /**
     * Lets another thread have the session: the next one that uses it owns it.
     *
     * @throws IllegalStateException if it belongs to another thread that has not ended, in the middle of a call, or if a
     *     scope is open
     */
    public void handOver() {
        give(null);
    }

    /**
     * Lets another thread have the session.
     *
     * @param next owns it from now on
     * @throws IllegalStateException as in {@link #handOver()}
     */
    public void handOver(Thread next) {
        give(Objects.requireNonNull(next, "next"));
    }

    private void give(Thread next) {
        boolean orphaned = lock.enterToHandOver();
        if (orphaned) {
            scopes.leaveInside(scopes.root());
        }
        if (scopes.areOpen()) {
            lock.leave();
            throw new IllegalStateException("This TapeSession cannot be handed over while a TensorScope is open, which"
                    + " this thread would close: do it after the closing brace");
        }
        lock.leave(next);
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
     * A number that no other call in this session gets, for names that must be unique.
     *
     * @return 0, 1, 2, …
     */
    public long nextId() {
        return ids++;
    }

    /**
     * Something that each session has one of, such as a cache of gradient rules.
     *
     * @param type its class
     * @param make makes it when it is first asked for
     * @param <A> its type
     * @return always the same object
     */
    public <A> A attachment(Class<A> type, Supplier<A> make) {
        boolean entered = lock.enter();
        try {
            Object found = attachments.get(type);
            if (found == null) {
                found = make.get();
                attachments.put(type, found);
            }
            return type.cast(found);
        } finally {
            endUnclaimed(entered);
        }
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
        boolean entered = lock.enter();
        TensorScope before = scopes.replace(owner);
        boolean muted = environment.mute();
        try (TensorScope scratch = scope()) {
            return scratch.keep(body.get());
        } finally {
            scopes.replace(before);
            environment.unmute(muted);
            end(entered);
        }
    }

    /**
     * Runs ops that no tape hears of, and frees what they make.
     *
     * @param body runs ops
     */
    public void unrecorded(Runnable body) {
        boolean entered = lock.enter();
        boolean muted = environment.mute();
        try (TensorScope scratch = scope()) {
            body.run();
        } finally {
            environment.unmute(muted);
            end(entered);
        }
    }

    /**
     * Frees one operand now, whatever scope owns it.
     *
     * @param operand an operand of this session; a freed one is left alone
     */
    public void free(Operand<?> operand) {
        if (TensorFlowInternals.handle(operand.asOutput()) instanceof OwnedHandle freeable && !freeable.isFreed()) {
            boolean entered = lock.enter();
            try {
                OwnedHandle handle = handle(operand.asOutput()); // Refuses an operand of another session.
                handle.owner.remove(handle);
                handle.free();
            } finally {
                end(entered);
            }
        }
    }

    /**
     * Reads a value: the tensor given to {@code reader} shares the operand's memory and is closed when it returns.
     *
     * @param operand an operand of this session
     * @param reader takes what it needs out of the tensor, which it must not keep
     * @param <T> the operand's type
     * @param <R> the result's type
     * @return what {@code reader} returned
     * @throws IllegalStateException if the operand has been freed
     */
    @SuppressWarnings("unchecked") // An operand's static type is its tensor's.
    public <T extends TType, R> R read(Operand<T> operand, Function<? super T, ? extends R> reader) {
        boolean entered = lock.enter();
        try (TType tensor = TensorFlowInternals.tensor(executor.resolve(handle(operand.asOutput())))) {
            return reader.apply((T) tensor);
        } finally {
            end(entered);
        }
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
    @SuppressWarnings("unchecked") // An operand's static type is its tensor's.
    public <T extends TType> T tensor(Operand<T> operand) {
        boolean entered = lock.enter();
        try {
            return (T) TensorFlowInternals.tensor(executor.resolve(handle(operand.asOutput())));
        } finally {
            end(entered);
        }
    }

    /**
     * Reads a scalar of any numeric type.
     *
     * @param operand a number of shape []
     * @return its value as a double
     * @throws IllegalArgumentException if the operand is not a scalar
     * @throws IllegalStateException if the operand has been freed
     */
    public double scalar(Operand<? extends TNumber> operand) {
        return Values.scalar(this, operand);
    }

    /**
     * Reads numbers of any type as floats.
     *
     * @param operand numbers of any type and shape
     * @return all of them in row-major order, those that are not float32 rounded to the nearest that is
     * @throws IllegalArgumentException if the operand holds no numbers
     * @throws IllegalStateException if the operand has been freed
     */
    public float[] floats(Operand<?> operand) {
        return Values.floats(this, operand);
    }

    /**
     * Reads numbers of any type as doubles.
     *
     * @param operand numbers of any type and shape
     * @return all of them in row-major order, exactly, but for whole numbers beyond 2^53
     * @throws IllegalArgumentException if the operand holds no numbers
     * @throws IllegalStateException if the operand has been freed
     */
    public double[] doubles(Operand<?> operand) {
        return Values.doubles(this, operand);
    }

    /**
     * Reads whole numbers of any type as ints.
     *
     * @param operand whole numbers of any type and shape
     * @return all of them in row-major order
     * @throws IllegalArgumentException if the operand is not of a whole type, or a number is too large for an int
     * @throws IllegalStateException if the operand has been freed
     */
    public int[] ints(Operand<?> operand) {
        return Values.ints(this, operand);
    }

    /**
     * Reads whole numbers of any type as longs.
     *
     * @param operand whole numbers of any type and shape
     * @return all of them in row-major order
     * @throws IllegalArgumentException if the operand is not of a whole type, or a number is too large for a long
     * @throws IllegalStateException if the operand has been freed
     */
    public long[] longs(Operand<?> operand) {
        return Values.longs(this, operand);
    }

    /**
     * Reads truth values.
     *
     * @param operand bool, of any shape
     * @return all of them in row-major order
     * @throws IllegalArgumentException if the operand is of another type
     * @throws IllegalStateException if the operand has been freed
     */
    public boolean[] booleans(Operand<?> operand) {
        return Values.booleans(this, operand);
    }

    /**
     * Reads texts.
     *
     * @param operand strings in UTF-8, of any shape
     * @return all of them in row-major order
     * @throws IllegalArgumentException if the operand is of another type
     * @throws IllegalStateException if the operand has been freed
     */
    public String[] strings(Operand<?> operand) {
        return Values.strings(this, operand);
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
        boolean entered = lock.enter();
        try {
            return LeakReport.of(scopes.current(), environment.recorders());
        } finally {
            endUnclaimed(entered);
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
     * @return what {@link Builder#debug} was given
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
        boolean entered = lock.enter();
        try {
            onClose.add(action);
        } finally {
            endUnclaimed(entered);
        }
    }

    /**
     * Withdraws {@link #onClose}, for what was freed earlier.
     *
     * @param action the object given to {@link #onClose}
     */
    public void cancelOnClose(Runnable action) {
        if (!isClosed()) {
            boolean entered = lock.enter();
            try {
                onClose.remove(action);
            } finally {
                endUnclaimed(entered);
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
        close(CLOSING);
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
        return lock.enter();
    }

    void end(boolean entered) {
        if (entered) {
            lock.leave(takesTurns && !scopes.areOpen() ? null : Thread.currentThread());
        }
    }

    /** Like {@link #end}, after a call that is no use: the session belongs to whom it belonged before. */
    void endUnclaimed(boolean entered) {
        if (entered) {
            lock.leave();
        }
    }

    /** Begins a call that frees what ends before the session, whoever owns that; empty if all is freed anyway. */
    Optional<UseLock.Use> beginFreeing() {
        return lock.await(CLOSING);
    }

    /** Frees a scope, unless that is left to the thread that closes the session. */
    void leave(TensorScope scope) {
        boolean entered;
        try {
            entered = lock.enter();
        } catch (IllegalStateException e) {
            if (isClosed()) {
                return;
            }
            throw e;
        }
        try {
            scopes.leave(scope);
        } finally {
            end(entered);
        }
    }

    EagerEnvironment environment() {
        return environment;
    }

    String device() {
        return device;
    }

    /** Whether no two ops of a function run at the same time, nor wait for one on another device. */
    boolean isSerial() {
        return threads.interOp() == 1
                && executor.devices() == 1
                && SerialExecutor.isPossible(System.getenv("TF_XLA_FLAGS"));
    }

    SessionFunctions functions() {
        return functions;
    }

    /** Makes a function known to ops outside any graph, unless it is. */
    void attach(ConcreteFunction function) {
        TensorFlowInternals.handle(function); // Says whether it is closed; its name would be read from freed memory.
        String name = function.getDefinedName();
        if (!functions.isHeld(name) && !functions.replays().containsKey(name)) {
            eager.attachFunction(function);
        }
    }

    FunctionDef functionDef(String name) {
        return FunctionReplay.read(TensorFlowInternals.context(eager), name);
    }

    TensorScope currentScope() {
        return scopes.current();
    }

    Shape shape(OwnedHandle handle) {
        boolean entered = lock.enter();
        try {
            return executor.shape(handle);
        } finally {
            end(entered);
        }
    }

    /** The value of a handle as a native tensor that the caller closes. */
    TF_Tensor resolve(OwnedHandle handle) {
        boolean entered = lock.enter();
        try {
            return executor.resolve(handle);
        } finally {
            end(entered);
        }
    }

    /** The handle behind an output of this session that is still live. */
    OwnedHandle handle(Output<?> output) {
        Pointer pointer = TensorFlowInternals.handle(output);
        if (!(pointer instanceof OwnedHandle handle)) {
            throw new IllegalArgumentException("Output '" + output.op().name() + "' of op "
                    + output.op().type() + " was not made with the Ops of this TapeSession: make it with session.tf()."
                    + " If it belongs to a step that is being compiled, it has no value yet: make ops of it instead of"
                    + " reading it in Java");
        }
        Tensors.requireLive(handle, output);
        if (handle.owner.session() != this) {
            throw new IllegalArgumentException("Output '" + output.op().name() + "' of op "
                    + output.op().type() + " belongs to another TapeSession: operands and models stay in the session"
                    + " they were made in");
        }
        return handle;
    }

    /** A use of the session for several calls, ended by its thread. */
    @FunctionalInterface
    public interface Use extends AutoCloseable {

        /** Ends the use. Closing twice is allowed. */
        @Override
        void close();
    }

    /** Describes a session before it is opened. */
    public static final class Builder {

        private Threads threads = new Threads(0, 0);
        private String device = "";
        private long seed;
        private boolean debug;
        private boolean takesTurns;

        private Builder() {}

        /**
         * How many ops run at a time, and how many threads one op may use. One and one is fastest for small models, the
         * default for large ones.
         *
         * <p>TensorFlow has one pool of threads inside ops for the whole process, made for the first session: later ones
         * share it, whatever they ask for, unless the process was started with the environment variable {@code
         * TF_OVERRIDE_GLOBAL_THREADPOOL=1}. Threads that run ops are each session's own.
         *
         * @param interOp threads that run ops, 0 for TensorFlow's default
         * @param intraOp threads inside one op, 0 for TensorFlow's default
         * @return this
         */
        public Builder threads(int interOp, int intraOp) {
            this.threads = new Threads(interOp, intraOp);
            return this;
        }

        /**
         * The device of all ops that name none themselves.
         *
         * @param name a TensorFlow device, {@code /CPU:0} or {@code /GPU:0}
         * @return this
         */
        public Builder device(String name) {
            this.device = Objects.requireNonNull(name, "name");
            return this;
        }

        /**
         * The seed of initializers, dropout and shuffling.
         *
         * @param value any number
         * @return this
         */
        public Builder seed(long value) {
            this.seed = value;
            return this;
        }

        /**
         * Whether to remember where each op was made, for {@link TapeSession#leakReport()}. Costs time and heap.
         *
         * @param on true to remember
         * @return this
         */
        public Builder debug(boolean on) {
            this.debug = on;
            return this;
        }

        /**
         * Whether threads use the session in turn, each for the length of a call, instead of its belonging to one of them.
         *
         * @param on true for a session that belongs to no thread
         * @return this
         */
        public Builder takeTurns(boolean on) {
            this.takesTurns = on;
            return this;
        }

        /**
         * Opens the session.
         *
         * @return a new session, to be closed by the caller
         */
        public TapeSession build() {
            return new TapeSession(this);
        }

        private ConfigProto config() {
            return ConfigProto.newBuilder()
                    .setInterOpParallelismThreads(threads.interOp())
                    .setIntraOpParallelismThreads(threads.intraOp())
                    .build();
        }
    }

    /**
     * TensorFlow's threads of a session, see {@link TapeSession.Builder#threads(int, int)}.
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
