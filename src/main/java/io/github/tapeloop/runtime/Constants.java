package io.github.tapeloop.runtime;

import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * Small constants that every step needs again: an axis, a shape, the size of a batch. A session makes each once and keeps
 * it until it closes, since making one costs as much as running an op. Into a graph they are made each time.
 */
final class Constants {

    /** Enough for a program whose shapes are those of its layers; one that makes up new ones goes on without. */
    private static final int MAX_KEPT = 1024;

    private final TapeSession session;
    /** Beside those that operands are made in: what is kept here is no sign of a leak. */
    private final TensorScope scope;

    private final Map<Object, Operand<?>> kept = new HashMap<>();

    private Constants(TapeSession session) {
        this.session = session;
        this.scope = new TensorScope(session, null);
        session.onClose(scope::close);
    }

    static Operand<TInt32> of(Ops tf, int value) {
        return kept(tf, value, () -> tf.constant(value));
    }

    static Operand<TInt64> of(Ops tf, long value) {
        return kept(tf, value, () -> tf.constant(value));
    }

    static Operand<TFloat32> of(Ops tf, float value) {
        return kept(tf, value, () -> tf.constant(value));
    }

    static Operand<TFloat64> of(Ops tf, double value) {
        return kept(tf, value, () -> tf.constant(value));
    }

    static Operand<TInt32> of(Ops tf, int[] values) {
        return kept(tf, IntBuffer.wrap(values), () -> tf.constant(values));
    }

    static Operand<TInt64> of(Ops tf, long[] values) {
        return kept(tf, LongBuffer.wrap(values), () -> tf.constant(values));
    }

    /** @param key equal for equal values of a type: buffers compare what is in them */
    private static <T extends TType> Operand<T> kept(Ops tf, Object key, Supplier<Operand<T>> make) {
        if (tf.scope().env().isGraph()) {
            return make.get();
        }
        TapeSession session = TapeSession.of(tf);
        return session.attachment(Constants.class, () -> new Constants(session)).get(key, make);
    }

    @SuppressWarnings("unchecked") // The key tells the type.
    private <T extends TType> Operand<T> get(Object key, Supplier<Operand<T>> make) {
        Operand<T> constant = (Operand<T>) kept.get(key);
        if (constant != null && !Tensors.isFreed(constant)) { // Anybody may free an operand.
            return constant;
        }
        if (kept.size() >= MAX_KEPT) {
            return make.get();
        }
        constant = session.persist(scope, make);
        kept.put(key, constant);
        return constant;
    }
}
