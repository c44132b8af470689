package io.github.tapeloop.account;

import java.nio.ByteBuffer;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TType;

/** The value of a tensor apart from any session: in memory, or still in a file. May be read by any thread. */
public interface TensorValue extends AutoCloseable {

    /** Its tensor class, {@code TFloat32} for example. */
    Class<? extends TType> type();

    /** A fully known shape. */
    Shape shape();

    /** How many bytes it has. */
    long bytes();

    /**
     * Some of its bytes: elements in row-major order, little-endian.
     *
     * @param from the first byte
     * @param length how many
     * @return a buffer of that many, read-only, to be read before the value is closed
     * @throws io.github.tapeloop.state.CheckpointException if a file cannot be read
     */
    ByteBuffer slice(long from, int length);

    /** Lets memory or file go. Any thread may do so, also after the session is closed; closing twice is allowed. */
    @Override
    void close();
}
