package io.github.tapeloop.data;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.tensorflow.proto.Example;

/**
 * TFRecord files, plain or compressed with gzip whatever they are called, as {@code tf.data.TFRecordDataset} reads them.
 * Immutable.
 *
 * <pre>{@code
 * Dataset data = TfRecords.of(Path.of("train.tfrecord"))
 *         .examples(new Fields<Example>()
 *                 .input(TfFeature.floats("x", Shape.of(28, 28)))
 *                 .target(TfFeature.integers("label", Shape.scalar())));
 * }</pre>
 *
 * <p>A pass reads the files one after the other, a record at a time, on the thread that assembles batches. It checks the
 * checksums of each record; a {@link DataException} names file, record and place of one that is damaged. Files are
 * closed at their end, after an error, and when the pass is closed.
 */
public final class TfRecords {

    private final List<Path> files;

    private TfRecords(List<Path> files) {
        this.files = files;
    }

    /**
     * Describes files, opened when batches are pulled.
     *
     * @param files one or more, read in this order
     * @return the description
     * @throws IllegalArgumentException for no file
     */
    public static TfRecords of(Path... files) {
        if (files.length == 0) {
            throw new IllegalArgumentException("of() needs one file at least");
        }
        return new TfRecords(List.of(files));
    }

    /**
     * Describes records that are messages {@code tf.train.Example}. How many is not known before the files are read.
     *
     * @param fields what is made of each
     * @return the dataset
     * @throws IllegalArgumentException for fields without an input
     */
    public Dataset examples(Fields<Example> fields) {
        return Dataset.from(new RecordSource<>(new Files<>(Example::parseFrom), fields.bound()));
    }

    /**
     * Describes records that are bytes of any kind. How many is not known before the files are read.
     *
     * @param fields what is made of each
     * @return the dataset
     * @throws IllegalArgumentException for fields without an input
     */
    public Dataset records(Fields<byte[]> fields) {
        return Dataset.from(new RecordSource<>(new Files<>(data -> data), fields.bound()));
    }

    @Override
    public String toString() {
        return "TfRecords" + files;
    }

    @FunctionalInterface
    private interface Decoder<T> {
        T decode(byte[] data) throws InvalidProtocolBufferException;
    }

    private final class Files<T> implements Records<T> {

        private final Decoder<T> decoder;

        Files(Decoder<T> decoder) {
            this.decoder = decoder;
        }

        @Override
        public Reader<T> open() {
            Iterator<Path> all = files.iterator();
            return new FilesReader<>(decoder, all, new TfRecordReader(all.next()));
        }

        @Override
        public String where(long number) {
            return "record " + number + " of "
                    + (files.size() == 1 ? files.get(0).toString() : files.toString());
        }
    }

    private static final class FilesReader<T> implements Records.Reader<T> {

        private final Decoder<T> decoder;
        private final Iterator<Path> others;
        private TfRecordReader current;

        FilesReader(Decoder<T> decoder, Iterator<Path> others, TfRecordReader first) {
            this.decoder = decoder;
            this.others = others;
            this.current = first;
        }

        @Override
        public Optional<T> next() throws IOException {
            Optional<byte[]> data = current.next();
            while (data.isEmpty() && others.hasNext()) {
                current.close();
                current = new TfRecordReader(others.next());
                data = current.next();
            }
            if (data.isEmpty()) {
                return Optional.empty();
            }
            try {
                return Optional.of(decoder.decode(data.get()));
            } catch (InvalidProtocolBufferException e) {
                throw current.failure("it is no tf.train.Example", e);
            }
        }

        @Override
        public void close() throws IOException {
            current.close();
        }
    }
}
