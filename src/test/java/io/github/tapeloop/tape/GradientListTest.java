package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.op.OpDefs;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Counts the op types with a gradient against those of TensorFlow for Python, and keeps {@code src/docs/gradients.md}
 * current: {@code mvn test -Dtest=GradientListTest -Dtapeloop.docs.update=true} writes it anew.
 */
class GradientListTest {

    private static final Path DOCUMENT = Path.of("src", "docs", "gradients.md");

    /** What must not be lost again; raise it when rules are added. */
    private static final int AT_LEAST = 325;

    private static final Map<String, List<String>> FAMILIES = load();

    private static Map<String, List<String>> load() {
        Map<String, List<String>> families = new LinkedHashMap<>();
        List<String> current = List.of();
        for (String line : resource().split("\n")) {
            if (line.startsWith("[")) {
                current = new ArrayList<>();
                families.put(line.substring(1, line.length() - 1), current);
            } else if (!line.startsWith("#")) {
                current.addAll(List.of(line.split(" ")));
            }
        }
        return families;
    }

    private static String resource() {
        try (InputStream in = GradientListTest.class.getResourceAsStream("/gradients/python.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the gradient of an op type comes from, as the document says it. */
    private static String origin(String opType) {
        if (GradientRegistry.standardOpTypes().contains(opType)) {
            return "rule";
        }
        if (NoGradient.contains(opType)) {
            return "none by nature";
        }
        return CppRegistry.hasGradient(opType) ? "C++" : "missing";
    }

    @Test
    void theListIsThatOfTheLibrary() {
        Set<String> all = new TreeSet<>();
        FAMILIES.values().forEach(all::addAll);
        assertEquals(417, all.size());
        assertEquals(417, FAMILIES.values().stream().mapToInt(List::size).sum(), "in one family each");
        Set<String> unknown = new TreeSet<>(all);
        unknown.removeIf(type -> OpDefs.of(type).isPresent());
        assertEquals(Set.of(), unknown, "not in the library");
        Set<String> covered = new TreeSet<>(CppRegistry.opTypes());
        covered.removeAll(Set.of("PartitionedCall", "StatefulPartitionedCall")); // Python has these otherwise.
        assertEquals(covered, new TreeSet<>(FAMILIES.values().iterator().next()));
    }

    @Test
    void noOpTypeHasARuleAndNoGradientByNature() {
        Set<String> both = new TreeSet<>(GradientRegistry.standardOpTypes());
        both.removeIf(type -> !NoGradient.contains(type));
        assertEquals(Set.of(), both);
    }

    @Test
    void gradientsAreCounted() {
        int missing = 0;
        StringBuilder families = new StringBuilder();
        for (Map.Entry<String, List<String>> family : FAMILIES.entrySet()) {
            long open = family.getValue().stream()
                    .filter(GradientListTest::isMissing)
                    .count();
            missing += (int) open;
            if (open > 0) {
                families.append("%n  %s: %d of %d missing"
                        .formatted(family.getKey(), open, family.getValue().size()));
            }
        }
        int covered = 417 - missing;
        System.out.println("gradients: " + covered + " of 417 (missing " + missing + ")" + families);
        assertTrue(covered >= AT_LEAST, covered + " gradients, there were " + AT_LEAST + " before");
    }

    private static boolean isMissing(String opType) {
        return origin(opType).equals("missing");
    }

    @Test
    void theDocumentIsCurrent() throws IOException {
        String expected = document();
        if (Boolean.getBoolean("tapeloop.docs.update")) {
            Files.createDirectories(DOCUMENT.getParent());
            Files.writeString(DOCUMENT, expected);
        }
        assertEquals(expected, Files.readString(DOCUMENT), "run with -Dtapeloop.docs.update=true to write it anew");
    }

    private static String document() {
        Set<String> more = new TreeSet<>(GradientRegistry.standardOpTypes());
        FAMILIES.values().forEach(more::removeAll);
        long missing = FAMILIES.values().stream()
                .flatMap(List::stream)
                .filter(GradientListTest::isMissing)
                .count();
        StringBuilder text = new StringBuilder("""
                # Gradients

                The op types that TensorFlow for Python 2.18 has a gradient for, and where Tapeloop's comes from: a *rule*
                of its own, TensorFlow's *C++* library, *none by nature* where outputs do not change with small changes of
                the inputs, or *missing*. %d of 417 are there, %d are missing.

                """.formatted(417 - missing, missing));
        FAMILIES.forEach((family, types) -> table(text, family, types));
        table(text, "Not among those of TensorFlow for Python", List.copyOf(more));
        return text.toString();
    }

    private static void table(StringBuilder text, String family, List<String> types) {
        text.append("## ").append(family).append("\n\n| op | gradient |\n|---|---|\n");
        types.stream().sorted().forEach(type -> text.append("| ")
                .append(type)
                .append(" | ")
                .append(origin(type))
                .append(" |\n"));
        text.append('\n');
    }
}
