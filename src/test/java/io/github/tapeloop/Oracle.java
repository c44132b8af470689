package io.github.tapeloop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.Shape;

/** Figures frozen in a test resource: lines of {@code name shape values…}; the scripts beside them made them. */
public final class Oracle {

    private record Entry(Shape shape, double[] values) {}

    private final Map<String, Entry> entries;

    private Oracle(Map<String, Entry> entries) {
        this.entries = entries;
    }

    /** Reads {@code /oracle/<file>} from the test resources. */
    public static Oracle load(String file) {
        Map<String, Entry> entries = new HashMap<>();
        try (InputStream in = Oracle.class.getResourceAsStream("/oracle/" + file);
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    String[] parts = line.split(" ");
                    double[] values = Arrays.stream(parts)
                            .skip(2)
                            .mapToDouble(Double::parseDouble)
                            .toArray();
                    entries.put(parts[0], new Entry(parse(parts[1]), values));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Oracle(entries);
    }

    private static Shape parse(String text) {
        return text.equals("scalar")
                ? Shape.scalar()
                : Shape.of(Arrays.stream(text.split("x"))
                        .mapToLong(Long::parseLong)
                        .toArray());
    }

    /** Whether there is an array of a name. */
    public boolean has(String name) {
        return entries.containsKey(name);
    }

    /** The names of all arrays. */
    public Set<String> names() {
        return Set.copyOf(entries.keySet());
    }

    public double[] values(String name) {
        return entry(name).values().clone();
    }

    public Shape shape(String name) {
        return entry(name).shape();
    }

    /** The values as floats. */
    public float[] floats(String name) {
        double[] exact = entry(name).values();
        float[] values = new float[exact.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) exact[i];
        }
        return values;
    }

    private Entry entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("No figure named " + name + " in " + entries.keySet());
        }
        return entry;
    }
}
