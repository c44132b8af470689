package io.github.tapeloop.state;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.transaction.Storage;
import io.github.tapeloop.transaction.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ResourceGather;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * A value that outlives a step: a weight, an optimizer's moment, a metric's total. It is a TensorFlow resource variable,
 * so reading it copies nothing and an optimizer's fused kernel updates it in place.
 *
 * <p>A variable belongs to the session it was made in, which destroys it at the latest; {@link #close()} does so earlier.
 *
 * @param <T> the type of its value
 */
public final class Variable<T extends TType> implements AutoCloseable {

    private final TapeSession session;
    private final String name;
    private final Shape shape;
    private final Class<T> type;
    private final boolean trainable;
    private final VariableResource<T> resource;
    private final Runnable closing = this::close;
    private Projection<T> projection;

    private Variable(TapeSession session, String name, long number, Operand<T> initial, boolean trainable) {
        this.session = session;
        this.name = name;
        this.shape = Tensors.shape(initial);
        this.type = initial.type();
        this.trainable = trainable;
        this.resource = new VariableResource<>(session, name, number, shape, type, trainable);
    }

    /**
     * Makes a variable.
     *
     * @param tf ops of the session the variable will belong to; the variable is made there and then, traced or not
     * @param name its path, {@code mlp/dense/kernel} for example
     * @param initial its first value, whose shape and type it keeps
     * @param trainable whether gradient tapes watch it by themselves
     * @param <T> the type of its value
     * @return a new variable
     */
    public static <T extends TType> Variable<T> create(Ops tf, String name, Operand<T> initial, boolean trainable) {
        TapeSession session = TapeSession.of(tf);
        SessionVariables registry = SessionVariables.of(session);
        Variable<T> variable = new Variable<>(session, name, registry.number(), initial, trainable);
        Supplier<? extends Operand<?>> pending = registry.take(name);
        variable.resource.begin(() -> pending == null ? initial : variable.like(pending.get()));
        if (trainable) {
            RecordingEnvironment.of(session.tf()).autoWatch(variable.resource.operation(), variable.shape);
        }
        session.onClose(variable.closing);
        registry.made(variable);
        return variable;
    }

    /**
     * Gives a variable that does not exist yet its first value: that of a file, for example, for a layer that makes its weights
     * in its first call. The value is taken by the next {@link #create} of one of the names.
     *
     * @param session where the variable is going to be made
     * @param names its name, or several that it may have
     * @param value makes the value, of the variable's shape and type, when it is taken
     */
    public static void expect(TapeSession session, List<String> names, Supplier<? extends Operand<?>> value) {
        SessionVariables.of(session).expect(List.copyOf(names), value);
    }

    /**
     * The variable's path.
     *
     * @return its name, unique within a model
     */
    public String name() {
        return name;
    }

    /**
     * The shape of the value.
     *
     * @return a fully known shape
     */
    public Shape shape() {
        return shape;
    }

    /**
     * The type of the value.
     *
     * @return its tensor class, {@code TFloat32} for example
     */
    public Class<T> type() {
        return type;
    }

    /**
     * Whether gradient tapes watch this variable by themselves.
     *
     * @return true for weights, false for counters and statistics
     */
    public boolean trainable() {
        return trainable;
    }

    /**
     * The session this variable belongs to.
     *
     * @return its session
     */
    public TapeSession session() {
        return session;
    }

    /**
     * The value now. A tape that records notes that it was read.
     *
     * @param tf ops of this variable's session; those of a mixed {@link DtypePolicy} give a float32 value as float16 or
     *     bfloat16
     * @return the value, with this variable's shape and type; it does not change when the variable does
     */
    @SuppressWarnings("unchecked") // The static type stays float32 in mixed precision, as in the whole layer API.
    public Operand<T> read(Ops tf) {
        Transaction step = Transaction.of(RecordingEnvironment.of(tf));
        Operand<T> held = step == null ? null : (Operand<T>) step.value(resource);
        Operand<T> value = held == null ? readNow(tf) : held;
        return type == TFloat32.class ? (Operand<T>) DtypePolicy.of(tf).compute(tf, value) : value;
    }

    /** Fails if the value is gone. */
    void requireOpen() {
        resource.requireOpen();
    }

    /** The value in the variable, whatever is held back, in its own type. */
    Operand<T> readNow(Ops tf) {
        return resource.read(tf);
    }

    /**
     * The value now, on the Java heap.
     *
     * @return its elements in row-major order, those of another type than float32 rounded to the nearest float
     * @throws IllegalArgumentException if the variable holds no numbers
     * @throws IllegalStateException if the variable is closed
     */
    public float[] toFloats() {
        return valueNow(session::floats);
    }

    /**
     * The value now, on the Java heap.
     *
     * @return its elements in row-major order, exactly, but for whole numbers beyond 2^53
     * @throws IllegalArgumentException if the variable holds no numbers
     * @throws IllegalStateException if the variable is closed
     */
    public double[] toDoubles() {
        return valueNow(session::doubles);
    }

    private <R> R valueNow(Function<Operand<T>, R> reader) {
        resource.requireOpen();
        List<R> value = new ArrayList<>(1);
        session.unrecorded(() -> value.add(reader.apply(read(session.tf()))));
        return value.get(0);
    }

    /**
     * Some rows of the value, without reading the rest. Their gradient is {@link IndexedSlices}.
     *
     * @param tf ops of this variable's session; those of a mixed {@link DtypePolicy} give float32 rows as float16 or bfloat16
     * @param indices which rows, int32 or int64 of any shape
     * @return [indices…, row…] of this variable's type
     */
    @SuppressWarnings("unchecked") // As in read.
    public Operand<T> gather(Ops tf, Operand<? extends TNumber> indices) {
        Operand<T> rows = ResourceGather.create(tf.scope(), handle(tf), indices, type);
        boolean shapeless = tf.scope().env().isGraph() && Tensors.shape(rows).isUnknown();
        Operand<T> shaped =
                shapeless ? tf.ensureShape(rows, Tensors.shape(indices).append(shape.tail())) : rows;
        return type == TFloat32.class ? (Operand<T>) DtypePolicy.of(tf).compute(tf, shaped) : shaped;
    }

    /**
     * Replaces the value.
     *
     * @param tf ops of this variable's session
     * @param value of this variable's shape and type
     * @throws IllegalArgumentException if shape or type differ; the variable is unchanged
     */
    public void assign(Ops tf, Operand<T> value) {
        change(tf, Storage.How.SET, value);
    }

    /**
     * Replaces the value by one from the Java heap, between two steps.
     *
     * @param elements as many as there are, in row-major order; a variable of another type gets them cast
     * @throws IllegalArgumentException if there are more or fewer, or the variable holds no numbers; it is unchanged
     * @throws IllegalStateException if the variable is closed
     */
    public void assign(float[] elements) {
        assignNow(elements.length, tf -> tf.constant(shape, DataBuffers.of(elements)));
    }

    /**
     * Replaces the value by one from the Java heap, between two steps.
     *
     * @param elements as many as there are, in row-major order; a variable of another type gets them cast
     * @throws IllegalArgumentException if there are more or fewer, or the variable holds no numbers; it is unchanged
     * @throws IllegalStateException if the variable is closed
     */
    public void assign(double[] elements) {
        assignNow(elements.length, tf -> tf.constant(shape, DataBuffers.of(elements)));
    }

    private void assignNow(int elements, Function<Ops, Operand<?>> value) {
        requireElements(elements);
        session.unrecorded(() -> {
            Ops tf = session.tf();
            assign(tf, Tensors.cast(tf, value.apply(tf), type));
        });
    }

    /** Refuses another number of numbers than there are. */
    void requireElements(int elements) {
        if (elements != shape.size() || !TNumber.class.isAssignableFrom(type)) {
            throw new IllegalArgumentException("Variable '" + name + "' holds " + type.getSimpleName() + " " + shape
                    + ", " + shape.size() + " elements, and cannot take " + elements + " numbers");
        }
    }

    /** The value now as an operand of ops of any session; that of another session is copied through memory. */
    Operand<T> readIn(Ops tf) {
        TapeSession asking = TapeSession.of(tf);
        if (asking == session) {
            return read(tf);
        }
        if (tf.scope().env().isGraph()) {
            throw new IllegalStateException(
                    "Variable '" + name + "' belongs to another TapeSession, and a step that is traced"
                            + " would read it once only: copy it between two steps");
        }
        List<Operand<T>> copy = new ArrayList<>(1);
        session.unrecorded(() -> copy.add(session.read(readNow(session.tf()), tensor -> tf.constantOf(tensor))));
        return copy.get(0);
    }

    /**
     * Adds to the value.
     *
     * @param tf ops of this variable's session
     * @param delta of this variable's shape and type
     * @throws IllegalArgumentException if shape or type differ; the variable is unchanged
     */
    public void assignAdd(Ops tf, Operand<T> delta) {
        change(tf, Storage.How.ADD, delta);
    }

    /**
     * Subtracts from the value.
     *
     * @param tf ops of this variable's session
     * @param delta of this variable's shape and type
     * @throws IllegalArgumentException if shape or type differ; the variable is unchanged
     */
    public void assignSub(Ops tf, Operand<T> delta) {
        change(tf, Storage.How.SUBTRACT, delta);
    }

    private void change(Ops tf, Storage.How how, Operand<T> value) {
        requireLike(value);
        Transaction step = Transaction.of(RecordingEnvironment.of(tf));
        if (step == null || !step.holds(resource, how, value)) {
            resource.write(tf, how, value);
        }
    }

    /**
     * Sets what {@link #project} does: the constraint of a weight.
     *
     * @param to brings a value back to where it may be
     */
    public void projection(Projection<T> to) {
        this.projection = Objects.requireNonNull(to, "projection");
    }

    /**
     * Whether {@link #project} does anything.
     *
     * @return true after {@link #projection}
     */
    public boolean isProjected() {
        return projection != null;
    }

    /**
     * Brings the value back to where it may be, if this variable has a projection. Optimizers call it after each update.
     *
     * @param tf ops of this variable's session
     * @throws IllegalArgumentException if the projection gives another shape or type; the variable is unchanged
     */
    public void project(Ops tf) {
        if (projection != null) {
            assign(tf, projection.project(tf, read(tf)));
        }
    }

    /**
     * The resource handle, for ops that read or update variables themselves, such as {@code tf.train.resourceApplyAdam}.
     *
     * @param tf ops of this variable's session
     * @return a handle of type resource
     * @throws IllegalStateException if the variable is closed or {@code tf} belongs to another session
     */
    public Operand<? extends TType> handle(Ops tf) {
        Transaction step = Transaction.of(RecordingEnvironment.of(tf));
        if (step != null) {
            step.writeNow(resource.name());
        }
        return resource.in(tf);
    }

    /**
     * The name under which TensorFlow keeps the value, as the {@code shared_name} of its handle.
     *
     * @return the {@link #name} and a number, which no other variable of the session has
     */
    public String sharedName() {
        return resource.name();
    }

    /**
     * Whether the value is gone.
     *
     * @return true once this variable or its session is closed
     */
    public boolean isClosed() {
        return resource.isClosed() || session.isClosed();
    }

    /** Destroys the value. Closing twice is allowed. */
    @Override
    public void close() {
        if (isClosed()) {
            return;
        }
        try (TapeSession.Use use = session.enter("the close of variable '" + name + "'")) {
            session.cancelOnClose(closing);
            SessionVariables.of(session).closed(this);
            resource.end();
        }
    }

    @Override
    public String toString() {
        return "Variable " + name + " " + type.getSimpleName() + " " + shape + (trainable ? "" : " (not trainable)");
    }

    private Operand<?> like(Operand<?> value) {
        requireLike(value);
        return value;
    }

    private void requireLike(Operand<?> value) {
        if (!Tensors.shape(value).isCompatibleWith(shape) || value.type() != type) {
            throw new IllegalArgumentException("Variable '" + name + "' holds " + type.getSimpleName() + " " + shape
                    + " and cannot take " + Tensors.describe(value));
        }
    }

    /**
     * Brings a variable's value back to where it may be, after an optimizer has moved it.
     *
     * @param <T> the variable's type
     */
    @FunctionalInterface
    public interface Projection<T extends TType> {

        /**
         * Projects a value.
         *
         * @param tf makes ops
         * @param value the variable's value after an update
         * @return the value to keep, of the same shape and type
         */
        Operand<T> project(Ops tf, Operand<T> value);
    }
}
