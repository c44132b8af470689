package io.github.tapeloop.account;

import io.github.tapeloop.bridge.NativeMemory;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.CheckpointException;
import java.nio.ByteBuffer;
import org.tensorflow.Operand;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;

/**
 * A value in memory, which it shares with the variable that it was taken of until that changes. TensorFlow counts who refers to the memory,
 * so neither the session nor the variable need be there any more when it is read or let go.
 */
final class HostTensor implements TensorValue {

    private static final int CHUNK = 1 << 22;

    private final TType tensor;
    private final long bytes;
    private boolean closed;

    private HostTensor(TType tensor) {
        this.tensor = tensor;
        this.bytes = tensor.numBytes();
    }

    /**
     * Takes a value out of its session, on the session's thread.
     *
     * @param path where it is, for the message
     * @throws CheckpointException if it is text, whose memory is TensorFlow's own
     */
    static HostTensor of(String path, TapeSession session, Operand<?> value) {
        if (value.type() == TString.class) {
            throw new CheckpointException("Expected numbers or truth values, got '" + path + "', which holds "
                    + Tensors.describe(value) + ": keep text by Stateful.saveState instead of in a variable");
        }
        return new HostTensor(session.tensor(value));
    }

    /** A value as an operand: one in memory shares it, one in a file is read. */
    static Operand<?> operand(String path, Ops tf, TensorValue value) {
        if (value instanceof HostTensor host) {
            return Tensors.shared(tf, host.tensor);
        }
        try (TType read = read(path, value)) {
            return Tensors.shared(tf, read);
        }
    }

    /** A copy of a value. */
    static TType read(String path, TensorValue value) {
        TType tensor = allocate(path, value);
        try {
            for (long at = 0; at < value.bytes(); at += CHUNK) {
                int length = (int) Math.min(CHUNK, value.bytes() - at);
                NativeMemory.slice(tensor.asRawTensor(), at, length).put(value.slice(at, length));
            }
            return tensor;
        } catch (RuntimeException | Error e) {
            tensor.close();
            throw e;
        }
    }

    private static TType allocate(String path, TensorValue value) {
        NativeMemory.prepare();
        try {
            return Tensor.of(value.type(), value.shape());
        } catch (NullPointerException | OutOfMemoryError e) { // TensorFlow Java looks into memory that it did not get.
            throw new CheckpointException(
                    "No native memory for the " + value.bytes() + " bytes of '" + path
                            + "': close what is no longer used, or give the process more",
                    e);
        }
    }

    @Override
    public Class<? extends TType> type() {
        return tensor.type();
    }

    @Override
    public Shape shape() {
        return tensor.shape();
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public synchronized ByteBuffer slice(long from, int length) {
        if (closed) {
            throw new IllegalStateException("This value is closed: read it before closing it");
        }
        return NativeMemory.slice(tensor.asRawTensor(), from, length).asReadOnlyBuffer();
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            tensor.close();
        }
    }
}
