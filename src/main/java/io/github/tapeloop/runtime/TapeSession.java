package io.github.tapeloop.runtime;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
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
 * <p>Outside any {@link #scope()}, what ops make lives until the session closes. A session is used by one thread at a
 * time; sessions of different threads share nothing.
 */
public final class TapeSession implements AutoCloseable {

    private final EagerSession eager;
    private final EagerExecutor executor;
    private final EagerEnvironment environment;
    private final Ops tf;
    private final SessionFunctions functions;
    private final ScopeStack scopes = new ScopeStack(this);
    private final Set<Runnable> onClose = new LinkedHashSet<>();
    private final Map<Class<?>, Object> attachments = new HashMap<>();
    private final long seed;
    private final boolean debug;
    private final String device;
    private final Threads threads;
    private long passes;
    private long ids;
    private boolean closed;

    private TapeSession(Builder builder) {
        TensorFlowInternals.requireAccess();
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
        return RecordingEnvironment.of(tf).session();
    }

    /**
     * The ops of this session: each runs at once.
     *
     * @return the only way to make ops here
     */
    public Ops tf() {
        requireOpen();
        return tf;
    }

    /**
     * Opens a scope inside the innermost open one.
     *
     * @return a scope to be closed by the caller, best by try-with-resources
     */
    public TensorScope scope() {
        requireOpen();
        return scopes.open();
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
        requireOpen();
        return type.cast(attachments.computeIfAbsent(type, key -> make.get()));
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
        TensorScope before = scopes.replace(owner);
        boolean muted = environment.mute();
        try (TensorScope scratch = scope()) {
            return scratch.keep(body.get());
        } finally {
            scopes.replace(before);
            environment.unmute(muted);
        }
    }

    /**
     * Runs ops that no tape hears of, and frees what they make.
     *
     * @param body runs ops
     */
    public void unrecorded(Runnable body) {
        boolean muted = environment.mute();
        try (TensorScope scratch = scope()) {
            body.run();
        } finally {
            environment.unmute(muted);
        }
    }

    /**
     * Frees one operand now, whatever scope owns it.
     *
     * @param operand an operand of this session; a freed one is left alone
     */
    public void free(Operand<?> operand) {
        if (TensorFlowInternals.handle(operand.asOutput()) instanceof OwnedHandle freeable && !freeable.isNull()) {
            OwnedHandle handle = handle(operand.asOutput()); // Refuses an operand of another session.
            handle.owner.remove(handle);
            handle.free();
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
        requireOpen();
        try (TType tensor = TensorFlowInternals.tensor(executor.resolve(handle(operand.asOutput())))) {
            return reader.apply((T) tensor);
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
        return Scalars.read(this, operand);
    }

    /**
     * What this session holds now.
     *
     * @return all live handles by origin
     */
    public LeakReport leakReport() {
        return LeakReport.of(closed ? null : scopes.current());
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
     * Whether the session is closed.
     *
     * @return true after {@link #close()}
     */
    public boolean isClosed() {
        return closed;
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
     * Registers what must be done before the session closes, in reverse order of registration.
     *
     * @param action frees what belongs to the session
     */
    public void onClose(Runnable action) {
        requireOpen();
        onClose.add(action);
    }

    /**
     * Withdraws {@link #onClose}, for what was freed earlier.
     *
     * @param action the object given to {@link #onClose}
     */
    public void cancelOnClose(Runnable action) {
        onClose.remove(action);
    }

    /** Names the seed, the threads and the device. */
    @Override
    public String toString() {
        return "seed " + seed + "; threads " + threads + "; device "
                + (device.isEmpty() ? "chosen by TensorFlow" : device) + (closed ? "; closed" : "");
    }

    /** Frees everything: variables, open scopes, the TensorFlow session. Closing twice is allowed. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        try {
            List<Runnable> actions = new ArrayList<>(onClose);
            Collections.reverse(actions);
            actions.forEach(Runnable::run);
        } finally {
            leave(scopes.root());
            closed = true;
            executor.close();
            eager.close();
        }
    }

    void leave(TensorScope scope) {
        scopes.leave(scope);
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
        return executor.shape(handle);
    }

    /** The value of a handle as a native tensor that the caller closes. */
    TF_Tensor resolve(OwnedHandle handle) {
        return executor.resolve(handle);
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("This TapeSession is closed: open a new one, and build the model in it");
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

    /** Describes a session before it is opened. */
    public static final class Builder {

        private Threads threads = new Threads(0, 0);
        private String device = "";
        private long seed;
        private boolean debug;

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
}
