package io.github.tapeloop.callback;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.HistogramProto;
import org.tensorflow.proto.Summary;

/**
 * A file of TensorBoard's events. Each is a TFRecord: its length as a little-endian uint64, a masked CRC-32C of those eight
 * bytes, the event, a masked CRC-32C of the event.
 */
final class EventFile implements AutoCloseable {

    private static final String VERSION = "brain.Event:2";
    private static final int MASK = 0xa282ead8;
    /** The length and the two checksums around an event. */
    private static final int FRAME = 16;

    private final Clock clock;
    private final Path path;
    private final OutputStream out;
    /** How many bytes the file has once all is flushed. */
    private long length;

    private EventFile(Clock clock, Path path, long length, OutputStream out) {
        this.clock = clock;
        this.path = path;
        this.length = length;
        this.out = new BufferedOutputStream(out);
    }

    /** Makes a new file, and the directory if need be. */
    static EventFile in(Path directory, Clock clock) throws IOException {
        Files.createDirectories(directory);
        EventFile file = made(directory, clock);
        file.write(Event.newBuilder().setFileVersion(VERSION));
        return file;
    }

    private static EventFile made(Path directory, Clock clock) throws IOException {
        String base = String.format(
                Locale.ROOT,
                "events.out.tfevents.%010d.tapeloop.%d.",
                clock.instant().getEpochSecond(),
                ProcessHandle.current().pid());
        for (int number = 0; ; number++) {
            Path path = directory.resolve(base + number + ".v2");
            try {
                return new EventFile(clock, path, 0, Files.newOutputStream(path, StandardOpenOption.CREATE_NEW));
            } catch (FileAlreadyExistsException e) {
                continue; // Another run began in the same second: take the next number.
            }
        }
    }

    /** Goes on with a file as it was at a checkpoint: an event of later steps is taken away. */
    static EventFile goOn(Path path, long length, Clock clock) throws IOException {
        FileWork.cutBack(path, length);
        return new EventFile(clock, path, length, Files.newOutputStream(path, StandardOpenOption.APPEND));
    }

    /** What the file is called in its directory. */
    String name() {
        return path.getFileName().toString();
    }

    /** How many bytes the file has, once it is flushed. */
    long length() {
        return length;
    }

    void scalar(String tag, double value, long step) throws IOException {
        write(step, Summary.Value.newBuilder().setTag(tag).setSimpleValue((float) value));
    }

    void histogram(String tag, HistogramProto histogram, long step) throws IOException {
        write(step, Summary.Value.newBuilder().setTag(tag).setHisto(histogram));
    }

    void graph(GraphDef graph) throws IOException {
        write(Event.newBuilder().setGraphDef(graph.toByteString()));
    }

    private void write(long step, Summary.Value.Builder value) throws IOException {
        write(Event.newBuilder().setStep(step).setSummary(Summary.newBuilder().addValue(value)));
    }

    private void write(Event.Builder event) throws IOException {
        Instant now = clock.instant();
        byte[] data = event.setWallTime(now.getEpochSecond() + now.getNano() / 1e9)
                .build()
                .toByteArray();
        byte[] length = littleEndian(8).putLong(data.length).array();
        out.write(length);
        out.write(littleEndian(4).putInt(maskedCrc(length)).array());
        out.write(data);
        out.write(littleEndian(4).putInt(maskedCrc(data)).array());
        this.length += FRAME + data.length;
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** TensorFlow's mask, since a CRC of data that holds CRCs is weak. */
    private static int maskedCrc(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
    }

    void flush() throws IOException {
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
