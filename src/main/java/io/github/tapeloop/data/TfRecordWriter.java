package io.github.tapeloop.data;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.tensorflow.proto.Example;

/** Writes a TFRecord file, the format of {@code tf.data.TFRecordDataset}. Use it from one thread at a time. */
public final class TfRecordWriter implements AutoCloseable {

    private static final int BUFFER_BYTES = 1 << 16;

    private final OutputStream out;
    private final ByteBuffer header = TfRecordFormat.allocate(TfRecordFormat.HEADER_BYTES);
    private final ByteBuffer footer = TfRecordFormat.allocate(TfRecordFormat.FOOTER_BYTES);

    private TfRecordWriter(OutputStream out) {
        this.out = out;
    }

    /**
     * Starts a file, in place of one that exists.
     *
     * @param file where it is written
     * @return the writer, to be closed by the caller
     * @throws IOException when it cannot be made
     */
    public static TfRecordWriter create(Path file) throws IOException {
        return new TfRecordWriter(new BufferedOutputStream(Files.newOutputStream(file), BUFFER_BYTES));
    }

    /**
     * Starts a file that is compressed with gzip, in place of one that exists.
     *
     * @param file where it is written
     * @return the writer, to be closed by the caller
     * @throws IOException when it cannot be made
     */
    public static TfRecordWriter createGzip(Path file) throws IOException {
        OutputStream plain = Files.newOutputStream(file);
        try {
            return new TfRecordWriter(new BufferedOutputStream(new GZIPOutputStream(plain, BUFFER_BYTES)));
        } catch (IOException | RuntimeException | Error e) {
            plain.close();
            throw e;
        }
    }

    /**
     * Appends a record.
     *
     * @param data any bytes
     * @throws IOException when it cannot be written
     */
    public void write(byte[] data) throws IOException {
        TfRecordFormat.putHeader(header, data.length);
        out.write(header.array());
        out.write(data);
        out.write(footer.putInt(0, TfRecordFormat.maskedCrc(data, data.length)).array());
    }

    /**
     * Appends an example as a record.
     *
     * @param example what {@link TfExample} makes, or any other
     * @throws IOException when it cannot be written
     */
    public void write(Example example) throws IOException {
        write(example.toByteArray());
    }

    /**
     * Completes the file.
     *
     * @throws IOException when the last bytes cannot be written
     */
    @Override
    public void close() throws IOException {
        out.close();
    }
}
