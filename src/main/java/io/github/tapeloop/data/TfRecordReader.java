package io.github.tapeloop.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/** A reader of the records of one TFRecord file, plain or compressed with gzip, and checks both checksums of each. */
final class TfRecordReader implements AutoCloseable {

    private final Path file;
    private final InputStream in;
    private final ByteBuffer header = TfRecordFormat.allocate(TfRecordFormat.HEADER_BYTES);
    private final ByteBuffer footer = TfRecordFormat.allocate(TfRecordFormat.FOOTER_BYTES);
    private long number;
    private long position;

    TfRecordReader(Path file) {
        this.file = file;
        this.in = Compressed.open(file, TfRecordReader::isHeader);
    }

    /** A header has a checksum: a length that looks like the magic number of gzip is none. */
    private static boolean isHeader(byte[] first) {
        return first.length == TfRecordFormat.HEADER_BYTES
                && TfRecordFormat.isHeaderIntact(
                        TfRecordFormat.allocate(first.length).put(0, first));
    }

    /** The data of the next record, or empty at the end. */
    Optional<byte[]> next() {
        try {
            int read = in.readNBytes(header.array(), 0, header.capacity());
            if (read == 0) {
                return Optional.empty();
            }
            return Optional.of(data(read));
        } catch (IOException e) {
            throw Compressed.failure(place(), e);
        }
    }

    private byte[] data(int headerBytes) throws IOException {
        if (headerBytes < header.capacity()) {
            throw damage("the file ends inside the header of the record", null);
        }
        if (!TfRecordFormat.isHeaderIntact(header)) {
            throw damage("the checksum of its length does not match; is it a TFRecord file?", null);
        }
        long length = header.getLong(0);
        if (length < 0 || length > Integer.MAX_VALUE - 8) {
            throw damage("it has " + Long.toUnsignedString(length) + " bytes but at most 2.1 GB fit", null);
        }
        Compressed.requireSize(file, place(), length);
        byte[] data = Compressed.read(in, place(), (int) length);
        int footerBytes = in.readNBytes(footer.array(), 0, footer.capacity());
        if (data.length < length || footerBytes < footer.capacity()) {
            throw damage(
                    "the file is truncated: the record has " + length + " bytes and a checksum but the file ends"
                            + " after " + (data.length + footerBytes) + " of them",
                    null);
        }
        if (footer.getInt(0) != TfRecordFormat.maskedCrc(data, data.length)) {
            throw damage("the checksum of its " + length + " bytes does not match", null);
        }
        number++;
        position += header.capacity() + length + footer.capacity();
        return data;
    }

    private DataException damage(String what, Throwable cause) {
        return new DataException(place() + ": " + what + "; get a new copy of the file", cause);
    }

    private String place() {
        return file + ", record " + number + " (at byte " + position + " of the uncompressed file)";
    }

    /** A failure with the record that {@link #next()} returned last. */
    DataException failure(String what, Throwable cause) {
        return new DataException(file + ", record " + (number - 1) + ": " + what, cause);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
