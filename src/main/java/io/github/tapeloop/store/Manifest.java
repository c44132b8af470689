package io.github.tapeloop.store;

import io.github.tapeloop.format.FormatException;
import io.github.tapeloop.format.InputFile;
import io.github.tapeloop.format.Json;
import io.github.tapeloop.format.OutputFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * The manifest of a checkpoint, {@code checkpoint.json}: what is in it, all but the numbers of its tensors. The last file that is written, and the
 * first that is believed: its last line is the checksum of all lines before.
 *
 * <p><b>Versions.</b> A reader refuses another {@code "format"} than its own, and any name among {@code "required"} that it does not know. What
 * else it does not know is kept as it is. So a later version adds what an earlier one can do without, and says so where it cannot.
 *
 * @param step how many steps were taken
 * @param scores what was measured last
 * @param fingerprint what a run that goes on must agree in
 * @param parts by role
 * @param files by name
 * @param others what a later version added
 */
record Manifest(
        long step,
        Map<String, Double> scores,
        Map<String, String> fingerprint,
        Map<String, PartFields> parts,
        Map<String, OutputFile.Written> files,
        Map<String, Object> others) {

    static final String NAME = "checkpoint.json";
    static final long FORMAT = 1;

    /** More than any account has; who says more wants memory. */
    private static final long LONGEST = 1L << 26;

    private static final Set<String> KNOWN =
            Set.of("format", "required", "step", "scores", "fingerprint", "parts", "files");
    private static final List<String> REQUIRED = List.of("step", "parts", "files");
    /** No separator, no "..", nothing hidden, nothing that a shell or another system reads otherwise. */
    private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\\.safetensors");

    private static final String SUM = ",\n  \"crc32c\": \"%08x\"\n}\n";
    private static final int SUM_LENGTH = String.format(Locale.ROOT, SUM, 0).length();

    /** The text, its checksum included. */
    byte[] bytes() throws FormatException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("format", FORMAT);
        all.put("required", REQUIRED);
        all.put("step", step);
        all.put("scores", numbers(scores));
        all.put("fingerprint", fingerprint);
        Map<String, Object> partFields = new LinkedHashMap<>();
        parts.forEach((role, part) -> partFields.put(role, part.toJson()));
        all.put("parts", partFields);
        Map<String, Object> fileFields = new LinkedHashMap<>();
        files.forEach((name, file) -> {
            Map<String, Object> sums = new LinkedHashMap<>();
            sums.put("bytes", file.bytes());
            sums.put("crc32c", String.format(Locale.ROOT, "%08x", file.crc32c()));
            fileFields.put(name, sums);
        });
        all.put("files", fileFields);
        all.putAll(others);
        String text = Json.pretty(all);
        byte[] body = Json.bytes(text.substring(0, text.length() - "\n}".length()));
        byte[] sum = String.format(Locale.ROOT, SUM, crc(body, body.length)).getBytes(StandardCharsets.US_ASCII);
        byte[] bytes = Arrays.copyOf(body, body.length + sum.length);
        System.arraycopy(sum, 0, bytes, body.length, sum.length);
        if (bytes.length > LONGEST) {
            throw new FormatException("Expected values and names of at most " + LONGEST + " bytes as text, got "
                    + bytes.length + ": keep large values in variables");
        }
        return bytes;
    }

    private static Map<String, Object> numbers(Map<String, Double> values) {
        Map<String, Object> numbers = new TreeMap<>();
        values.forEach((name, value) -> numbers.put(name, Json.ofDouble(value)));
        return numbers;
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    void write(Path directory) throws IOException {
        try (OutputFile out = OutputFile.create(directory.resolve(NAME))) {
            out.write(ByteBuffer.wrap(bytes()));
            out.force();
        }
    }

    /** @throws FormatException if it is damaged, or of a version that this one cannot read */
    static Manifest read(Path directory) throws IOException {
        try (InputFile file = InputFile.open(directory.resolve(NAME))) {
            if (file.size() > LONGEST) {
                throw new FormatException("Expected at most " + LONGEST + " bytes, got " + file.size());
            }
            return of(file.read(0, (int) file.size()).array());
        }
    }

    static Manifest of(byte[] bytes) throws FormatException {
        int body = bytes.length - SUM_LENGTH;
        if (body < 0) {
            throw new FormatException(
                    "Expected a manifest that ends in its checksum, got " + bytes.length + " bytes: it was cut off");
        }
        String end = new String(bytes, body, SUM_LENGTH, StandardCharsets.ISO_8859_1);
        String expected = String.format(Locale.ROOT, SUM, crc(bytes, body));
        if (!end.equals(expected)) {
            throw new FormatException("Expected the manifest to end in " + shown(expected) + ", its checksum, got "
                    + shown(end) + ": it was changed or cut off");
        }
        JsonFields all = JsonFields.of("the manifest", Json.parse(Json.text(ByteBuffer.wrap(bytes))));
        requireReadable(all);
        Map<String, Object> others = new LinkedHashMap<>(all.all());
        others.keySet().removeAll(KNOWN);
        others.remove("crc32c");
        return new Manifest(
                all.count("step"),
                all.object("scores").doubles(),
                all.object("fingerprint").texts(),
                partsOf(all.object("parts")),
                filesOf(all.object("files")),
                Collections.unmodifiableMap(others));
    }

    private static String shown(String end) {
        return end.replaceAll("[^0-9a-z]", "").replace("crc32c", "");
    }

    private static void requireReadable(JsonFields all) throws FormatException {
        long format = all.count("format");
        if (format != FORMAT) {
            throw new FormatException("Expected format " + FORMAT + ", got " + format
                    + ": read it with the version of Tapeloop that wrote it, or a later one");
        }
        for (Object name : all.list("required")) {
            if (!(name instanceof String known) || !KNOWN.contains(known) && !PartFields.KNOWN.contains(known)) {
                throw new FormatException("Expected to know all that is required to read it, got '" + name
                        + "', which this version does not: read it with the version of Tapeloop that wrote it, or a later"
                        + " one");
            }
        }
    }

    private static Map<String, PartFields> partsOf(JsonFields fields) throws FormatException {
        Map<String, PartFields> parts = new LinkedHashMap<>();
        for (String role : fields.all().keySet()) {
            parts.put(role, PartFields.of(fields.object(role)));
        }
        return parts;
    }

    private static Map<String, OutputFile.Written> filesOf(JsonFields fields) throws FormatException {
        Map<String, OutputFile.Written> files = new LinkedHashMap<>();
        for (String name : fields.all().keySet()) {
            if (!FILE_NAME.matcher(name).matches()) {
                throw new FormatException(
                        "Expected the plain name of a file in the same directory, got '" + name + "'");
            }
            JsonFields file = fields.object(name);
            String crc = file.text("crc32c");
            if (!crc.matches("[0-9a-f]{8}")) {
                throw new FormatException("Expected a checksum of 8 hexadecimal digits for " + name + ", got " + crc);
            }
            files.put(name, new OutputFile.Written(file.count("bytes"), (int) Long.parseLong(crc, 16)));
        }
        return files;
    }

    /** The names of all tensors, each once. */
    List<String> tensors() throws FormatException {
        List<String> names = new ArrayList<>();
        parts.values().forEach(part -> names.addAll(part.tensors()));
        if (Set.copyOf(names).size() != names.size()) {
            throw new FormatException("Expected each tensor in one part, got some in two");
        }
        return names;
    }
}
