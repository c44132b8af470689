package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The table of parts has a row for every part of the library. */
class PartCoverageTest {

    @ParameterizedTest
    @EnumSource
    void everyPartHasARow(PartRow.Kind kind) {
        Set<String> without = new TreeSet<>(Parts.of(kind));
        without.removeAll(inTable(kind));
        assertEquals(Set.of(), without, "parts without a row: add one, with an oracle");
    }

    @ParameterizedTest
    @EnumSource
    void everyRowIsAboutAPart(PartRow.Kind kind) {
        Set<String> unknown = new TreeSet<>(inTable(kind));
        unknown.removeAll(Parts.of(kind));
        assertEquals(Set.of(), unknown, "rows about something else");
    }

    @Test
    void defaultsAreWrittenAsInKeras() {
        Set<String> others = new TreeSet<>();
        for (PartRow row : PartTable.rows()) {
            if (!row.defaults().matches("|\\w+=[^=]+(, \\w+=[^=]+)*")) {
                others.add(row + ": " + row.defaults());
            }
        }
        assertEquals(Set.of(), others, "expected name=value, name=value");
    }

    private static Set<String> inTable(PartRow.Kind kind) {
        return PartTable.rows().stream()
                .filter(row -> row.kind() == kind)
                .map(PartRow::part)
                .collect(Collectors.toSet());
    }
}
