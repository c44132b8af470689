package io.github.tapeloop;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.CsvLogger;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.LossCurvePlot;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.callback.TensorBoard;
import io.github.tapeloop.settings.LibraryClasses;
import java.io.ByteArrayOutputStream;
import java.io.FileReader;
import java.io.FileWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the library writes is the same in every country: numbers have ASCII digits and a point, files are UTF-8. */
class LocaleTest {

    @TempDir
    Path directory;

    @Test
    void nothingIsFormattedInTheLocaleOfTheMachine() {
        noClasses()
                .should()
                .callMethod(String.class, "format", String.class, Object[].class)
                .orShould()
                .callMethod(String.class, "formatted", Object[].class)
                .orShould()
                .callMethod(String.class, "toLowerCase")
                .orShould()
                .callMethod(String.class, "toUpperCase")
                .orShould()
                .callMethod(PrintStream.class, "printf", String.class, Object[].class)
                .orShould()
                .callMethod(PrintStream.class, "format", String.class, Object[].class)
                .orShould()
                .callMethod(Locale.class, "getDefault")
                .because("digits, points and the letter i differ from country to country: give Locale.ROOT")
                .check(LibraryClasses.code());
    }

    @Test
    void nothingIsReadOrWrittenInTheCharsetOfTheMachine() {
        noClasses()
                .should()
                .callMethod(String.class, "getBytes")
                .orShould()
                .callConstructor(String.class, byte[].class)
                .orShould()
                .callConstructor(FileReader.class, String.class)
                .orShould()
                .callConstructor(FileReader.class, java.io.File.class)
                .orShould()
                .callConstructor(FileWriter.class, String.class)
                .orShould()
                .callConstructor(FileWriter.class, java.io.File.class)
                .orShould()
                .callConstructor(InputStreamReader.class, java.io.InputStream.class)
                .orShould()
                .callConstructor(OutputStreamWriter.class, java.io.OutputStream.class)
                .orShould()
                .callConstructor(PrintStream.class, java.io.OutputStream.class)
                .orShould()
                .callMethod(ByteArrayOutputStream.class, "toString")
                .orShould()
                .callMethod(Charset.class, "defaultCharset")
                .because("a file is read on another machine: give a charset")
                .check(LibraryClasses.code());
    }

    /** A run with everything that writes, where digits are Arabic. */
    @Test
    void aRunWritesAsciiDigitsEverywhere() throws IOException {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try {
            assertEquals("١", String.format("%d", 1), "the locale of this test");
            ByteArrayOutputStream printed = new ByteArrayOutputStream();
            Path csv = directory.resolve("log.csv");
            Path svg = directory.resolve("curve.svg");
            Path png = directory.resolve("curve.png");
            Path events = directory.resolve("events");
            try (Trainer trainer = Problems.trainerOf(Problems.network()).build()) {
                History history = trainer.fit(
                        Problems.batches(30, 10),
                        Fit.epochs(4)
                                .callbacks(
                                        new ProgressBar(new PrintStream(printed, true, StandardCharsets.UTF_8)),
                                        new CsvLogger(csv),
                                        new LossCurvePlot(svg),
                                        new LossCurvePlot(png),
                                        new TensorBoard(events),
                                        new EarlyStopping("loss").minDelta(10)));
                assertPlain(history.toString() + history.stopReason());
                assertPlain(trainer.describe() + trainer.session().leakReport());
            }
            assertPlain(printed.toString(StandardCharsets.UTF_8));
            assertPlain(Files.readString(csv, StandardCharsets.UTF_8));
            assertPlain(Files.readString(svg, StandardCharsets.UTF_8));
            assertTrue(Files.size(png) > 0);
            try (Stream<Path> files = Files.walk(events)) {
                List<String> names = files.map(Path::toString).toList();
                names.forEach(LocaleTest::assertPlain);
                assertTrue(names.stream().anyMatch(name -> name.contains("tfevents")), names::toString);
            }
        } finally {
            Locale.setDefault(before);
        }
    }

    private static void assertPlain(String text) {
        assertTrue(text.chars().filter(Character::isDigit).allMatch(c -> c <= '9'), text);
    }
}
