package io.github.tapeloop.runtime;

import io.github.tapeloop.runtime.TapeSession.Threads;
import java.util.Objects;
import org.tensorflow.proto.ConfigProto;

/**
 * The settings of a {@link TapeSession} before it is opened.
 *
 * <pre>{@code
 * TapeSession session = TapeSession.builder().seed(42).threads(1, 1).build();
 * }</pre>
 */
public final class SessionBuilder {

    private Threads threads = new Threads(0, 0);
    private String device = "";
    private long seed;
    private boolean debug;
    private boolean takesTurns;

    SessionBuilder() {}

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
    public SessionBuilder threads(int interOp, int intraOp) {
        this.threads = new Threads(interOp, intraOp);
        return this;
    }

    /**
     * The device of all ops that name none themselves.
     *
     * @param name a TensorFlow device, {@code /CPU:0} or {@code /GPU:0}
     * @return this
     */
    public SessionBuilder device(String name) {
        this.device = Objects.requireNonNull(name, "name");
        return this;
    }

    /**
     * The seed of initializers, dropout and shuffling.
     *
     * @param value any number
     * @return this
     */
    public SessionBuilder seed(long value) {
        this.seed = value;
        return this;
    }

    /**
     * Whether to remember where each op was made, for {@link TapeSession#leakReport()}. Costs time and heap.
     *
     * @param on true to remember
     * @return this
     */
    public SessionBuilder debug(boolean on) {
        this.debug = on;
        return this;
    }

    /**
     * Whether threads use the session in turn, each for the length of a call, instead of its belonging to one of them.
     *
     * @param on true for a session that belongs to no thread
     * @return this
     */
    public SessionBuilder takeTurns(boolean on) {
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

    Threads threads() {
        return threads;
    }

    String device() {
        return device;
    }

    long seed() {
        return seed;
    }

    boolean isDebug() {
        return debug;
    }

    boolean takesTurns() {
        return takesTurns;
    }

    ConfigProto config() {
        return ConfigProto.newBuilder()
                .setInterOpParallelismThreads(threads.interOp())
                .setIntraOpParallelismThreads(threads.intraOp())
                .build();
    }

    /** Says what a session would be opened with. */
    @Override
    public String toString() {
        return "SessionBuilder[" + threads + ", device '" + device + "', seed " + seed + "]";
    }
}
