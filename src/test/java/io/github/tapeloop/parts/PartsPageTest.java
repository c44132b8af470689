package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** {@code src/docs/parts.md} is what the table says; {@code -Dtapeloop.docs.update=true} writes it anew. */
class PartsPageTest {

    private static final Path PAGE = Path.of("src", "docs", "parts.md");

    @Test
    void thePageOfPartsIsCurrent() throws IOException {
        if (Boolean.getBoolean("tapeloop.docs.update")) {
            Files.createDirectories(PAGE.getParent());
            Files.writeString(PAGE, page(), StandardCharsets.UTF_8);
        }
        String found = Files.readString(PAGE, StandardCharsets.UTF_8).replace("\r\n", "\n");
        assertEquals(page(), found, () -> PAGE + " is out of date: run this test with -Dtapeloop.docs.update=true");
    }

    private static String page() {
        StringBuilder page = new StringBuilder("# The parts\n\n"
                + "Every part, its name in Keras 3, its default values as Keras writes them, and what a test compares it"
                + " with:\neager and compiled, in float32 and float64. Written by `PartsPageTest`; do not edit.\n");
        for (PartRow.Kind kind : PartRow.Kind.values()) {
            page.append("\n## ").append(title(kind)).append("\n\n");
            page.append("| part | Keras | default values | compared with |\n|---|---|---|---|\n");
            parts(kind)
                    .values()
                    .forEach(row -> page.append("| `" + row.part() + "` | " + keras(row.keras()) + " | "
                            + row.defaults() + " | " + oracle(row) + " |\n"));
        }
        page.append(
                "\n## Where Keras is wrong\n\nWhat Keras 3.15 on TensorFlow computes otherwise, or not at all, and is right"
                        + " here: what a model that is moved shows as other numbers.\n\n| where | Keras | here |\n|---|---|---|\n");
        KerasErrors.rows()
                .forEach(row -> page.append("| " + row.where() + " | " + row.there() + " | " + row.here() + " |\n"));
        return page.toString();
    }

    /** Layers are compared with figures of Keras as well, in a table of their own, those that it has. */
    private static String oracle(PartRow row) {
        return row.kind() == PartRow.Kind.LAYER && !row.oracle().equals("KerasHub")
                ? "Keras, " + row.oracle()
                : row.oracle();
    }

    /** By name, the row that has the defaults. */
    private static Map<String, PartRow> parts(PartRow.Kind kind) {
        Map<String, PartRow> parts = new TreeMap<>();
        List<PartRow> rows =
                PartTable.rows().stream().filter(row -> row.kind() == kind).toList();
        for (PartRow row : rows) {
            parts.merge(
                    row.part(),
                    row,
                    (first, next) ->
                            next.variant().isEmpty() && !first.variant().isEmpty() ? next : first);
        }
        return parts;
    }

    private static String keras(String name) {
        return name.startsWith("-") ? name.replaceFirst("^-: ?", "none: ") : "`" + name + "`";
    }

    private static String title(PartRow.Kind kind) {
        String name = kind.name().toLowerCase(Locale.ROOT);
        return switch (kind) {
            case LOSS -> "Losses";
            case TRANSFORM -> "What goes with any optimizer";
            default -> name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1) + "s";
        };
    }
}
