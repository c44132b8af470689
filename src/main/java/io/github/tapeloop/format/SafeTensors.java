package io.github.tapeloop.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A file of tensors by name in the format safetensors: eight bytes that tell the length of a header, the header in JSON, and the values, of
 * which any can be read without the others. What the reference implementation refuses is refused, and a name that is there twice.
 *
 * <p>Source: the README of huggingface/safetensors, "Format".
 */
public final class SafeTensors implements AutoCloseable {

    static final String METADATA = "__metadata__";
    /** As the reference implementation has it. */
    static final int LONGEST_HEADER = 100_000_000;

    private static final int LENGTH = Long.BYTES;

    /**
     * What the header says of a tensor.
     *
     * @param dtype its type
     * @param shape its dimensions
     * @param begin its first byte, counted from the end of the header
     * @param end the byte after its last
     */
    public record Entry(SafeDtype dtype, List<Long> shape, long begin, long end) {

        /** How many bytes it has. */
        public long bytes() {
            return end - begin;
        }
    }

    private final InputFile file;
    private final long start;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private SafeTensors(InputFile file, long start) {
        this.file = file;
        this.start = start;
    }

    /**
     * Opens a file and checks all that its header says against the file's size.
     *
     * @return the file, to be closed by the caller
     * @throws FormatException if it is damaged, cut off or something else
     * @throws IOException if it is not there or cannot be read
     */
    public static SafeTensors open(Path path) throws IOException {
        return of(InputFile.open(path));
    }

    /** As {@link #open}, of a file that is open, and is closed with this, or now if it is none. */
    public static SafeTensors of(InputFile file) throws IOException {
        try {
            return read(file);
        } catch (FormatException e) {
            file.close();
            throw new FormatException(
                    "The file " + file.path() + " is damaged, or no safetensors file. " + e.getMessage(), e);
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private static SafeTensors read(InputFile file) throws IOException {
        if (file.size() < LENGTH + 2) {
            throw new FormatException("Expected at least " + (LENGTH + 2) + " bytes, got " + file.size());
        }
        long length = file.read(0, LENGTH).order(ByteOrder.LITTLE_ENDIAN).getLong();
        long most = Math.min(LONGEST_HEADER, file.size() - LENGTH);
        if (length < 2 || length > most) { // One of 2^63 and more is negative here.
            throw new FormatException(
                    "Expected a header of 2 to " + most + " bytes, got " + Long.toUnsignedString(length));
        }
        SafeTensors tensors = new SafeTensors(file, LENGTH + length);
        tensors.header(text(file, (int) length));
        tensors.requireCovered();
        return tensors;
    }

    private static String text(InputFile file, int length) throws IOException {
        try {
            ByteBuffer bytes = file.read(LENGTH, length);
            if (bytes.get(0) != '{') {
                throw new FormatException("Expected a header that begins with '{', got byte " + (bytes.get(0) & 0xff));
            }
            return Json.text(bytes);
        } catch (OutOfMemoryError e) {
            throw new FormatException(
                    "No memory for a header of " + length + " bytes: give Java a larger heap, by -Xmx", e);
        }
    }

    private void header(String text) throws FormatException {
        if (!(Json.parse(text) instanceof Map<?, ?> header)) {
            throw new FormatException("Expected a header that is one JSON object");
        }
        for (Map.Entry<?, ?> member : header.entrySet()) {
            String name = (String) member.getKey();
            if (!(member.getValue() instanceof Map<?, ?> fields)) {
                throw new FormatException("Expected an object for '" + JsonParser.shortened(name) + "'");
            }
            if (name.equals(METADATA)) {
                metadata(fields);
            } else {
                entries.put(name, entry(JsonParser.shortened(name), fields));
            }
        }
    }

    private void metadata(Map<?, ?> fields) throws FormatException {
        for (Map.Entry<?, ?> field : fields.entrySet()) {
            if (!(field.getValue() instanceof String value)) {
                throw new FormatException("Expected text for '" + field.getKey() + "' in " + METADATA);
            }
            metadata.put((String) field.getKey(), value);
        }
    }

    private static Entry entry(String name, Map<?, ?> fields) throws FormatException {
        if (fields.size() != 3
                || !(fields.get("dtype") instanceof String dtypeName)
                || !(fields.get("shape") instanceof List<?> dimensions)
                || !(fields.get("data_offsets") instanceof List<?> offsets)
                || offsets.size() != 2) {
            throw new FormatException("Expected dtype, shape and two data_offsets for '" + name + "', got "
                    + JsonParser.shortened(fields.toString()));
        }
        SafeDtype dtype = SafeDtype.named(dtypeName, name);
        long[] shape = new long[dimensions.size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = natural(dimensions.get(i), "dimensions", name);
        }
        Entry entry = new Entry(
                dtype,
                Arrays.stream(shape).boxed().toList(),
                natural(offsets.get(0), "data_offsets", name),
                natural(offsets.get(1), "data_offsets", name));
        if (entry.bytes() != dtype.bytes(shape, name)) {
            throw new FormatException("Expected " + dtype.bytes(shape, name) + " bytes for '" + name + "', " + dtype
                    + " " + entry.shape() + ", got data_offsets of " + entry.bytes());
        }
        return entry;
    }

    private static long natural(Object value, String what, String name) throws FormatException {
        if (value instanceof Long number && number >= 0) {
            return number;
        }
        throw new FormatException("Expected " + what + " of '" + name + "' that are whole numbers of at least 0, got "
                + JsonParser.shortened(String.valueOf(value)));
    }

    /** The values fill the file: there is no hole, no overlap and nothing behind them. */
    private void requireCovered() throws FormatException {
        long at = 0;
        for (Map.Entry<String, Entry> next : entries.entrySet().stream()
                .sorted(Comparator.comparingLong(
                                (Map.Entry<String, Entry> e) -> e.getValue().begin())
                        .thenComparingLong(e -> e.getValue().end()))
                .toList()) {
            if (next.getValue().begin() != at) {
                throw new FormatException(
                        "Expected '" + JsonParser.shortened(next.getKey()) + "' to begin at byte " + at
                                + " of the values, got " + next.getValue().begin()
                                + (next.getValue().begin() < at
                                        ? ": tensors overlap"
                                        : ": bytes between tensors are nobody's"));
            }
            at = next.getValue().end();
        }
        if (at != file.size() - start) {
            throw new FormatException(
                    "Expected " + at + " bytes of values, as the header says, got " + (file.size() - start)
                            + (at > file.size() - start
                                    ? ": the file was cut off"
                                    : ": there are bytes behind the last tensor"));
        }
    }

    /** The tensors by name, in the order of the header. */
    public Map<String, Entry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    /** Texts that the writer added. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /** Where the file is. */
    public Path path() {
        return file.path();
    }

    /**
     * Some bytes of a tensor: elements in row-major order, little-endian.
     *
     * @param name one of {@link #entries}
     * @throws IllegalArgumentException if the tensor has fewer
     */
    public ByteBuffer read(String name, long from, int length) throws IOException {
        Entry entry = entries.get(name);
        if (entry == null || from < 0 || length < 0 || from > entry.bytes() - length) {
            throw new IllegalArgumentException("Expected bytes of a tensor of " + path() + ", got " + length
                    + " from byte " + from + " on of '" + name + "', " + entry);
        }
        return file.read(start + entry.begin() + from, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
