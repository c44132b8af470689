package io.github.tapeloop.data;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.Example;
import org.tensorflow.proto.Feature;
import org.tensorflow.proto.Feature.KindCase;
import org.tensorflow.proto.FloatList;
import org.tensorflow.proto.Int64List;

/**
 * TFRecord files, plain or compressed with gzip whatever they are called, as {@code tf.data.TFRecordDataset} reads them.
 * Immutable.
 *
 * <pre>{@code
 * Dataset data = TfRecords.of(Path.of("train.tfrecord"))
 *         .examples(new Fields<Example>()
 *                 .input(Column.floats("x", Shape.of(28, 28)))
 *                 .target(Column.integers("label", Shape.scalar())));
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

    /**
     * Fields made of the features of a {@code tf.train.Example}. For what is not here, such as decoding an image, a {@link
     * Field} is made of any function of an {@link Example}, with the help of {@link #bytes}.
     */
    public static final class Column {

        private Column() {}

        /**
         * A feature of floats.
         *
         * @param name of the feature
         * @param shape how its values are arranged; [-1] or [-1, …] if their number differs
         * @return float32 shape per example
         */
        public static Field<Example> floats(String name, Shape shape) {
            return Field.floats(shape, example -> floats(example, name));
        }

        /**
         * A feature of int64 values, kept as they are.
         *
         * @param name of the feature
         * @param shape how its values are arranged; [-1] or [-1, …] if their number differs
         * @return int64 shape per example
         */
        public static Field<Example> longIntegers(String name, Shape shape) {
            return Field.longIntegers(shape, example -> longs(example, name));
        }

        /**
         * A feature of int64 values that fit into int32, such as classes.
         *
         * @param name of the feature
         * @param shape how its values are arranged; [-1] or [-1, …] if their number differs
         * @return int32 shape per example
         */
        public static Field<Example> integers(String name, Shape shape) {
            return Field.integers(shape, example -> {
                long[] values = longs(example, name);
                int[] integers = new int[values.length];
                for (int i = 0; i < values.length; i++) {
                    integers[i] = (int) values[i];
                    if (integers[i] != values[i]) {
                        throw new IllegalArgumentException("feature \"" + name + "\" has the value " + values[i]
                                + ", beyond int32; take longIntegers(...)");
                    }
                }
                return integers;
            });
        }

        /**
         * Reads a feature of one byte string out of an example.
         *
         * @param example where it is
         * @param name of the feature
         * @return its bytes
         * @throws IllegalArgumentException when there is no such feature, of another kind, or not of one value
         */
        public static byte[] bytes(Example example, String name) {
            Feature feature = require(example, name, KindCase.BYTES_LIST);
            if (feature.getBytesList().getValueCount() != 1) {
                throw new IllegalArgumentException("feature \"" + name + "\" has "
                        + feature.getBytesList().getValueCount() + " byte strings but one was expected");
            }
            return feature.getBytesList().getValue(0).toByteArray();
        }

        private static float[] floats(Example example, String name) {
            FloatList list = require(example, name, KindCase.FLOAT_LIST).getFloatList();
            float[] values = new float[list.getValueCount()];
            for (int i = 0; i < values.length; i++) {
                values[i] = list.getValue(i);
            }
            return values;
        }

        private static long[] longs(Example example, String name) {
            Int64List list = require(example, name, KindCase.INT64_LIST).getInt64List();
            long[] values = new long[list.getValueCount()];
            for (int i = 0; i < values.length; i++) {
                values[i] = list.getValue(i);
            }
            return values;
        }

        private static Feature require(Example example, String name, KindCase kind) {
            Feature feature = example.getFeatures().getFeatureMap().get(name);
            if (feature == null) {
                throw new IllegalArgumentException("there is no feature \"" + name + "\"; the example has "
                        + Texts.cut(example.getFeatures().getFeatureMap().keySet().stream()
                                .sorted()
                                .toList()));
            }
            if (feature.getKindCase() != kind) {
                throw new IllegalArgumentException(
                        "feature \"" + name + "\" is a " + feature.getKindCase() + " but a " + kind + " was expected");
            }
            return feature;
        }
    }

    /** Writes a TFRecord file, the format of {@code tf.data.TFRecordDataset}. Use it from one thread at a time. */
    public static final class Writer implements AutoCloseable {

        private static final int BUFFER_BYTES = 1 << 16;

        private final Path file;
        private final OutputStream out;
        private final ByteBuffer header = TfRecordFormat.allocate(TfRecordFormat.HEADER_BYTES);
        private final ByteBuffer footer = TfRecordFormat.allocate(TfRecordFormat.FOOTER_BYTES);

        private Writer(Path file, OutputStream out) {
            this.file = file;
            this.out = out;
        }

        /**
         * Starts a file, in place of one that exists.
         *
         * @param file where it is written
         * @return the writer, to be closed by the caller
         * @throws IOException when it cannot be made
         */
        public static Writer create(Path file) throws IOException {
            return new Writer(file, new BufferedOutputStream(java.nio.file.Files.newOutputStream(file), BUFFER_BYTES));
        }

        /**
         * Starts a file that is compressed with gzip, in place of one that exists.
         *
         * @param file where it is written
         * @return the writer, to be closed by the caller
         * @throws IOException when it cannot be made
         */
        public static Writer createGzip(Path file) throws IOException {
            OutputStream plain = java.nio.file.Files.newOutputStream(file);
            try {
                return new Writer(file, new BufferedOutputStream(new GZIPOutputStream(plain, BUFFER_BYTES)));
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
            out.write(footer.putInt(0, TfRecordFormat.maskedCrc(data, data.length))
                    .array());
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

        /** Names the file. */
        @Override
        public String toString() {
            return "TfRecords.Writer of " + file;
        }
    }
}
