package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.settings.LibraryClasses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The public types of the packages that the module exports: to add one is a decision, made in the list beside this test. There
 * are at most {@link #MOST}; as many as go beyond {@link #FREE} have a reason of their own there.
 */
class ExportedTypesTest {

    private static final Path LIST = Path.of("src/test/resources/exported-types.txt");
    private static final String REASON = " # ";
    private static final int FREE = 200;
    private static final int MOST = 245;

    @Test
    void theExportedTypesAreThoseOfTheList() throws IOException {
        Set<String> found = LibraryClasses.exported()
                .filter(type -> type.getEnclosingClass() == null)
                .map(Class::getName)
                .collect(Collectors.toCollection(TreeSet::new));
        List<String> lines = Files.readAllLines(LIST);
        Set<String> listed =
                lines.stream().map(line -> line.split(REASON)[0]).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(String.join("\n", listed), String.join("\n", found));
    }

    @Test
    void eachBeyondTwoHundredHasItsReason() throws IOException {
        List<String> lines = Files.readAllLines(LIST);
        assertTrue(lines.size() <= MOST, lines.size() + " types");
        long reasons =
                lines.stream().filter(line -> line.split(REASON).length == 2).count();
        assertTrue(reasons >= lines.size() - FREE, reasons + " reasons for " + (lines.size() - FREE) + " types");
    }
}
