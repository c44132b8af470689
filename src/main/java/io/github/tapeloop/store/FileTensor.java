package io.github.tapeloop.store;

import io.github.tapeloop.account.TensorValue;
import io.github.tapeloop.format.FormatException;
import io.github.tapeloop.format.SafeTensors;
import io.github.tapeloop.state.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TBool;
import org.tensorflow.types.family.TType;

/** A value in a file, which is read when it is needed, and closed with the last of its tensors. */
final class FileTensor implements TensorValue {

    /** TensorFlow ends the process over more. */
    private static final int MOST_DIMENSIONS = 254;

    private final SafeTensors file;
    private final String name;
    private final SafeTensors.Entry entry;
    private final Class<? extends TType> type;
    private final AtomicInteger open;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param open how many tensors of the file are open, this one included */
    FileTensor(SafeTensors file, String name, AtomicInteger open) throws FormatException {
        this.file = file;
        this.name = name;
        this.entry = file.entries().get(name);
        this.type = Dtypes.type(entry.dtype(), name);
        if (entry.shape().size() > MOST_DIMENSIONS) {
            throw new FormatException("Expected at most " + MOST_DIMENSIONS + " dimensions of '" + name + "', got "
                    + entry.shape().size());
        }
        this.open = open;
    }

    @Override
    public Class<? extends TType> type() {
        return type;
    }

    @Override
    public Shape shape() {
        return Shape.of(entry.shape().stream().mapToLong(Long::longValue).toArray());
    }

    @Override
    public long bytes() {
        return entry.bytes();
    }

    @Override
    public ByteBuffer slice(long from, int length) {
        ByteBuffer bytes;
        try {
            bytes = file.read(name, from, length);
        } catch (IOException e) {
            throw new CheckpointException(
                    "'" + name + "' could not be read from " + file.path() + ": " + Disk.said(e)
                            + ". It was whole when it was opened: check the disk, and that nobody deletes from there",
                    e);
        }
        if (type == TBool.class) {
            requireTruthValues(bytes);
        }
        return bytes.asReadOnlyBuffer();
    }

    /** Kernels that meet another byte than 0 and 1 take it for both. */
    private void requireTruthValues(ByteBuffer bytes) {
        for (int i = 0; i < bytes.limit(); i++) {
            if (bytes.get(i) != 0 && bytes.get(i) != 1) {
                throw new CheckpointException("Expected bytes 0 and 1 for the truth values of '" + name + "' in "
                        + file.path() + ", got " + (bytes.get(i) & 0xff) + ": another program wrote it");
            }
        }
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true) && open.decrementAndGet() == 0) {
            try {
                file.close();
            } catch (IOException e) {
                throw new CheckpointException(file.path() + " could not be closed: " + Disk.said(e), e);
            }
        }
    }
}
