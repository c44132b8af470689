package io.github.tapeloop.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a safetensors file, byte for byte as the reference implementation does: tensors by falling type and then by name, the header
 * filled up with spaces to eight bytes. Of the texts beside the tensors it writes those of more than one name in no fixed order, and this one in
 * that of the names.
 */
public final class SafeTensorsWriter {

    private static final int ALIGNMENT = 8;
    private static final int CHUNK = 1 << 26;

    /** Gives bytes of a tensor: elements in row-major order, little-endian. */
    @FunctionalInterface
    public interface Bytes {

        /** A buffer of {@code length} bytes, from byte {@code from} on. */
        ByteBuffer slice(long from, int length) throws IOException;
    }

    private record Value(SafeDtype dtype, long[] shape, long length, Bytes bytes) {}

    private final Map<String, Value> values = new LinkedHashMap<>();
    private final Map<String, String> metadata = new TreeMap<>(SafeTensorsWriter::compare);

    /** Adds a tensor under a name that no other has. */
    public SafeTensorsWriter put(String name, SafeDtype dtype, long[] shape, Bytes bytes) throws FormatException {
        if (name.equals(SafeTensors.METADATA) || values.containsKey(name)) {
            throw new IllegalArgumentException("Expected a name of its own for each tensor, got '" + name + "'");
        }
        values.put(name, new Value(dtype, shape.clone(), dtype.bytes(shape, name), bytes));
        return this;
    }

    /** Adds a text. */
    public SafeTensorsWriter metadata(String key, String text) {
        metadata.put(key, text);
        return this;
    }

    /**
     * Writes a new file and forces it to the disk.
     *
     * @throws java.nio.file.FileAlreadyExistsException if there is one
     */
    public OutputFile.Written write(Path path) throws IOException {
        List<String> names = new ArrayList<>(values.keySet());
        names.sort(Comparator.comparing((String name) -> values.get(name).dtype())
                .reversed()
                .thenComparing(SafeTensorsWriter::compare));
        byte[] header = Json.bytes(header(names));
        if (header.length > SafeTensors.LONGEST_HEADER) {
            throw new FormatException("Expected tensors whose names and shapes take at most "
                    + SafeTensors.LONGEST_HEADER + " bytes, got " + header.length + ": write fewer into a file");
        }
        int padded = (header.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        byte[] filled = Arrays.copyOf(header, padded);
        Arrays.fill(filled, header.length, padded, (byte) ' ');
        try (OutputFile out = OutputFile.create(path)) {
            out.write(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(padded)
                    .flip());
            out.write(ByteBuffer.wrap(filled));
            for (String name : names) {
                write(values.get(name), out);
            }
            return out.force();
        }
    }

    private static void write(Value value, OutputFile out) throws IOException {
        for (long at = 0; at < value.length(); at += CHUNK) {
            int length = (int) Math.min(CHUNK, value.length() - at);
            ByteBuffer slice = value.bytes().slice(at, length);
            if (slice.remaining() != length) { // The file would be whole, and wrong.
                throw new FormatException(
                        "Expected " + length + " bytes of a tensor from byte " + at + " on, got " + slice.remaining());
            }
            out.write(slice);
        }
    }

    private String header(List<String> names) {
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            header.put(SafeTensors.METADATA, metadata);
        }
        long at = 0;
        for (String name : names) {
            Value value = values.get(name);
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", value.dtype().name());
            entry.put("shape", Arrays.stream(value.shape()).boxed().toList());
            entry.put("data_offsets", List.of(at, at + value.length()));
            header.put(name, entry);
            at += value.length();
        }
        return Json.write(header);
    }

    /** In the order of their bytes in UTF-8, which is that of code points. */
    private static int compare(String a, String b) {
        return Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
    }
}
